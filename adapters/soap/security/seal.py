"""Puts on a message what a policy says that ours carry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import esb.xml
from adapters.soap.names import ENVELOPE_11, ENVELOPE_12, namespace
from adapters.soap.security.encryption import encrypt, secret_for, wrap_key
from adapters.soap.security.keys import load_certificates, load_key
from adapters.soap.security.names import (
    ASSERTIONS,
    DS,
    ENCRYPTED_HEADER,
    ID,
    SECURITY,
    SIGNATURE,
    TIMESTAMP,
    TOKEN,
    WSSE,
    WSSE11,
    WSU,
    XENC,
)
from adapters.soap.security.parts import Parts
from adapters.soap.security.policy import ENCRYPT_FIRST, REQUESTER, EncryptionPolicy, Side, SignaturePolicy
from adapters.soap.security.references import key_info, token_of
from adapters.soap.security.signature import sign
from adapters.soap.security.tokens import new_id, timestamp, username_token
from esb.errors import Malformed, OptionError, Position, StepFailed

Element = Any  # lxml's stubs are older than lxml

_KEY: Final = f"{{{XENC}}}EncryptedKey"


class Seal:
    """One side's policy with its keys. Immutable; thread-safe."""

    def __init__(self, side: Side, path: Callable[[str], Path], at: Position) -> None:
        """``path`` finds files of the project. Raises OptionError for keys that cannot be read or do not belong together."""
        self._side = side
        self._key: Any = None
        self._certificate: Any = None
        self._partner: Any = None
        if side.signature is not None:
            self._key = load_key(path(side.signature.key), side.signature.key_password or None, at)
            self._certificate = load_certificates(path(side.signature.certificate), at)[0]
            if self._certificate.public_key() != self._key.public_key():
                raise OptionError("send.signature: the certificate is not that of the key", at)
            kind = "ecdsa" if hasattr(self._key, "curve") else "rsa"
            if not side.signature.algorithm.startswith(kind):
                raise OptionError(f"send.signature: {side.signature.algorithm} needs another kind of key", at)
        if side.encryption is not None and side.encryption.certificate != REQUESTER:
            self._partner = load_certificates(path(side.encryption.certificate), at)[0]

    @property
    def empty(self) -> bool:
        """Whether messages stay as they are."""
        return self._side.empty

    @property
    def changes_content(self) -> bool:
        """Whether content must be in the envelope, where signatures and ciphers reach it."""
        return self._side.signature is not None or self._side.encryption is not None

    @property
    def needs_tls(self) -> bool:
        """Whether a password goes in clear, and the policy does not allow that without TLS."""
        user = self._side.username
        return user is not None and not user.digest and not user.over_http

    def close(
        self, data: bytes, *, requester: Any = None, assertion: Any = None, now: dt.datetime | None = None
    ) -> bytes:
        """The envelope with its Security header.

        ``requester``: the certificate that signed the request which this answers. ``assertion``: the SAML token to pass on. Raises StepFailed
        if the policy needs one of them and it is not there.
        """
        from lxml import etree

        side = self._side
        now = now or dt.datetime.now(dt.UTC)
        root: Element = esb.xml.parse(data, huge=True, max_bytes=1 << 30)
        parts = Parts(root, side.actor)
        uri = namespace(root.tag)
        if parts.header is None:
            root.insert(0, etree.Element(f"{{{uri}}}Header"))
        security = etree.SubElement(parts.header, SECURITY, nsmap={"wsse": WSSE, "wsu": WSU})
        security.set(f"{{{uri}}}mustUnderstand", "1")
        if side.actor:
            security.set(f"{{{ENVELOPE_11}}}actor" if uri == ENVELOPE_11 else f"{{{ENVELOPE_12}}}role", side.actor)
        if side.timestamp is not None:
            security.append(timestamp(now, side.timestamp.ttl))
        if side.username is not None:
            user = side.username
            security.append(username_token(user.username, user.password, now, digest=user.digest))
        if side.saml:
            security.append(_assertion(assertion))
        if side.order == ENCRYPT_FIRST:
            self._encrypt(parts, requester, [each for each in self._encrypted() if each != "signature"])
            self._sign(parts)
        else:
            self._sign(parts)
            if side.strict:  # as long as the signature can be told from what it covers
                self._in_order(parts.security)
            self._encrypt(parts, requester, self._encrypted())
        if side.strict:
            self._in_order(parts.security)
        return esb.xml.serialize(root, declaration=True)

    def _in_order(self, security: Element) -> None:
        """The time first, tokens and what is signed before the signature, and keys before or behind it as they are to be used."""
        ranks = {TIMESTAMP: 0, _KEY: 5 if self._side.order == ENCRYPT_FIRST else 1, TOKEN: 2, SIGNATURE: 4}
        security[:] = sorted(security, key=lambda child: ranks.get(child.tag, 3))

    def _encrypted(self) -> list[str]:
        return list(self._side.encryption.parts) if self._side.encryption is not None else []

    def _sign(self, parts: Parts) -> None:
        policy = self._side.signature
        if policy is None:
            return
        security = parts.security
        token = token_of(self._certificate) if policy.reference == "token" else None
        if token is not None:
            security.insert(0, token)
        signed = [
            (_identified(element), element) for part in policy.parts for element in self._found(parts, part, policy)
        ]
        info = key_info(self._certificate, policy.reference, token)
        node = sign(signed, self._key, info, policy.algorithm, policy.digest)
        security.insert(0 if token is None else 1, node)

    def _encrypt(self, parts: Parts, requester: Any, names: list[str]) -> None:
        policy = self._side.encryption
        if policy is None or not names:
            return
        certificate = requester if policy.certificate == REQUESTER else self._partner
        if certificate is None:
            raise StepFailed("the answer is to be encrypted for who signed the request, and nobody did")
        secret = secret_for(policy.cipher)
        key_node = wrap_key(secret, certificate, key_info(certificate, policy.reference), policy.transport)
        elements = [(name, element) for name in names for element in self._found(parts, name, policy)]
        for name, element in elements:
            node = encrypt(element, secret, policy.cipher, key_node, content=name == "body")
            if name.startswith("{") or parts.optional(name):
                _as_encrypted_header(node)
        parts.security.insert(0, key_node)  # before what it decrypts, since receivers read in order

    def _found(self, parts: Parts, name: str, policy: SignaturePolicy | EncryptionPolicy) -> list[Element]:
        found = parts.find(name)
        if not found and not name.startswith("{") and not parts.optional(name):
            what = "signed" if isinstance(policy, SignaturePolicy) else "encrypted"
            raise StepFailed(f"the message has no {name} that could be {what}")
        return found


def _identified(element: Element) -> str:
    name = element.get("Id") if element.tag == SIGNATURE else element.get(ID)
    if element.tag in ASSERTIONS:
        name = element.get("ID") or element.get("AssertionID")
    if not name:
        name = new_id("id")
        element.set("Id" if element.tag.startswith(f"{{{DS}}}") else ID, name)
    return str(name)


def _as_encrypted_header(node: Element) -> None:
    """WS-Security 1.1 wraps an encrypted header block, so that it is still one of SOAP's."""
    from lxml import etree

    parent = node.getparent()
    around = etree.Element(ENCRYPTED_HEADER, nsmap={"wsse11": WSSE11})
    parent.replace(node, around)
    around.append(node)


def _assertion(given: Any) -> Element:
    from adapters.soap.forms import parsed

    if given is None or given == "":
        raise StepFailed("the policy sends a SAML token, and the exchange property 'soapSamlToken' holds none")
    try:
        element = parsed(given)
    except Malformed as exc:
        raise StepFailed(f"the exchange property 'soapSamlToken' is no XML: {exc}") from exc
    if element.tag not in ASSERTIONS:
        raise StepFailed(f"the exchange property 'soapSamlToken' holds {element.tag}, not a SAML assertion")
    return element
