"""XML signatures over parts of a SOAP message: made, and verified with the very elements that they cover as the result.

Only what WS-Security needs of XML Signature is here: references by id within the message, exclusive canonicalisation as the only transform, and
algorithms of the allow-list. So there is nothing to run (XPath, XSLT), nothing to fetch, and no key that the sender brings is believed by itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection, Sequence
from typing import Any, Final

from adapters.soap.names import local
from adapters.soap.security.canonical import PREFIXES, canonical, loose_types, prefixes_of
from adapters.soap.security.ids import Ids
from adapters.soap.security.names import DIGESTS, DS, EXC_C14N, SIGNATURE, SIGNATURES, known
from adapters.soap.security.refusal import Refused
from adapters.soap.security.tokens import new_id

Element = Any  # lxml's stubs are older than lxml

MAX_REFERENCES: Final = 50
_ENVELOPED: Final = f"{DS}enveloped-signature"


def sign(parts: Sequence[tuple[str, Element]], key: Any, info: Element, algorithm: str, digest: str) -> Element:
    """A Signature over elements, each with its id, as they stand in their document now."""
    from lxml import etree

    node: Element = etree.Element(SIGNATURE, Id=new_id("SIG"), nsmap={"ds": DS})
    signed = etree.SubElement(node, f"{{{DS}}}SignedInfo")
    etree.SubElement(signed, f"{{{DS}}}CanonicalizationMethod", Algorithm=EXC_C14N)
    etree.SubElement(signed, f"{{{DS}}}SignatureMethod", Algorithm=SIGNATURES[algorithm])
    for name, element in parts:
        reference = etree.SubElement(signed, f"{{{DS}}}Reference", URI=f"#{name}")
        transforms = etree.SubElement(reference, f"{{{DS}}}Transforms")
        transform = etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=EXC_C14N)
        octets = canonical(element)
        if loose := sorted(loose_types(element, octets)):
            etree.SubElement(transform, PREFIXES, nsmap={"ec": EXC_C14N}, PrefixList=" ".join(loose))
            octets = canonical(element, loose)
        etree.SubElement(reference, f"{{{DS}}}DigestMethod", Algorithm=DIGESTS[digest])
        value = hashlib.new(digest, octets, usedforsecurity=False).digest()
        etree.SubElement(reference, f"{{{DS}}}DigestValue").text = base64.b64encode(value).decode("ascii")
    made = _make(key, algorithm, canonical(signed))
    etree.SubElement(node, f"{{{DS}}}SignatureValue").text = base64.b64encode(made).decode("ascii")
    node.append(info)
    return node


def verify(
    node: Element, public_key: Any, ids: Ids, allowed: Collection[str], twins: Collection[str] = ()
) -> tuple[list[Element], str]:
    """The elements that a Signature covers, as they stand in the message, and a text that tells this signature from others.

    The text is that of what is signed and not of the signature's value: whoever has one signature with a curve's key can make a second one of the
    same words without the key. ``twins`` are names that types of several namespaces have: what tells them apart must be signed.
    Raises :class:`Refused` unless all of it is right.
    """
    signed, value = node.find(f"{{{DS}}}SignedInfo"), node.find(f"{{{DS}}}SignatureValue")
    if signed is None or value is None or node[0] is not signed or node[1] is not value or len(node) != 3:
        raise Refused("InvalidSecurity", "a Signature holds SignedInfo, SignatureValue and KeyInfo")
    canonicalisation, method, *references = list(signed)
    if canonicalisation.tag != f"{{{DS}}}CanonicalizationMethod" or method.tag != f"{{{DS}}}SignatureMethod":
        raise Refused("InvalidSecurity", "a SignedInfo without its methods")
    algorithm = _allowed(known(SIGNATURES, method.get("Algorithm") or ""), allowed)
    data = canonical(signed, prefixes_of(canonicalisation))
    _check(public_key, algorithm, _base64(value), data)
    if not references or len(references) > MAX_REFERENCES:
        raise Refused("InvalidSecurity", f"a Signature with {len(references)} references")
    uris = [reference.get("URI") for reference in references]
    if len(set(uris)) < len(uris):  # each costs a canonicalisation
        raise Refused("InvalidSecurity", "a Signature that covers an element twice")
    return [_reference(reference, ids, allowed, twins) for reference in references], hashlib.sha256(data).hexdigest()


def _reference(reference: Element, ids: Ids, allowed: Collection[str], twins: Collection[str]) -> Element:
    names = [child.tag for child in reference]
    if reference.tag != f"{{{DS}}}Reference" or names != [
        f"{{{DS}}}Transforms",
        f"{{{DS}}}DigestMethod",
        f"{{{DS}}}DigestValue",
    ]:
        raise Refused("InvalidSecurity", "a Reference holds Transforms, DigestMethod and DigestValue")
    transforms, method, value = reference
    element = ids.find(reference.get("URI") or "")
    listed = list(transforms)
    if len(listed) > 1 and listed[0].get("Algorithm") == _ENVELOPED and not any(element.iter(SIGNATURE)):
        del listed[0]  # node's soap says it of a Timestamp, in which there is no signature to leave out
    if len(listed) != 1:
        raise Refused("UnsupportedAlgorithm", f"{len(listed)} transforms")
    prefixes = prefixes_of(listed[0])
    digest = _allowed(known(DIGESTS, method.get("Algorithm") or ""), allowed)
    octets = canonical(element, prefixes)
    found = hashlib.new(digest, octets, usedforsecurity=False).digest()
    if not hmac.compare_digest(found, _base64(value)):
        raise Refused("FailedCheck", f"the digest of {element.tag} is another one")
    for name in loose_types(element, octets).values() if twins else ():
        if local(name) in twins:
            raise Refused("InvalidSecurity", f"the signature does not cover which namespace the type {name} is of")
    return element


def _allowed(name: str, allowed: Collection[str]) -> str:
    if not name or name not in allowed:
        raise Refused("UnsupportedAlgorithm", f"the algorithm {name or 'of the message'} is not in the list")
    return name


def _base64(node: Element) -> bytes:
    try:
        return base64.b64decode("".join((node.text or "").split()), validate=True)
    except ValueError as exc:
        raise Refused("InvalidSecurity", "a value that is no base64") from exc


def _make(key: Any, algorithm: str, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

    kind, digest = _hash(algorithm)
    if kind == "rsa":
        return bytes(key.sign(data, padding.PKCS1v15(), digest))
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
    size = (key.curve.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _check(public_key: Any, algorithm: str, value: bytes, data: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

    kind, digest = _hash(algorithm)
    try:
        if kind == "rsa" and isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(value, data, padding.PKCS1v15(), digest)
            return
        if kind == "ecdsa" and isinstance(public_key, ec.EllipticCurvePublicKey):
            half = len(value) // 2
            encoded = utils.encode_dss_signature(
                int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
            )
            public_key.verify(encoded, data, ec.ECDSA(digest))
            return
    except (InvalidSignature, ValueError) as exc:
        raise Refused("FailedCheck", "the signature is not that of the certificate's key") from exc
    raise Refused("InvalidSecurityToken", f"the certificate's key is none for {algorithm}")


def _hash(algorithm: str) -> tuple[str, Any]:
    from cryptography.hazmat.primitives import hashes

    kind, _, name = algorithm.partition("-")
    table: dict[str, Any] = {
        "sha1": hashes.SHA1,
        "sha256": hashes.SHA256,
        "sha384": hashes.SHA384,
        "sha512": hashes.SHA512,
    }
    return kind, table[name]()
