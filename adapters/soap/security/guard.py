"""Holds a message against a policy, and hands on only what was verified.

The Security header is worked through in its own order, as the sender built it from the inside out: what was encrypted last is decrypted first, and
each signature is checked over the message as it is at that point. A signature's result is the places of the elements that it covers, and only
places count where the SOAP layer reads: the Body, the header blocks, the tokens of the one Security header. So a signed copy elsewhere is worth
nothing.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import esb.xml
from adapters.soap import addressing
from adapters.soap.security import names as n
from adapters.soap.security.encryption import decrypt, unwrap_key
from adapters.soap.security.ids import Ids
from adapters.soap.security.keys import Trust, der, load_certificates, load_key
from adapters.soap.security.parts import Parts
from adapters.soap.security.policy import Side
from adapters.soap.security.references import named_certificate
from adapters.soap.security.refusal import Refused
from adapters.soap.security.replay import Seen, SeenHere
from adapters.soap.security.signature import verify
from adapters.soap.security.tokens import check_timestamp, check_username
from esb.errors import OptionError, Position

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

Element = Any  # lxml's stubs are older than lxml
Place = tuple[int, ...]

MAX_CHILDREN: Final = 50
MAX_COSTLY: Final = 10
"""Of signatures, and of keys for encrypted data: each costs a pass over the whole message."""
_ENCRYPTED_KEY: Final = f"{{{n.XENC}}}EncryptedKey"
_REFERENCE_LIST: Final = f"{{{n.XENC}}}ReferenceList"
_CONFIRMATION: Final = f"{{{n.WSSE11}}}SignatureConfirmation"
_IGNORED: Final = frozenset({n.TOKEN, n.TIMESTAMP, n.USERNAME_TOKEN, _CONFIRMATION, *n.ASSERTIONS})


@dataclass(slots=True)
class Verified:
    """What a message proved. ``uncovered`` are header blocks of ``root`` that nobody answers for: not to be handed on."""

    root: Element
    uncovered: list[Element] = field(default_factory=list)
    username: str = ""
    certificate: Certificate | None = None
    assertion: Element = None
    facts: dict[str, str] = field(default_factory=dict)
    """For the route: ``username``, ``subject`` of the signer, ``saml`` as XML (passed through, not verified by itself)."""


class Guard:
    """One side's policy with its keys. Immutable but for what was seen; thread-safe."""

    def __init__(
        self,
        side: Side,
        path: Callable[[str], Path],
        at: Position,
        seen: Seen | None = None,
        twins: frozenset[str] = frozenset(),
    ) -> None:
        """``path`` finds files of the project; ``twins`` are names that types of several namespaces have.

        Raises OptionError for keys that cannot be read.
        """
        self._side = side
        self._twins = twins
        self._seen = seen or SeenHere()
        self._key = self._own = None
        self._trust: Trust | None = None
        if side.signature is not None:
            self._trust = Trust(load_certificates(path(side.signature.trust), at), side.signature.subjects)
        if side.encryption is not None:
            self._key = load_key(path(side.encryption.key), side.encryption.key_password or None, at)
            if side.encryption.certificate:
                self._own = load_certificates(path(side.encryption.certificate), at)[0]
                if self._own.public_key() != self._key.public_key():
                    raise OptionError("expect.encryption: the certificate is not that of the key", at)
        self._password = _passwords(side, at)

    @property
    def empty(self) -> bool:
        """Whether nothing is demanded."""
        return self._side.empty and not self._side.tls

    @property
    def signed(self) -> bool:
        """Whether what is handed on must be signed or encrypted."""
        return self._side.signature is not None or self._side.encryption is not None

    @property
    def takes_attachments(self) -> bool:
        """Whether parts beside the envelope, which no signature here covers, may come."""
        return self._side.signature is None or self._side.unsigned_attachments

    def open(self, root: Element, *, secure: bool = True, now: dt.datetime | None = None) -> Verified:
        """Check the envelope; it is changed on the way. ``secure``: it came over TLS. Raises :class:`Refused`."""
        return _Run(self, root, secure=secure, now=now or dt.datetime.now(dt.UTC)).result()


class _Run:
    """One message."""

    def __init__(self, guard: Guard, root: Element, *, secure: bool, now: dt.datetime) -> None:
        self._guard = guard
        self._side = guard._side  # noqa: SLF001 -- the two are one thing in two pieces: what lasts and what is the message's
        self._parts = Parts(root, self._side.actor)
        self._secure = secure
        self._now = now
        self._signatures: list[tuple[Certificate, frozenset[Place], str]] = []
        self._decrypted: set[Place] = set()
        self._secrets: dict[str, bytes] = {}
        self._left = 0.0

    def result(self) -> Verified:
        if self._side.tls and not self._secure:
            raise Refused("FailedAuthentication", "a message over a connection without TLS")
        if self._side.empty:
            return Verified(self._parts.root)
        security = self._parts.security
        if security is None:
            raise Refused("InvalidSecurity", "the message has no Security header")
        if len(security) > MAX_CHILDREN:
            raise Refused("InvalidSecurity", f"a Security header with {len(security)} parts")
        self._work_through()
        found = Verified(self._parts.root)
        self._timestamp()
        self._encryption()
        places = self._signature(found)
        self._username(found)
        self._saml(found)
        if places is not None and not self._side.unsigned_headers:
            found.uncovered = self._uncovered(places)
        found.root = self._parts.root
        return found

    # -- the header, in its order ---------------------------------------------------------------------------------------

    def _work_through(self) -> None:
        at = costly = 0
        while at < len(self._parts.security):
            child = self._parts.security[at]
            costly += child.tag in {n.SIGNATURE, _ENCRYPTED_KEY, _REFERENCE_LIST}
            if costly > MAX_COSTLY:
                raise Refused("InvalidSecurity", f"more than {MAX_COSTLY} signatures and keys")
            if child.tag == _ENCRYPTED_KEY:
                self._encrypted_key(child)
            elif child.tag == _REFERENCE_LIST:
                self._references(child, None)
            elif child.tag == n.SIGNATURE:
                self._verify(child)
            elif child.tag == n.ENCRYPTED_DATA:
                if self._side.encryption is not None:
                    raise Refused("InvalidSecurity", "encrypted data that no key before it refers to")
            elif child.tag not in _IGNORED:
                raise Refused("UnsupportedSecurityToken", f"a {child.tag} in the Security header")
            at += 1

    def _verify(self, node: Element) -> None:
        trust = self._guard._trust  # noqa: SLF001 -- see above
        if trust is None:
            return  # no signature is asked for: what this one says is nobody's business
        ids = Ids(self._parts.root)
        info = node.find(f"{{{n.DS}}}KeyInfo")
        certificate = named_certificate(info, ids, self._parts.security, trust.certificates)
        trust.check(certificate, self._now)
        twins = self._guard._twins  # noqa: SLF001 -- see above
        places = set()
        elements, name = verify(node, certificate.public_key(), ids, self._side.algorithms, twins)
        for element in elements:
            place = self._parts.place(element)
            if place is None:
                raise Refused("InvalidSecurity", f"a signed {element.tag} that stands where nobody reads it")
            places.add(place)
        self._signatures.append((certificate, frozenset(places), name))

    def _encrypted_key(self, node: Element) -> None:
        key, own = self._guard._key, self._guard._own  # noqa: SLF001 -- see above
        if key is None:
            return
        if own is not None:
            info = node.find(f"{{{n.DS}}}KeyInfo")
            named = named_certificate(info, Ids(self._parts.root), self._parts.security, [own])
            if der(named) != der(own):
                raise Refused("SecurityTokenUnavailable", "data that is encrypted for somebody else")
        secret = unwrap_key(node, key, self._side.algorithms)
        if node.get("Id"):
            self._secrets[node.get("Id")] = secret
        listed = node.find(_REFERENCE_LIST)
        if listed is not None:
            self._references(listed, secret)

    def _references(self, listed: Element, secret: bytes | None) -> None:
        if self._guard._key is None:  # noqa: SLF001 -- see above
            return
        if len(listed) > MAX_CHILDREN:
            raise Refused("InvalidSecurity", f"a key for {len(listed)} pieces of data")
        ids, plain = Ids(self._parts.root), {}
        for uri in dict.fromkeys(child.get("URI") or "" for child in listed):
            node = ids.find(uri)
            if node.tag != n.ENCRYPTED_DATA:
                raise Refused("InvalidSecurity", "a reference to encrypted data leads to something else")
            mark, text = self._decrypt(node, self._named_secret(node) if secret is None else secret)
            plain[mark] = text
        whole = esb.xml.serialize(self._parts.root)
        for mark, text in plain.items():
            whole = whole.replace(f"<{mark}/>".encode(), text, 1)
        self._parts.root = esb.xml.parse(whole, huge=True, max_bytes=1 << 30)

    def _named_secret(self, node: Element) -> bytes:
        reference = node.find(f"{{{n.DS}}}KeyInfo/{n.REFERENCE}/{{{n.WSSE}}}Reference")
        secret = self._secrets.get((reference.get("URI") or "")[1:]) if reference is not None else None
        if secret is None:
            raise Refused("SecurityTokenUnavailable", "encrypted data that names no key before it")
        return secret

    def _decrypt(self, node: Element, secret: bytes) -> tuple[str, bytes]:
        """Put a mark in the place of the data, for the plain text to be put there as text.

        Moving elements between documents would change their prefixes, and so what was signed.
        """
        from lxml import etree

        outer = node.getparent()
        wrapped = outer is not None and outer.tag == n.ENCRYPTED_HEADER and len(outer) == 1
        if (
            wrapped and node.get("Type") != n.ELEMENT
        ):  # several blocks in the place of one would move those that a signature covers
            raise Refused("InvalidSecurity", "an encrypted header block that is not one element")
        plain = decrypt(node, secret, self._side.algorithms)
        replaced = outer if wrapped else node
        place = self._parts.place(outer if node.get("Type") == n.CONTENT else replaced)
        if place is None:
            raise Refused("InvalidSecurity", "encrypted data that stands where nobody reads it")
        mark = f"m{secrets.token_hex(16)}"
        replaced.getparent().replace(replaced, etree.Element(mark))
        self._decrypted.add(place)
        return mark, plain

    # -- what is demanded -------------------------------------------------------------------------------------------------

    def _timestamp(self) -> None:
        policy = self._side.timestamp
        found = self._parts.find("timestamp")
        if policy is None:
            return
        if len(found) != 1:
            raise Refused("InvalidSecurity", f"{len(found)} Timestamps in place of one")
        self._left = check_timestamp(found[0], self._now, policy.skew, policy.ttl)

    def _encryption(self) -> None:
        for part in self._side.encryption.parts if self._side.encryption is not None else ():
            places = [self._parts.place(element) for element in self._parts.find(part)]
            if not (places or self._parts.optional(part)) or not all(place in self._decrypted for place in places):
                raise Refused("InvalidSecurity", f"the part {part} is not encrypted")

    def _signature(self, found: Verified) -> frozenset[Place] | None:
        """The places that one signature covers, which must be all that are declared."""
        policy = self._side.signature
        if policy is None:
            return None
        wanted: set[Place] = set()
        for part in policy.parts:
            elements = self._parts.find(part)
            if not elements and not self._parts.optional(part):
                raise Refused("InvalidSecurity", f"the part {part} is not there")
            wanted |= {place for element in elements if (place := self._parts.place(element)) is not None}
        for certificate, places, value in self._signatures:
            if wanted <= places:
                if self._side.timestamp is not None:
                    # One and the same signature twice within the time that it is good for is a copy.
                    self._guard._seen.once(f"signature:{value}", self._left)  # noqa: SLF001 -- see above
                found.certificate = certificate
                found.facts["subject"] = certificate.subject.rfc4514_string()
                return places
        raise Refused("InvalidSecurity", f"no signature covers {', '.join(policy.parts)}")

    def _username(self, found: Verified) -> None:
        policy = self._side.username
        if policy is None:
            return
        tokens = self._parts.find("usernameToken")
        if len(tokens) != 1:
            raise Refused("InvalidSecurity", f"{len(tokens)} UsernameTokens in place of one")
        if not policy.digest and not self._secure and not policy.over_http:
            raise Refused("FailedAuthentication", "a password in clear over a connection without TLS")
        login = check_username(
            tokens[0],
            self._guard._password,  # noqa: SLF001 -- see above
            self._now,
            digest=policy.digest,
            skew=policy.skew,
            oldest=policy.ttl,
        )
        if login.nonce:
            self._guard._seen.once(f"nonce:{login.nonce}", login.seconds)  # noqa: SLF001 -- see above
        found.username = found.facts["username"] = login.username

    def _saml(self, found: Verified) -> None:
        tokens = self._parts.find("samlToken")
        if self._side.saml and len(tokens) != 1:
            raise Refused("InvalidSecurity", f"{len(tokens)} SAML tokens in place of one")
        if self._side.saml:
            found.assertion = tokens[0]
            found.facts["saml"] = esb.xml.serialize(tokens[0]).decode()

    def _uncovered(self, places: frozenset[Place]) -> list[Element]:
        """Header blocks that no signature covers. Those of WS-Addressing are not among them: they say nothing that a route reads."""
        security = self._parts.security
        return [
            block
            for block in self._parts.header
            if block is not security
            and not addressing.understands(block.tag)
            and self._parts.place(block) not in places
        ]


def _passwords(side: Side, at: Position) -> Callable[[str], str | None]:
    users = side.username.users if side.username is not None else {}
    if isinstance(users, dict):
        known = {str(name): str(password) for name, password in users.items()}
        return known.get
    ask = getattr(users, "password", None)
    if not callable(ask):
        raise OptionError("expect.usernameToken.users is a map, or a bean with a method password(username)", at)
    found: Callable[[str], str | None] = ask
    return found
