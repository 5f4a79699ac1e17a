"""XML encryption of parts of a SOAP message: AES with a key that is wrapped for a certificate (XML Encryption 1.1)."""

from __future__ import annotations

import base64
import os
from collections.abc import Collection
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import esb.xml
from adapters.soap.security.names import (
    CIPHERS,
    CONTENT,
    DIGESTS,
    DS,
    ELEMENT,
    ENCRYPTED_DATA,
    MASKS,
    TRANSPORTS,
    XENC,
    XENC11,
    known,
)
from adapters.soap.security.refusal import Refused
from adapters.soap.security.tokens import new_id
from esb.errors import Malformed

Element = Any  # lxml's stubs are older than lxml

_IV: Final = 12
_TAG: Final = 16
_BLOCK: Final = 16
_MOST: Final = 1 << 30


def wrap_key(secret: bytes, certificate: Any, info: Element, transport: str) -> Element:
    """An EncryptedKey with an empty list of what it encrypts."""
    from cryptography.hazmat.primitives.asymmetric import padding
    from lxml import etree

    node: Element = etree.Element(f"{{{XENC}}}EncryptedKey", Id=new_id("EK"), nsmap={"xenc": XENC})
    method = etree.SubElement(node, f"{{{XENC}}}EncryptionMethod", Algorithm=TRANSPORTS[transport])
    digest = "sha1" if transport == "rsa-oaep-mgf1p" else "sha256"
    etree.SubElement(method, f"{{{DS}}}DigestMethod", nsmap={"ds": DS}, Algorithm=DIGESTS[digest])
    if transport == "rsa-oaep":
        etree.SubElement(method, f"{{{XENC11}}}MGF", nsmap={"xenc11": XENC11}, Algorithm=f"{XENC11}mgf1sha256")
    node.append(info)
    oaep = padding.OAEP(padding.MGF1(_hash(digest)), _hash(digest), None)
    value = etree.SubElement(etree.SubElement(node, f"{{{XENC}}}CipherData"), f"{{{XENC}}}CipherValue")
    value.text = base64.b64encode(certificate.public_key().encrypt(secret, oaep)).decode("ascii")
    etree.SubElement(node, f"{{{XENC}}}ReferenceList")
    return node


def encrypt(element: Element, secret: bytes, cipher: str, key_node: Element, *, content: bool) -> Element:
    """Put ciphertext in an element's place, or in its content's. Returns the EncryptedData, which ``key_node`` refers to now."""
    from lxml import etree

    node: Element = etree.Element(
        ENCRYPTED_DATA, Id=new_id("ED"), Type=CONTENT if content else ELEMENT, nsmap={"xenc": XENC}
    )
    etree.SubElement(node, f"{{{XENC}}}EncryptionMethod", Algorithm=CIPHERS[cipher])
    if content:
        import html

        plain = html.escape(element.text or "", quote=False).encode() + b"".join(map(esb.xml.serialize, element))
        element.text = None
        del element[:]
        element.append(node)
    else:
        plain = esb.xml.serialize(element)
        element.getparent().replace(element, node)
    value = etree.SubElement(etree.SubElement(node, f"{{{XENC}}}CipherData"), f"{{{XENC}}}CipherValue")
    value.text = base64.b64encode(_encrypted(cipher, secret, plain)).decode("ascii")
    listed = key_node.find(f"{{{XENC}}}ReferenceList")
    etree.SubElement(listed, f"{{{XENC}}}DataReference", URI=f"#{node.get('Id')}")
    return node


def unwrap_key(node: Element, key: Any, allowed: Collection[str]) -> bytes:
    """The key in an EncryptedKey. Raises :class:`Refused`, with nothing that says what was wrong with the octets."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    method = node.find(f"{{{XENC}}}EncryptionMethod")
    transport = _allowed(known(TRANSPORTS, "" if method is None else method.get("Algorithm") or ""), allowed)
    assert method is not None
    digest_node, mask_node = method.find(f"{{{DS}}}DigestMethod"), method.find(f"{{{XENC11}}}MGF")
    # RSA-OAEP's own default is SHA-1, which is not weak in this place: nothing rests on its collisions.
    digest = "sha1" if digest_node is None else known(DIGESTS, digest_node.get("Algorithm") or "")
    mask = "sha1" if mask_node is None else MASKS.get(mask_node.get("Algorithm") or "", "")
    if not digest or not mask or (transport == "rsa-oaep-mgf1p" and mask_node is not None):
        raise Refused("UnsupportedAlgorithm", "RSA-OAEP with parameters that are not known")
    if method.find(f"{{{XENC}}}OAEPparams") is not None or not isinstance(key, rsa.RSAPrivateKey):
        raise Refused("UnsupportedAlgorithm", "RSA-OAEP with a label, or for a key that is no RSA key")
    try:
        return key.decrypt(_value(node), padding.OAEP(padding.MGF1(_hash(mask)), _hash(digest), None))
    except ValueError as exc:
        raise Refused("FailedCheck", "a wrapped key that is not for our key") from exc


def decrypt(node: Element, secret: bytes, allowed: Collection[str]) -> bytes:
    """The XML text that an EncryptedData holds, which may stand in its place. Raises :class:`Refused`, always the same for bad octets."""
    method = node.find(f"{{{XENC}}}EncryptionMethod")
    cipher = _allowed(known(CIPHERS, "" if method is None else method.get("Algorithm") or ""), allowed)
    kind = node.get("Type")
    if kind not in {CONTENT, ELEMENT}:
        raise Refused("InvalidSecurity", "encrypted data that is neither an element nor content")
    parent = node.getparent()
    if parent is None or (kind == CONTENT and (len(parent) != 1 or (parent.text or "").strip())):
        raise Refused("InvalidSecurity", "encrypted content that does not stand alone")
    try:
        plain = _decrypted(cipher, secret, _value(node))
        holder = _parsed(plain, node)
    except (ValueError, Malformed) as exc:
        raise Refused("FailedCheck", "data that our key does not decrypt") from exc
    if kind == ELEMENT and (len(holder) != 1 or (holder.text or "").strip()):
        raise Refused("FailedCheck", "an encrypted element that is not one")
    return plain


def secret_for(cipher: str) -> bytes:
    """A new key."""
    return os.urandom(_key_size(cipher))


def _key_size(cipher: str) -> int:
    return int(cipher[3:6]) // 8


def _parsed(plain: bytes, node: Element) -> Element:
    """The plain text as XML, with the prefixes that hold where it belongs."""
    declared = "".join(
        f" xmlns{':' + prefix if prefix else ''}={quoteattr(uri)}" for prefix, uri in node.getparent().nsmap.items()
    )
    return esb.xml.parse(b"<holder" + declared.encode() + b">" + plain + b"</holder>", max_bytes=_MOST)


def _encrypted(cipher: str, secret: bytes, plain: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if cipher.endswith("gcm"):
        start = os.urandom(_IV)
        return start + AESGCM(secret).encrypt(start, plain, None)
    start = os.urandom(_BLOCK)
    size = _BLOCK - len(plain) % _BLOCK
    padded = plain + os.urandom(size - 1) + bytes([size])
    run = Cipher(algorithms.AES(secret), modes.CBC(start)).encryptor()
    return start + run.update(padded) + run.finalize()


def _decrypted(cipher: str, secret: bytes, data: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(secret) != _key_size(cipher):
        raise ValueError("the key has another size")
    if cipher.endswith("gcm"):
        if len(data) < _IV + _TAG:
            raise ValueError("too short")
        try:
            return AESGCM(secret).decrypt(data[:_IV], data[_IV:], None)
        except InvalidTag as exc:
            raise ValueError("not what was encrypted") from exc
    if len(data) < 2 * _BLOCK or len(data) % _BLOCK:
        raise ValueError("no whole blocks")
    run = Cipher(algorithms.AES(secret), modes.CBC(data[:_BLOCK])).decryptor()
    plain = run.update(data[_BLOCK:]) + run.finalize()
    if not 1 <= plain[-1] <= _BLOCK:
        raise ValueError("padding")
    return plain[: -plain[-1]]


def _value(node: Element) -> bytes:
    text = node.findtext(f"{{{XENC}}}CipherData/{{{XENC}}}CipherValue")
    if text is None:
        raise Refused("InvalidSecurity", "encrypted data that is not in the message")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError as exc:
        raise Refused("FailedCheck", "data that our key does not decrypt") from exc


def _allowed(name: str, allowed: Collection[str]) -> str:
    if not name or name not in allowed:
        raise Refused("UnsupportedAlgorithm", f"the algorithm {name or 'of the message'} is not in the list")
    return name


def _hash(name: str) -> Any:
    from cryptography.hazmat.primitives import hashes

    table: dict[str, Any] = {
        "sha1": hashes.SHA1,
        "sha256": hashes.SHA256,
        "sha384": hashes.SHA384,
        "sha512": hashes.SHA512,
    }
    return table[name]()
