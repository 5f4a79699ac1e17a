"""The algorithm suites of WS-SecurityPolicy (1.2, section 6.1), and CXF's suites with GCM, as the algorithms spoken here.

By the letter all suites sign with RSA and SHA-1. Stacks take the ``Sha256`` in a suite's name for the signature too, and so do we.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OAEP: Final = "rsa-oaep-mgf1p"


@dataclass(frozen=True, slots=True)
class Suite:
    """Names of :mod:`~adapters.soap.security.names`."""

    signature: str
    digest: str
    cipher: str

    @property
    def algorithms(self) -> tuple[str, ...]:
        """All of them."""
        return (self.signature, self.digest, self.cipher, OAEP)

    @property
    def weak(self) -> bool:
        """Whether it signs with SHA-1."""
        return self.digest == "sha1"


def _made() -> dict[str, Suite]:
    found = {}
    for bits in ("128", "192", "256"):
        found[f"Basic{bits}"] = Suite("rsa-sha1", "sha1", f"aes{bits}-cbc")
        found[f"Basic{bits}Sha256"] = Suite("rsa-sha256", "sha256", f"aes{bits}-cbc")
        found[f"Basic{bits}GCM"] = Suite(
            "rsa-sha1", "sha1", f"aes{bits}-gcm"
        )  # the digest is still the first version's
    return found


SUITES: Final = _made()
"""By the assertion's name. Those with RSA 1.5 key transport or triple DES are not spoken."""
