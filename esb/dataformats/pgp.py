"""``pgp``: bodies encrypted, and signed, by OpenPGP (RFC 9580; Camel's page "PGP"). Needs GnuPG (the program ``gpg``).

Marshal encrypts for the key of ``keyUserid`` in the ring ``keyFileName``, and signs with that of ``signatureKeyUserid`` in ``signatureKeyFileName``;
unmarshal decrypts with the secret keys of the first ring and verifies by the second. A body that is not encrypted, one whose encryption has no
integrity check and one whose signature does not hold are refused: no part of them is given out.
"""

from __future__ import annotations

from typing import Any, Final

from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._gnupg import Home, Outcome, Ring
from esb.dataformats._octets import MAX_SIZE, content
from esb.errors import Malformed, OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field

# Camel's numbers (RFC 9580, sections 9.3 and 9.5) of what is still safe to write.
_CIPHERS: Final = frozenset({7, 8, 9, 10, 11, 12, 13})
_DIGESTS: Final = frozenset({8, 9, 10})
_RECIPIENTS: Final = ("CamelPGPDataFormatKeyUserids", "CamelPGPDataFormatKeyUserid")
_NO_SIGNATURE: Final = ("BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG")


class Pgp(DataFormatSpec):
    """OpenPGP encryption and signatures."""

    name = "pgp"
    key_file_name = field(
        Kind.TEXT,
        None,
        doc="Ring of the keys to encrypt for (public) or to decrypt with (secret): a file of the project, or the armored keys themselves.",
        example="keys/partner.asc",
    )
    key_userid = field(
        Kind.TEXT, None, doc="User id of the key, or a part of it that no other has.", example="edi@partner.example"
    )
    password = field(Kind.TEXT, None, secret=True, doc="Opens the secret key that decrypts.")
    signature_key_file_name = field(
        Kind.TEXT,
        None,
        doc="Ring of the key that signs (secret), or of those that verify (public).",
        example="keys/us.asc",
    )
    signature_key_ring = field(
        Kind.TEXT, None, secret=True, doc="As signatureKeyFileName: the armored keys themselves."
    )
    signature_key_userid = field(
        Kind.TEXT, None, doc="User id of the key that signs; when verifying: whose signature alone counts."
    )
    signature_password = field(Kind.TEXT, None, secret=True, doc="Opens the secret key that signs.")
    signature_verification_option = field(
        Kind.TEXT,
        "optional",
        enum=("optional", "required", "ignore", "no_signature_allowed"),
        doc="Whether a signature must be there and hold; optional: if it is there, it must.",
    )
    armored = field(Kind.BOOL, False, doc="Write text (base64 with a head) instead of bytes; both are read.")
    integrity = field(Kind.BOOL, True, doc="The integrity check; it is always there.")
    algorithm = field(
        Kind.INT,
        None,
        doc="Cipher, by its number: 7, 8, 9 (AES of 128, 192, 256 bits) and later; else what the recipient's key prefers.",
    )
    hash_algorithm = field(
        Kind.INT,
        None,
        doc="Digest of the signature, by its number: 8, 9, 10 (SHA-256, 384, 512); else what the signing key prefers.",
    )
    compression_algorithm = field(
        Kind.INT,
        None,
        doc="By its number: 0 (none), 1 (ZIP), 2 (ZLIB), 3 (BZIP2); else what the recipient's key prefers.",
    )
    provider = field(Kind.TEXT, None, doc="Java only, accepted without effect.")
    max_decompressed_size = MAX_SIZE

    def build(self, context: Context) -> DataFormat:
        if not self.integrity:
            raise OptionError(
                "without its integrity check whoever carries a message can change it", self.at, "leave out integrity"
            )
        for option, number, allowed in (
            ("algorithm", self.algorithm, _CIPHERS),
            ("hashAlgorithm", self.hash_algorithm, _DIGESTS),
        ):
            if number is not None and number not in allowed:
                raise OptionError(
                    f"{option} {number} is no longer safe",
                    self.at,
                    f"leave out {option}, or write one of {', '.join(map(str, sorted(allowed)))}",
                )
        if not self.key_file_name:
            raise OptionError(
                "pgp needs 'keyFileName'",
                self.at,
                "name the ring with the partner's key: keyFileName: keys/partner.asc",
            )
        if self.signature_key_file_name and self.signature_key_ring:
            raise OptionError("signatureKeyFileName and signatureKeyRing are the same", self.at, "leave out one")
        signing = self.signature_key_file_name or self.signature_key_ring
        if self.signature_key_userid and not signing:
            raise OptionError("'signatureKeyUserid' without a ring to find it in", self.at, "add signatureKeyFileName")
        if self.signature_verification_option == "required" and not signing:
            raise OptionError(
                "a signature that is required needs keys to verify it", self.at, "add signatureKeyFileName"
            )
        home = Home(self.at)
        made = PgpFormat(
            self,
            home,
            Ring(home, context, self.key_file_name, self.at),
            Ring(home, context, signing, self.at) if signing else None,
        )
        made.rehearse(self)
        return made


class PgpFormat:
    """Stateless after construction."""

    def __init__(self, spec: Pgp, home: Home, keys: Ring, signing: Ring | None) -> None:
        self._home = home
        self._keys = keys
        self._user = spec.key_userid
        self._password = spec.password
        self._signature_password = spec.signature_password
        self._wanted = spec.signature_verification_option
        self._most = spec.max_decompressed_size
        signers = signing.all_of(spec.signature_key_userid) if signing else ()
        self._trusted = {key.fingerprint for key in signers}
        self._signer = ""
        # To verify there may be many, to sign just one.
        if signing is not None and any(key.secret for key in signers):
            self._signer = signing.of(spec.signature_key_userid).fingerprint
        self._how = [
            *(["--armor"] if spec.armored else []),
            *_chosen("--cipher-algo", "S", spec.algorithm),
            *_chosen("--digest-algo", "H", spec.hash_algorithm),
            *_chosen("--compress-algo", "Z", spec.compression_algorithm),
        ]

    def rehearse(self, spec: Pgp) -> None:
        """Open the secret keys with their passwords once, at load. Raises OptionError."""
        secrets = [key.fingerprint for key in self._keys.all_of(self._user) if key.secret]
        if secrets and self._password:
            sealed = self._home.call("--encrypt", *_each("-r", secrets[:1]))
            opened = self._home.call("--decrypt", data=sealed.data, password=self._password)
            if not opened.done:
                raise OptionError(
                    f"the secret key cannot be opened: {_why(opened)}", spec.at, "see whether 'password' is right"
                )
        if self._signer:
            signed = self._home.call("--sign", "--local-user", self._signer, password=self._signature_password)
            if not signed.done:
                raise OptionError(
                    f"the key that signs cannot be opened: {_why(signed)}",
                    spec.at,
                    "see whether 'signaturePassword' is right",
                )

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        words = ["--encrypt", *_each("-r", self._recipients(exchange)), *self._how]
        if self._signer:
            words += ["--sign", "--local-user", self._signer]
        sealed = self._home.call(*words, data=content(value), password=self._signature_password)
        if not sealed.done:
            raise Malformed(f"the body cannot be encrypted: {_why(sealed)}")
        return sealed.data

    def unmarshal(self, exchange: Exchange, data: Any) -> bytes:
        opened = self._home.call(
            "--decrypt", "--max-output", str(self._most), data=content(data), password=self._password
        )
        if opened.all("NODATA"):
            raise Malformed("the body is not OpenPGP")
        if not opened.all("BEGIN_DECRYPTION"):  # only signed, or only packed: gpg would give it out all the same
            raise Malformed("the body is not encrypted")
        # Signatures that do not hold make gpg fail, too; whether they matter is decided below.
        if not opened.all("DECRYPTION_OKAY") or opened.all("DECRYPTION_FAILED") or not opened.all("GOODMDC"):
            raise Malformed(f"the body cannot be decrypted: {_why(opened)}")
        if not opened.done and not opened.all(*_NO_SIGNATURE):
            raise Malformed(f"the body cannot be read: {_why(opened)}")
        self._verify(opened)
        return opened.data

    def _verify(self, opened: Outcome) -> None:
        signatures = opened.all("NEWSIG", *_NO_SIGNATURE)
        if self._wanted == "ignore" or (self._wanted == "optional" and not signatures):
            return
        if self._wanted == "no_signature_allowed":
            if signatures:
                raise Malformed("the body is signed, which signatureVerificationOption does not allow")
            return
        valid = good_signers(opened)
        if not valid & self._trusted or opened.all("BADSIG"):
            told = (
                "it has none" if not signatures else _why(opened) if not valid else "its signer is not among the keys"
            )
            raise Malformed(f"the body has no valid signature: {told}")

    def _recipients(self, exchange: Exchange) -> list[str]:
        for name in _RECIPIENTS:
            users = exchange.headers.get(name)
            if users:
                return [
                    self._keys.of(str(user)).fingerprint for user in (users if isinstance(users, list) else [users])
                ]
        return [self._keys.of(self._user).fingerprint]


def good_signers(opened: Outcome) -> set[str]:
    """Fingerprints of the primary keys whose signatures hold, with nothing against them.

    VALIDSIG, whose last word it is, also stands at signatures of keys that have expired or were revoked: GOODSIG must be said of the same one.
    """
    found: set[str] = set()
    good = False
    for keyword, words in opened.status:
        if keyword == "NEWSIG":
            good = False
        elif keyword == "GOODSIG":
            good = True
        elif keyword == "VALIDSIG" and good:
            found.add(words.split()[-1])
    return found


def _each(option: str, values: list[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _chosen(option: str, letter: str, number: int | None) -> list[str]:
    return [] if number is None else [option, f"{letter}{number}"]


def _why(outcome: Outcome) -> str:
    if outcome.said.endswith("No secret key"):
        return (
            f"there is no secret key for it, it is for {', '.join(words.split()[0] for words in outcome.all('ENC_TO'))}"
        )
    return outcome.said or "gpg does not say why"
