"""Which certificate signed or may decrypt: the SecurityTokenReference of a KeyInfo, written and read (X.509 Token Profile 1.1.1)."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from adapters.soap.security.ids import Ids
from adapters.soap.security.keys import der, key_identifier, read_certificate, thumbprint
from adapters.soap.security.names import (
    BASE64,
    DS,
    ID,
    REFERENCE,
    SKI,
    THUMBPRINT,
    TOKEN,
    WSSE,
    WSU,
    X509V3,
)
from adapters.soap.security.refusal import Refused
from adapters.soap.security.tokens import new_id

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

Element = Any  # lxml's stubs are older than lxml

FORMS: Final = ("token", "thumbprint", "issuerSerial", "keyIdentifier")
_KEY_INFO: Final = f"{{{DS}}}KeyInfo"
_SERIAL: Final = f"{{{DS}}}X509IssuerSerial"


def token_of(certificate: Certificate) -> Element:
    """A BinarySecurityToken."""
    from lxml import etree

    node: Element = etree.Element(
        TOKEN, {ID: new_id("X509"), "ValueType": X509V3, "EncodingType": BASE64}, nsmap={"wsse": WSSE, "wsu": WSU}
    )
    node.text = base64.b64encode(der(certificate)).decode("ascii")
    return node


def key_info(certificate: Certificate, form: str, token: Element = None) -> Element:
    """A KeyInfo that names a certificate. ``token`` is the BinarySecurityToken for the form ``token``."""
    from lxml import etree

    info: Element = etree.Element(_KEY_INFO, nsmap={"ds": DS})
    holder = etree.SubElement(info, REFERENCE, nsmap={"wsse": WSSE})
    if form == "token":
        etree.SubElement(holder, f"{{{WSSE}}}Reference", URI=f"#{token.get(ID)}", ValueType=X509V3)
    elif form == "issuerSerial":
        data = etree.SubElement(etree.SubElement(holder, f"{{{DS}}}X509Data"), _SERIAL)
        etree.SubElement(data, f"{{{DS}}}X509IssuerName").text = certificate.issuer.rfc4514_string()
        etree.SubElement(data, f"{{{DS}}}X509SerialNumber").text = str(certificate.serial_number)
    else:
        kind = SKI if form == "keyIdentifier" else THUMBPRINT
        text = key_identifier(certificate) if form == "keyIdentifier" else thumbprint(certificate)
        etree.SubElement(holder, f"{{{WSSE}}}KeyIdentifier", EncodingType=BASE64, ValueType=kind).text = text
    return info


def named_certificate(info: Element, ids: Ids, security: Element, known: Iterable[Certificate]) -> Certificate:
    """The certificate that a KeyInfo names. Whether it is trusted is another question. Raises :class:`Refused`."""
    reference = None if info is None else info.find(REFERENCE)
    if reference is None or len(info) != 1 or len(reference) != 1:
        raise Refused("InvalidSecurity", "a key is not named by one SecurityTokenReference")
    child = reference[0]
    if child.tag == f"{{{WSSE}}}Reference":
        token = ids.find(child.get("URI") or "")
        if token.tag != TOKEN or token.getparent() is not security:
            raise Refused(
                "UnsupportedSecurityToken", "a key is named by something else than a certificate in the header"
            )
        if token.get("ValueType") != X509V3 or token.get("EncodingType", BASE64) != BASE64:
            raise Refused("UnsupportedSecurityToken", f"a token of the type {token.get('ValueType')}")
        return read_certificate(token.text or "")
    for certificate in known:
        if _names(child, certificate):
            return certificate
    if child.tag == f"{{{WSSE}}}KeyIdentifier" and child.get("ValueType") == X509V3:
        return read_certificate(child.text or "")
    raise Refused("SecurityTokenUnavailable", "a key is named by a certificate that is not known here")


def _names(child: Element, certificate: Certificate) -> bool:
    text = "".join((child.text or "").split())
    if child.tag == f"{{{WSSE}}}KeyIdentifier":
        kind = child.get("ValueType")
        if kind == SKI:
            return bool(text) and text == key_identifier(certificate)
        return kind == THUMBPRINT and text == thumbprint(certificate)
    if child.tag == f"{{{DS}}}X509Data" and len(child) == 1 and child[0].tag == _SERIAL:
        serial = (child[0].findtext(f"{{{DS}}}X509SerialNumber") or "").strip()
        issuer = child[0].findtext(f"{{{DS}}}X509IssuerName") or ""
        return serial == str(certificate.serial_number) and _same_name(issuer, certificate)
    return False


def _same_name(text: str, certificate: Certificate) -> bool:
    """Names are written in many ways (blanks, order, names of attributes), so they are compared as sets of what they hold."""
    from cryptography.x509 import Name

    try:
        read = Name.from_rfc4514_string(",".join(part.strip() for part in text.split(",")))
    except ValueError:
        return False
    return {(each.oid, each.value) for each in read} == {(each.oid, each.value) for each in certificate.issuer}
