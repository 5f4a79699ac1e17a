"""What a partner and we have agreed on: a bean of the route files, read once and checked before anything is sent.

.. code-block:: yaml

    - beans:
        - name: erp
          type: adapters.soap.security:Security
          properties:
            send: {timestamp: true, signature: {key: certs/us.key, certificate: certs/us.crt}}
            expect: {timestamp: true, signature: {trust: certs/erp.crt}}

``send`` is what our messages carry (requests of a client, answers of a service), ``expect`` what we demand of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.soap.security.names import (
    ALGORITHMS,
    CIPHERS,
    DEFAULT_ALGORITHMS,
    DIGESTS,
    SIGNATURES,
    TRANSPORTS,
)
from adapters.soap.security.references import FORMS
from esb.errors import OptionError, Position, UnknownName
from esb.fields import seconds

BODY: Final = "body"
HEADERS: Final = "headers"
"""All header blocks but the Security header."""
PARTS: Final = (BODY, HEADERS, "timestamp", "usernameToken", "samlToken", "signature", "token")
SIGN_FIRST: Final = "signThenEncrypt"
ENCRYPT_FIRST: Final = "encryptThenSign"
LONGEST: Final = 43200.0
"""Seconds that a message may be good for, the clocks' difference included: what was seen is remembered for longer."""
REQUESTER: Final = "requester"
"""In the place of a certificate: encrypt an answer for whoever signed the request."""


@dataclass(frozen=True, slots=True)
class TimestampPolicy:
    """``ttl``: seconds that our messages are good for, and the oldest of theirs. ``skew``: how far the clocks may differ."""

    ttl: float = 300.0
    skew: float = 60.0


@dataclass(frozen=True, slots=True)
class UsernamePolicy:
    """``username`` and ``password`` are ours to send, ``users`` theirs: a map, or an object with ``password(username)``."""

    digest: bool = True
    username: str = ""
    password: str = ""
    users: Any = None
    over_http: bool = False
    """Whether a password may travel in clear over a connection without TLS."""
    ttl: float = 300.0
    skew: float = 60.0


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """``parts`` are names of :data:`PARTS` or ``{namespace}name`` of header blocks; with a ``?`` behind it, of those that are there.

    ``*`` stands for any name.
    """

    parts: tuple[str, ...]
    key: str = ""
    key_password: str = ""
    certificate: str = ""
    algorithm: str = "rsa-sha256"
    digest: str = "sha256"
    reference: str = "token"
    trust: str = ""
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EncryptionPolicy:
    """To send: ``certificate`` of the partner, ``cipher`` and ``transport``. To expect: our ``key``, with its ``certificate``."""

    parts: tuple[str, ...] = (BODY,)
    key: str = ""
    key_password: str = ""
    certificate: str = ""
    cipher: str = "aes256-gcm"
    transport: str = "rsa-oaep-mgf1p"
    reference: str = "thumbprint"


@dataclass(frozen=True, slots=True)
class Side:
    """One direction."""

    timestamp: TimestampPolicy | None = None
    username: UsernamePolicy | None = None
    signature: SignaturePolicy | None = None
    encryption: EncryptionPolicy | None = None
    saml: bool = False
    order: str = SIGN_FIRST
    algorithms: frozenset[str] = DEFAULT_ALGORITHMS
    unsigned_headers: bool = False
    unsigned_attachments: bool = False
    actor: str = ""
    tls: bool = False
    """Whether messages must come over TLS, whatever is in them."""
    strict: bool = False
    """Whether what a signature covers stands before it (WS-SecurityPolicy's Strict layout)."""

    @property
    def declared(self) -> frozenset[str]:
        """Names of what is declared."""
        there = {
            "timestamp": self.timestamp,
            "usernameToken": self.username,
            "signature": self.signature,
            "encryption": self.encryption,
            "samlToken": self.saml or None,
        }
        return frozenset(name for name, policy in there.items() if policy is not None)

    @property
    def empty(self) -> bool:
        """Whether nothing is declared that would be in a message."""
        return not (self.timestamp or self.username or self.signature or self.encryption or self.saml)


class Reader:
    """Reads one map of the bean's properties. Every mistake is an OptionError that names the option."""

    def __init__(self, where: str, given: Any, at: Position) -> None:
        if given is True:
            given = {}
        if not isinstance(given, Mapping):
            raise OptionError(f"{where} is a map of options, or true", at)
        self._where = where
        self._given = dict(given)
        self._at = at
        self._known: list[str] = []

    def take(self, name: str, default: Any = None) -> Any:
        """An option as it is."""
        self._known.append(name)
        value = self._given.pop(name, None)
        return default if value is None else value

    def text(self, name: str, default: str = "", among: Sequence[str] = ()) -> str:
        """A text. With ``among`` it must be one of those."""
        value = self.take(name, default)
        if isinstance(value, (Mapping, list)):
            raise OptionError(f"{self._where}.{name} is a text", self._at)
        value = value if isinstance(value, str) else str(value)
        if among and value not in among:
            raise UnknownName(f"value of {self._where}.{name}", value, among, self._at)
        return value

    def truth(self, name: str, *, default: bool = False) -> bool:
        """A truth value."""
        value = self.take(name, default)
        if str(value).lower() not in {"true", "false"}:
            raise OptionError(f"{self._where}.{name} is true or false", self._at)
        return str(value).lower() == "true"

    def duration(self, name: str, default: float) -> float:
        """A duration in seconds."""
        value = self.take(name)
        if value is None:
            return default
        try:
            found = seconds(str(value))
        except ValueError as exc:
            raise OptionError(f"{self._where}.{name}: {exc}", self._at) from exc
        if found < 0:
            raise OptionError(f"{self._where}.{name} is less than nothing", self._at)
        return found

    def names(self, name: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """A list of texts, or one with commas."""
        value = self.take(name)
        if value is None:
            return tuple(default)
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",")]
        if not isinstance(value, list) or not value:
            raise OptionError(f"{self._where}.{name} is a list that names something", self._at)
        return tuple(str(each) for each in value)

    def parts(self, default: Sequence[str]) -> tuple[str, ...]:
        """Parts of a message."""
        found = self.names("parts", default)
        for each in found:
            if not each.startswith("{") and each not in PARTS:
                raise UnknownName(f"part in {self._where}", each, (*PARTS, "{namespace}Header"), self._at)
        return found

    def part(self, name: str) -> Reader | None:
        """A map within this one, None if it is not there or false."""
        value = self.take(name)
        return None if value is None or value is False else Reader(f"{self._where}.{name}", value, self._at)

    def need(self, condition: object, what: str) -> None:
        """Raise what is missing."""
        if not condition:
            raise OptionError(f"{self._where} needs {what}", self._at)

    def done(self) -> None:
        """Raise for an option that nobody has taken."""
        for name in self._given:
            raise UnknownName(f"option of {self._where}", name, self._known, self._at)


def read_side(given: Any, name: str, at: Position) -> Side:
    """The policy of one direction, ``send`` or ``expect``. Raises OptionError or UnknownName."""
    if not given:
        return Side()
    sending = name == "send"
    reader = Reader(name, given, at)
    timestamp = _timestamp(reader.part("timestamp"))
    username = _username(reader.part("usernameToken"), sending=sending)
    default = (BODY, "timestamp") if timestamp is not None else (BODY,)
    side = Side(
        timestamp,
        username,
        _signature(reader.part("signature"), default, sending=sending),
        _encryption(reader.part("encryption"), sending=sending),
        reader.truth("samlToken"),
        reader.text("order", SIGN_FIRST, (SIGN_FIRST, ENCRYPT_FIRST)) if sending else SIGN_FIRST,
        frozenset() if sending else _algorithms(reader, at),
        False if sending else reader.truth("unsignedHeaders"),
        reader.truth("unsignedAttachments"),
        reader.text("actor"),
        False if sending else reader.truth("tls"),
        reader.text("layout", "lax", ("lax", "strict")) == "strict" if sending else False,
    )
    reader.done()
    if sending:
        _present(side, at)
    else:
        _no_oracle(side, at)
    return side


def _timestamp(reader: Reader | None) -> TimestampPolicy | None:
    if reader is None:
        return None
    found = TimestampPolicy(reader.duration("ttl", 300.0), reader.duration("skew", 60.0))
    reader.need(
        found.ttl + found.skew <= LONGEST, "a 'ttl' with 'skew' of at most 12h, since replays are remembered for a day"
    )
    reader.done()
    return found


def _username(reader: Reader | None, *, sending: bool) -> UsernamePolicy | None:
    if reader is None:
        return None
    digest = reader.text("type", "digest", ("digest", "text")) == "digest"
    over_http = reader.truth("overHttp")
    if sending:
        found = UsernamePolicy(digest, reader.text("username"), reader.text("password"), over_http=over_http)
        reader.need(found.username and found.password, "'username' and 'password'")
    else:
        users = reader.take("users")
        reader.need(users, "'users': names and passwords, or a bean with a method password(username)")
        found = UsernamePolicy(
            digest,
            users=users,
            over_http=over_http,
            ttl=reader.duration("ttl", 300.0),
            skew=reader.duration("skew", 60.0),
        )
        reader.need(
            found.ttl + found.skew <= LONGEST,
            "a 'ttl' with 'skew' of at most 12h, since replays are remembered for a day",
        )
    reader.done()
    return found


def _signature(reader: Reader | None, default: Sequence[str], *, sending: bool) -> SignaturePolicy | None:
    if reader is None:
        return None
    parts = reader.parts(default)
    if sending:
        found = SignaturePolicy(
            parts,
            reader.text("key"),
            reader.text("keyPassword"),
            reader.text("certificate"),
            reader.text("algorithm", "rsa-sha256", tuple(SIGNATURES)),
            reader.text("digest", "sha256", tuple(DIGESTS)),
            reader.text("reference", "token", FORMS),
        )
        reader.need(found.key and found.certificate, "'key' and 'certificate', both PEM files")
    else:
        # A time that nobody signed proves nothing, and what may be replayed is told by the time.
        parts = tuple(dict.fromkeys((*parts, *(each for each in default if each == "timestamp"))))
        found = SignaturePolicy(parts, trust=reader.text("trust"), subjects=reader.names("subjects"))
        reader.need(found.trust, "'trust', a PEM file of the certificates or authorities that may sign")
    reader.done()
    return found


def _encryption(reader: Reader | None, *, sending: bool) -> EncryptionPolicy | None:
    if reader is None:
        return None
    parts = reader.parts((BODY,))
    if sending:
        found = EncryptionPolicy(
            parts,
            certificate=reader.text("certificate"),
            cipher=reader.text("cipher", "aes256-gcm", tuple(CIPHERS)),
            transport=reader.text("keyTransport", "rsa-oaep-mgf1p", tuple(TRANSPORTS)),
            reference=reader.text("reference", "thumbprint", tuple(each for each in FORMS if each != "token")),
        )
        reader.need(found.certificate, f"'certificate', a PEM file of the partner's, or {REQUESTER!r}")
    else:
        found = EncryptionPolicy(
            parts, reader.text("key"), reader.text("keyPassword"), certificate=reader.text("certificate")
        )
        reader.need(found.key, "'key', our PEM file to decrypt with")
    reader.done()
    return found


def _algorithms(reader: Reader, at: Position) -> frozenset[str]:
    found = frozenset(reader.names("algorithms", tuple(DEFAULT_ALGORITHMS)))
    for each in found - frozenset(ALGORITHMS):
        raise UnknownName("algorithm", each, ALGORITHMS, at)
    return found


def _no_oracle(side: Side, at: Position) -> None:
    """AES-CBC lets a stranger change what is decrypted. Unless a signature over it fails with the same words, our faults tell him what came out."""
    if side.encryption is None or not any(name.endswith("-cbc") for name in side.algorithms):
        return
    signed = set(side.signature.parts) if side.signature is not None else set()
    for part in side.encryption.parts:
        if part not in signed and part != "signature" and not (part.startswith("{") and HEADERS in signed):
            raise OptionError(
                f"expect.encryption takes AES-CBC for {part}, which no signature covers: our answers would help to decrypt it",
                at,
                "sign it too, or take aes256-gcm",
            )


def _present(side: Side, at: Position) -> None:
    """What is to be signed or encrypted must be sent."""
    there = {"timestamp": side.timestamp, "usernameToken": side.username, "samlToken": side.saml}
    for each in (side.signature, side.encryption):
        for part in each.parts if each is not None else ():
            if part in there and not there[part]:
                raise OptionError(f"send.{part} is to be protected and is not declared", at)
    if side.encryption is not None and "signature" in side.encryption.parts and side.signature is None:
        raise OptionError("send.signature is to be encrypted and is not declared", at)
