"""``crypto``: encrypted and authenticated bodies, by AES-GCM (NIST SP 800-38D).

Camel's format of this name leaves mode, vector and authentication to whoever writes the route, and its defaults are no longer safe. Here a route
names a key; everything else is fixed: a fresh nonce for each message, a tag that is checked before anything is given out, the key's name in front
so that keys can be changed while messages are under way, and, where ``aad`` is set, a context that a message cannot be moved out of.

The form: ``ESB1``, one byte with the length of the key's name, the name, 12 bytes of nonce, the encrypted body, 16 bytes of tag. Key's name, and
``aad``, are authenticated with it.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._octets import content
from esb.errors import Malformed, OptionError, Position, UnknownName
from esb.exchange import Exchange
from esb.fields import Kind, field

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MARK: Final = b"ESB1"
_NONCE: Final = 12
_ALGORITHMS: Final = frozenset({"aes/gcm/nopadding", "aes-gcm", "aes"})


class Crypto(DataFormatSpec):
    """Encryption."""

    name = "crypto"
    algorithm = field(Kind.TEXT, "AES/GCM/NoPadding", doc="AES/GCM/NoPadding; there is no other.")
    key = field(
        Kind.TEXT,
        None,
        secret=True,
        doc="The key that encrypts: 16, 24 or 32 bytes in base64 or hexadecimal, or the name of a bean that is one.",
        example="{{credential:orders-key}}",
    )
    key_id = field(Kind.TEXT, "", doc="Name of that key, which goes with the message.", example="2026-01")
    old_keys = field(
        Kind.MAP, None, secret=True, doc="Keys by name that only decrypt, for messages from before a change."
    )
    aad = field(
        Kind.EXPRESSION,
        None,
        doc="What a message belongs to (a partner, a purpose): only where it is the same can it be decrypted.",
        example="constant: crm-to-erp",
    )
    # Camel's options that do not apply to an authenticated mode.
    init_vector = field(Kind.REF, None, doc="Refused: every message gets a nonce of its own.")
    inline = field(Kind.BOOL, True, doc="Accepted: the nonce always goes with the message.")
    should_append_hmac = field(Kind.BOOL, True, name="shouldAppendHMAC", doc="Accepted: the tag is always there.")
    mac_algorithm = field(Kind.TEXT, None, doc="Accepted without effect: GCM authenticates itself.")
    algorithm_parameter_spec = field(Kind.REF, None, doc="Refused: every message gets a nonce of its own.")
    crypto_provider = field(Kind.TEXT, None, doc="Java only, accepted without effect.")
    buffer_size = field(Kind.INT, 4096, doc="Accepted without effect.")

    def build(self, context: Context) -> DataFormat:
        if self.algorithm.lower() not in _ALGORITHMS:
            raise OptionError(
                f"the algorithm {self.algorithm!r} is not offered: without authentication whoever carries a message can change it",
                self.at,
                "write algorithm: AES/GCM/NoPadding",
            )
        if self.init_vector or self.algorithm_parameter_spec:
            raise OptionError(
                "a nonce that is used twice gives the key away",
                self.at,
                "leave out initVector and algorithmParameterSpec",
            )
        if len(self.key_id.encode()) > 255:
            raise OptionError("'keyId' has more than 255 bytes", self.at)
        if not self.key:
            raise OptionError("crypto needs 'key'", self.at, "name a credential: key: '{{credential:orders-key}}'")
        keys = {str(name): _cipher(context, str(told), self.at) for name, told in (self.old_keys or {}).items()}
        keys[self.key_id] = _cipher(context, self.key, self.at)
        aad = self.aad.compile(context) if self.aad is not None else None
        return CryptoFormat(self.key_id, keys, aad)


class CryptoFormat:
    """Encrypts with one key, decrypts with each that it knows. Stateless after construction."""

    def __init__(self, key_id: str, keys: dict[str, AESGCM], aad: Callable[[Exchange], Any] | None) -> None:
        self._key = keys[key_id]
        self._head = _MARK + bytes([len(key_id.encode())]) + key_id.encode()
        self._keys = keys
        self._aad = aad

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        nonce = os.urandom(_NONCE)
        return self._head + nonce + self._key.encrypt(nonce, content(value), self._bound(exchange, self._head))

    def unmarshal(self, exchange: Exchange, data: Any) -> bytes:
        from cryptography.exceptions import InvalidTag

        packed = content(data)
        start = len(_MARK) + 1 + (packed[len(_MARK)] if len(packed) > len(_MARK) else 0)
        if not packed.startswith(_MARK) or len(packed) < start + _NONCE + 16:
            raise Malformed("the body was not encrypted by this format, or is cut off")
        head, key_id = packed[:start], packed[len(_MARK) + 1 : start].decode("utf-8", "replace")
        cipher = self._keys.get(key_id)
        if cipher is None:
            raise Malformed(f"the body is encrypted with the key {key_id!r}, which is not among keyId and oldKeys")
        try:
            return cipher.decrypt(packed[start : start + _NONCE], packed[start + _NONCE :], self._bound(exchange, head))
        except InvalidTag:
            raise Malformed(
                f"the encrypted body has been changed, is not for this 'aad', or the key {key_id!r} is another one"
            ) from None

    def _bound(self, exchange: Exchange, head: bytes) -> bytes:
        return head if self._aad is None else head + b"\0" + content(self._aad(exchange))


def _cipher(context: Context, told: str, at: Position) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        bean = context.lookup("bean", told.removeprefix("#bean:").removeprefix("#"))
    except UnknownName:
        bean = told
    key = bytes(bean) if isinstance(bean, (bytes, bytearray)) else _bytes(str(bean))
    if len(key) not in {16, 24, 32}:
        raise OptionError(  # never the key itself, not even a part of it
            f"a key of AES has 16, 24 or 32 bytes, this one has {len(key)}",
            at,
            "make one with: openssl rand -base64 32, and keep it as a credential",
        )
    return AESGCM(key)


def _bytes(told: str) -> bytes:
    plain = told.strip()
    if len(plain) in {32, 48, 64}:
        try:
            return bytes.fromhex(plain)
        except ValueError:
            pass
    try:
        return base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        return b""
