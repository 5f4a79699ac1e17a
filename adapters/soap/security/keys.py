"""Keys and certificates from PEM files, and whom we trust.

A certificate is trusted if it is itself in the file, or was issued by an authority that is (an intermediate one belongs into the file too). Both
must be valid now. Revocation lists are not looked at: take a certificate out of the file, or name the subjects that may sign.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.soap.security.refusal import Refused
from esb.errors import OptionError, Position

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_SMALLEST_RSA: Final = 2048


def load_key(path: Path, password: str | None, at: Position) -> Any:
    """A private key. Raises OptionError."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(path.read_bytes(), password.encode() if password else None)
    except OSError as exc:
        raise OptionError(f"the key {path} cannot be read: {exc.strerror}", at) from exc
    except (ValueError, TypeError) as exc:
        raise OptionError(f"the key {path} is no PEM key, or its password is wrong", at) from exc


def load_certificates(path: Path, at: Position) -> list[Certificate]:
    """The certificates of a PEM file, at least one. Raises OptionError."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(path.read_bytes())
    except OSError as exc:
        raise OptionError(f"the certificates {path} cannot be read: {exc.strerror}", at) from exc
    except ValueError as exc:
        raise OptionError(f"{path} holds no PEM certificate", at) from exc


def read_certificate(text: str) -> Certificate:
    """A certificate from base64 text. Raises :class:`Refused`."""
    from cryptography.x509 import load_der_x509_certificate

    try:
        return load_der_x509_certificate(base64.b64decode("".join(text.split()), validate=True))
    except ValueError as exc:
        raise Refused("InvalidSecurityToken", f"a token is no certificate: {exc}") from exc


def der(certificate: Certificate) -> bytes:
    """The certificate's octets."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def thumbprint(certificate: Certificate) -> str:
    """As WS-Security 1.1 has it: SHA-1 over the octets, which names the certificate and proves nothing."""
    return base64.b64encode(hashlib.sha1(der(certificate), usedforsecurity=False).digest()).decode("ascii")


def key_identifier(certificate: Certificate) -> str:
    """The subject key identifier, empty if the certificate has none."""
    from cryptography.x509 import ExtensionNotFound, SubjectKeyIdentifier

    try:
        found = certificate.extensions.get_extension_for_class(SubjectKeyIdentifier).value
    except ExtensionNotFound:
        return ""
    return base64.b64encode(found.digest).decode("ascii")


class Trust:
    """Certificates that we trust. Immutable; thread-safe."""

    def __init__(self, certificates: Sequence[Certificate], subjects: Sequence[str] = ()) -> None:
        """``subjects``: who of those may sign (RFC 4514 names), all if empty."""
        self.certificates = tuple(certificates)
        self._known = frozenset(der(each) for each in certificates)
        self._subjects = frozenset(subjects)

    def check(self, certificate: Certificate, now: dt.datetime) -> None:
        """Raise :class:`Refused` unless the certificate may sign."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.x509 import DuplicateExtension, UnsupportedGeneralNameType

        try:
            self._check(certificate, now)
        except (ValueError, UnsupportedAlgorithm, DuplicateExtension, UnsupportedGeneralNameType) as exc:
            raise Refused("InvalidSecurityToken", f"a certificate that cannot be read to its end: {exc}") from exc

    def _check(self, certificate: Certificate, now: dt.datetime) -> None:
        subject = certificate.subject.rfc4514_string()
        if self._subjects and subject not in self._subjects:
            raise Refused("FailedAuthentication", f"{subject} is none of the subjects that may sign")
        _valid(certificate, now)
        _may_sign(certificate)
        if der(certificate) not in self._known and not self._issued(certificate, now):
            raise Refused("FailedAuthentication", f"the certificate of {subject} is not trusted")

    def _issued(self, certificate: Certificate, now: dt.datetime) -> bool:
        for issuer in self.certificates:
            if issuer.subject == certificate.issuer and _authority(issuer) and _issues(issuer, certificate):
                _valid(issuer, now)
                return True
        return False


def _valid(certificate: Certificate, now: dt.datetime) -> None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Refused(
            "FailedAuthentication", f"the certificate of {certificate.subject.rfc4514_string()} is out of date"
        )


def _may_sign(certificate: Certificate) -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import ExtensionNotFound, KeyUsage

    key = certificate.public_key()
    if isinstance(key, RSAPublicKey) and key.key_size < _SMALLEST_RSA:
        raise Refused("InvalidSecurityToken", f"an RSA key of {key.key_size} bits")
    try:
        usage = certificate.extensions.get_extension_for_class(KeyUsage).value
    except ExtensionNotFound:
        return
    if not (usage.digital_signature or usage.content_commitment):
        raise Refused("FailedAuthentication", "the certificate is not for signing")


def _authority(certificate: Certificate) -> bool:
    from cryptography.x509 import BasicConstraints, ExtensionNotFound

    try:
        return certificate.extensions.get_extension_for_class(BasicConstraints).value.ca
    except ExtensionNotFound:
        return False


def _issues(issuer: Certificate, certificate: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
