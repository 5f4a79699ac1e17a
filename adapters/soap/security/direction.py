"""What one direction's messages must carry by an alternative of a policy: read from the assertions, and told as a declaration.

Sources: WS-SecurityPolicy 1.1 to 1.3. An assertion that is not spoken raises :class:`Unmet` with its name and place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.soap.security.assertions import Alternative, Assertion
from adapters.soap.security.policy import ENCRYPT_FIRST, REQUESTER
from adapters.soap.security.suites import SUITES, Suite

SECURITY: Final = frozenset(
    {
        "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
        "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200802",
        "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
    }
)
_ADDRESSING: Final = frozenset(
    {"http://www.w3.org/2007/05/addressing/metadata", "http://www.w3.org/2006/05/addressing/wsdl"}
)
_WSA: Final = "http://www.w3.org/2005/08/addressing"
_MTOM: Final = frozenset(
    {
        "http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization",
        "http://www.w3.org/2007/08/soap12-mtom-policy",
    }
)
_ASIDE: Final = (
    "http://www.sap.com/",
    "http://schemas.sun.com/",
    "http://java.sun.com/",
    "http://schemas.microsoft.com/ws/06/2004/policy/http",
)
"""What these say is of their own runtime, or of HTTP authentication, which is the endpoint's."""
_NO_MATTER: Final = frozenset({"Trust10", "Trust13", "SignBeforeEncrypting", "OnlySignEntireHeadersAndBody"})
_INCLUDED: Final = ("AlwaysToRecipient", "Always", "Once")
_REFERENCES: Final = {
    "RequireThumbprintReference": "thumbprint",
    "RequireIssuerSerialReference": "issuerSerial",
    "RequireKeyIdentifierReference": "keyIdentifier",
}
_X509: Final = frozenset({"WssX509V3Token10", "WssX509V3Token11", *_REFERENCES})


class Unmet(Exception):
    """What an alternative asks for and we have not."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """All that an engineer gives; what the policy does not need is not used."""

    username: str = ""
    password: str = ""
    users: Any = None
    key: str = ""
    key_password: str = ""
    certificate: str = ""
    partner: str = ""
    trust: str = ""
    subjects: tuple[str, ...] = ()
    sha1: bool = False


@dataclass(slots=True)
class _User:
    """A UsernameToken. ``encrypted``: in the message, so that the line need not be."""

    assertion: Assertion
    digest: bool
    encrypted: bool


@dataclass(slots=True)
class Direction:
    """What requests, or answers, must carry."""

    alternative: Alternative
    request: bool
    binding: Assertion | None = None
    suite: Suite | None = None
    timestamp: bool = False
    signed: list[str] = field(default_factory=list)
    encrypted: list[str] = field(default_factory=list)
    user: _User | None = None
    saml: bool = False
    endorsing: Assertion | None = None
    addressing: bool = False
    mtom: bool = False
    https: Assertion | None = None
    client_certificate: Assertion | None = None

    def __post_init__(self) -> None:
        for each in self.alternative:
            if each.name in {"AsymmetricBinding", "TransportBinding"} and each.uri in SECURITY:
                if self.binding is not None and self.binding.node is each.node:
                    continue  # named at two places
                if self.binding is not None:
                    raise Unmet(f"{each} and {self.binding} at once")
                self.binding = each
                self._bind(each)
        for each in self.alternative:
            self._take(each)
        if self.binding is None and (self.signed or self.encrypted):
            raise Unmet("parts are to be signed or encrypted, and no binding says how")
        if self._transport:
            self.signed, self.encrypted = [], []  # by TLS
            if self.endorsing is not None:
                self.signed = ["timestamp", *_parts(self.endorsing)]
        elif self.timestamp and self.binding is not None:
            self.signed.insert(0, "timestamp")
        if set(self.signed) <= {"token"}:
            self.signed = []
        if not self.signed:
            self.encrypted = [part for part in self.encrypted if part != "signature"]

    @property
    def _transport(self) -> bool:
        return self.binding is not None and self.binding.name == "TransportBinding"

    # -- reading ------------------------------------------------------------------------------------------------------

    def _take(self, each: Assertion) -> None:
        if (
            (self.binding is not None and each.node is self.binding.node)
            or each.ignorable
            or each.uri.startswith(_ASIDE)
        ):
            return
        if each.uri in _ADDRESSING and each.name in {"Addressing", "UsingAddressing"}:
            if each.get("NonAnonymousResponses") is not None:
                raise Unmet(f"{each}: answers go back on the same connection only")
            self.addressing = True
        elif each.uri in _MTOM:
            self.mtom = True
        elif each.uri in SECURITY:
            self._security(each)
        else:
            raise Unmet(f"{each} is not spoken")

    def _security(self, each: Assertion) -> None:
        name = each.name
        if name == "SignedParts":
            self.signed += _parts(each)
        elif name == "EncryptedParts":
            self.encrypted += _parts(each)
        elif name == "RequiredParts":
            if any(not part.startswith(f"{{{_WSA}}}") for part in _parts(each)):
                raise Unmet(f"{each}: header blocks that the route would have to send")
            self.addressing = True
        elif name in {"Wss10", "Wss11"}:
            if (confirmation := each.get("RequireSignatureConfirmation")) is not None:
                raise Unmet(f"{confirmation}: signatures are not confirmed")
        elif name.endswith("SupportingTokens"):
            self._supporting(each)
        elif name not in _NO_MATTER:
            raise Unmet(f"{each} is not spoken")

    def _bind(self, binding: Assertion) -> None:
        for each in binding.inner:
            name = each.name
            if name == "AlgorithmSuite":
                self._algorithms(each)
            elif name == "TransportToken":
                self._tls(each)
            elif name == "IncludeTimestamp":
                self.timestamp = True
            elif name == "Layout":
                if (last := each.get("LaxTsLast")) is not None:
                    raise Unmet(f"{last}: a Timestamp that stands last is not spoken")
            elif name == "EncryptSignature":
                self.encrypted.append("signature")
            elif name == "ProtectTokens":
                self.signed.append("token")
            elif name in {"InitiatorToken", "RecipientToken"} or name.endswith(("SignatureToken", "EncryptionToken")):
                _certificate(each)
            elif name != "EncryptBeforeSigning" and name not in _NO_MATTER:
                raise Unmet(f"{each} is not spoken")

    def _algorithms(self, each: Assertion) -> None:
        for one in each.inner:
            self.suite = SUITES.get(one.name)
            if self.suite is None and self.binding is not None and self.binding.name != "TransportBinding":
                raise Unmet(f"{one}: spoken are the suites {', '.join(SUITES)}; RSA 1.5 and triple DES are not")

    def _tls(self, each: Assertion) -> None:
        token = each.get("HttpsToken")
        if token is None:
            raise Unmet(f"{each} without an HttpsToken")
        self.https = token
        wanted = token.node.get("RequireClientCertificate") in {"true", "1"}
        inner = token.get("RequireClientCertificate")
        if wanted or inner is not None:
            self.client_certificate = inner or token

    def _supporting(self, each: Assertion) -> None:
        if not self.request:
            return  # they are there for who is called
        signed, encrypted = "Signed" in each.name, "Encrypted" in each.name
        for token in each.inner:
            if token.name in {"AlgorithmSuite", "SignedParts"}:
                continue
            if "Endorsing" in each.name:
                if not self._transport or not self.timestamp or token.name != "X509Token":
                    raise Unmet(f"{each}: only a certificate over TLS endorses here, and it signs the Timestamp")
                _certificate(each)
                self.endorsing = each
                continue
            if token.name == "UsernameToken":
                self._user(token, encrypted=encrypted)
                part = "usernameToken"
            elif token.name == "SamlToken":
                self.saml, part = True, "samlToken"
            else:
                raise Unmet(f"{token} is not spoken")
            if signed:
                self.signed.append(part)
            if encrypted:
                self.encrypted.append(part)

    def _user(self, token: Assertion, *, encrypted: bool) -> None:
        for name in ("NoPassword", "RequireDerivedKeys", "RequireExplicitDerivedKeys", "RequireImpliedDerivedKeys"):
            if (odd := token.get(name)) is not None:
                raise Unmet(f"{odd} is not spoken")
        if self.user is not None and self.user.assertion.node is not token.node:
            raise Unmet(f"{token}: two users in one message")
        self.user = _User(token, token.get("HashPassword") is not None, encrypted and not self._transport)

    # -- as a declaration -------------------------------------------------------------------------------------------------

    def send(self, given: Credentials) -> dict[str, Any]:
        made = self._both()
        if self.user is not None:
            if not (given.username and given.password):
                raise Unmet(f"{self.user.assertion} needs the credentials 'username' and 'password'")
            made["usernameToken"] = {"username": given.username, "password": given.password, **self._form(self.user)}
        if self.signed:
            suite = self._suite(given)
            if not (given.key and given.certificate):
                raise Unmet(f"{self.binding} needs the credentials 'key' and 'certificate'")
            made["signature"] = {
                "key": given.key,
                "keyPassword": given.key_password,
                "certificate": given.certificate,
                "parts": self._protected(),
                "algorithm": suite.signature,
                "digest": suite.digest,
                "reference": self._reference("Signature", senders=True),
            }
        if self.encrypted:
            if not (given.partner or (not self.request and self.signed)):
                raise Unmet(f"{self.binding} needs the credential 'partner', a certificate")
            reference = self._reference("Encryption", senders=False)
            made["encryption"] = {
                "certificate": given.partner or REQUESTER,
                "parts": _once(self.encrypted),
                "cipher": self._suite(given).cipher,
                "reference": reference,
            }
        if self.binding is not None and self.binding.get("EncryptBeforeSigning") is not None:
            made["order"] = ENCRYPT_FIRST
        layout = self.binding.get("Layout") if self.binding is not None else None
        if made and layout is not None and layout.get("Lax") is None:
            made["layout"] = "strict"
        return made

    def expect(self, given: Credentials) -> dict[str, Any]:
        made = self._both()
        if self.user is not None:
            if not given.users:
                raise Unmet(f"{self.user.assertion} needs the credential 'users': names and passwords, or a bean")
            made["usernameToken"] = {"users": given.users, **self._form(self.user)}
        if self.signed:
            if not (given.trust or given.partner):
                raise Unmet(f"{self.binding} needs the credential 'trust' or 'partner', certificates")
            made["signature"] = {
                "trust": given.trust or given.partner,
                "subjects": list(given.subjects) or None,
                "parts": self._protected(),
            }
        if self.encrypted:
            if not given.key:
                raise Unmet(f"{self.binding} needs the credential 'key', to decrypt with")
            made["encryption"] = {"key": given.key, "keyPassword": given.key_password, "parts": _once(self.encrypted)}
        if self.signed or self.encrypted:
            weak = ("rsa-sha1", "sha1", "rsa-sha256", "sha256") if given.sha1 else ()
            made["algorithms"] = _once([*self._suite(given).algorithms, "rsa-oaep", *weak])
        if self._transport and self.signed:  # TLS covers what the signature does not
            made["unsignedHeaders"] = made["unsignedAttachments"] = True
        return made

    def _both(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if self.timestamp:
            made["timestamp"] = True
        if self.saml:
            made["samlToken"] = True
        return made

    def _form(self, user: _User) -> dict[str, Any]:
        return {"type": "digest" if user.digest else "text", "overHttp": user.encrypted}

    def _protected(self) -> list[str]:
        """What is signed: a token only if it goes along."""
        included = self._reference("Signature", senders=True) == "token"
        return [part for part in _once(self.signed) if included or part != "token"]

    def _suite(self, given: Credentials) -> Suite:
        binding = self.binding
        assert binding is not None
        stated = binding.get("AlgorithmSuite")
        suite = self.suite
        if suite is None:
            raise Unmet(f"{stated or binding} names no suite that is spoken, to sign with")
        if suite.weak and not given.sha1:
            told = stated.inner[0] if stated is not None and stated.inner else binding
            raise Unmet(f"{told} signs with SHA-1: ask for Basic256Sha256, or take it with the credential 'sha1: true'")
        return suite

    def _reference(self, use: str, *, senders: bool) -> str:
        """How the key of the message's sender, or receiver, is named: by a token that goes along, or as the token's assertion requires."""
        if self.endorsing is not None:
            holder: Assertion | None = self.endorsing
        else:
            role = "Initiator" if self.request is senders else "Recipient"
            assert self.binding is not None
            holder = self.binding.get(f"{role}{use}Token") or self.binding.get(f"{role}Token")
        if holder is None:
            raise Unmet(f"{self.binding} names no token to use")
        token = _certificate(holder)
        inclusion = next((value for name, value in token.node.items() if name.rpartition("}")[2] == "IncludeToken"), "")
        included = _INCLUDED if self.request else ("AlwaysToInitiator", "Always")
        if senders and inclusion.rpartition("/")[2] in included:
            return "token"
        return next((form for name, form in _REFERENCES.items() if token.get(name) is not None), "issuerSerial")


def _certificate(holder: Assertion) -> Assertion:
    """The X.509 token within a token assertion."""
    for each in holder.inner:
        if each.name != "X509Token":
            if each.name in {"SignedParts", "AlgorithmSuite"}:
                continue
            raise Unmet(f"{each} is not spoken: keys are certificates (sp:X509Token)")
        for inner in each.inner:
            if inner.name not in _X509:
                raise Unmet(f"{inner} is not spoken")
        return each
    raise Unmet(f"{holder} without an X509Token")


def _parts(each: Assertion) -> list[str]:
    """Parts as declarations name them. Header blocks count if they are there (``?``)."""
    within = each if each.name.endswith("Parts") else each.get("SignedParts")
    if within is None:
        return []
    children = [child for child in within.node if isinstance(child.tag, str)]
    if not children:
        return ["body", "headers"] if within.name == "SignedParts" else ["body"]
    found = []
    for child in children:
        name = child.tag.rpartition("}")[2]
        if name == "Body":
            found.append("body")
        elif name == "Header":
            found.append(f"{{{child.get('Namespace') or ''}}}{child.get('Name') or '*'}?")
        else:
            raise Unmet(
                f"{child.prefix}:{name} ({each.file}:{child.sourceline}) is not spoken: only what is in the envelope is protected"
            )
    return found


def _once(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))
