"""Keys and certificates for the tests, made once a run."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@functools.cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """One key a name."""
    _ = name
    return rsa.generate_private_key(65537, 2048)


def certificate(
    name: str, key: Any, *, issuer: str = "", issuer_key: Any = None, ca: bool = False, old: bool = False
) -> Any:
    """A certificate for a key, its own authority unless an issuer is named."""
    now = dt.datetime.now(dt.UTC)
    start = now - dt.timedelta(days=900 if old else 2)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=800))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(issuer_key or key, hashes.SHA256())


def write(folder: Path) -> Path:
    """``us``, ``them`` and ``stranger`` (.key, .crt), ``ca.crt`` that issued ``issued``, ``old`` out of date, ``ec`` with a curve."""
    for name in ("us", "them", "stranger"):
        _put(folder, name, rsa_key(name), certificate(name, rsa_key(name)))
    authority = certificate("ca", rsa_key("ca"), ca=True)
    (folder / "ca.crt").write_bytes(authority.public_bytes(Encoding.PEM))
    _put(
        folder,
        "issued",
        rsa_key("issued"),
        certificate("issued", rsa_key("issued"), issuer="ca", issuer_key=rsa_key("ca")),
    )
    _put(folder, "old", rsa_key("old"), certificate("old", rsa_key("old"), old=True))
    curve = ec.generate_private_key(ec.SECP256R1())
    _put(folder, "ec", curve, certificate("ec", curve))
    return folder


def _put(folder: Path, name: str, key: Any, made: Any) -> None:
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / f"{name}.crt").write_bytes(made.public_bytes(Encoding.PEM))
