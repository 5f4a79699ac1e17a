"""``lzf``: blocks of LZF, the format of the Java library compress-lzf that Camel uses (LibLZF's, by M. Lehmann)."""

from __future__ import annotations

from typing import Any, Final

from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._octets import MAX_SIZE, Spool, Unreadable, content
from esb.exchange import Exchange
from esb.fields import Kind, field

_BLOCK: Final = 0xFFFF
_FAR: Final = 1 << 13
_LONG: Final = 264
"""Reach and length of a back reference."""


class Lzf(DataFormatSpec):
    """LZF."""

    name = "lzf"
    using_parallel_compression = field(Kind.BOOL, False, doc="Accepted for Camel's sake.")
    max_decompressed_size = MAX_SIZE

    def build(self, context: Context) -> DataFormat:
        return LzfFormat(self.max_decompressed_size)


class LZFException(Unreadable):
    """``com.ning.compress.lzf.LZFException``."""


class LzfFormat:
    """Blocks of up to 64 KB: ``ZV``, 0 and length and bytes, or 1 and both lengths and packed bytes. Stateless after construction."""

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        data, told = content(value), bytearray()
        for at in range(0, len(data), _BLOCK):
            block = data[at : at + _BLOCK]
            packed = _pack(block)
            if len(packed) + 2 < len(block):
                told += b"ZV\1" + len(packed).to_bytes(2, "big") + len(block).to_bytes(2, "big") + packed
            else:
                told += b"ZV\0" + len(block).to_bytes(2, "big") + block
        return bytes(told)

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        packed, spool, at = content(data), Spool(self._max_size), 0
        while at < len(packed):
            if packed[at : at + 2] != b"ZV" or packed[at + 2 : at + 3] not in {b"\0", b"\1"} or at + 5 > len(packed):
                raise LZFException(f"not LZF data: no block begins at byte {at}")
            kind, size = packed[at + 2], int.from_bytes(packed[at + 3 : at + 5], "big")
            start = at + 5 + 2 * kind
            block, at = packed[start : start + size], start + size
            if len(block) < size:
                raise LZFException("the LZF data are cut off")
            spool.write(_unpack(block, int.from_bytes(packed[start - 2 : start], "big")) if kind else block)
        return spool.body()


def _pack(block: bytes) -> bytes:
    """A block with repeats of three bytes or more told by reference; bytes between them in runs of up to 32."""
    told = bytearray()
    seen: dict[bytes, int] = {}
    at = plain = 0

    def flush(end: int) -> None:
        for start in range(plain, end, 32):
            run = block[start : min(start + 32, end)]
            told.append(len(run) - 1)
            told.extend(run)

    while at < len(block) - 2:
        key = block[at : at + 3]
        before = seen.get(key)
        seen[key] = at
        if before is None or at - before > _FAR:
            at += 1
            continue
        length = 3
        while length < _LONG and at + length < len(block) and block[before + length] == block[at + length]:
            length += 1
        flush(at)
        back, more = at - before - 1, length - 2
        told.append(min(more, 7) << 5 | back >> 8)
        if more >= 7:
            told.append(more - 7)
        told.append(back & 0xFF)
        at += length
        plain = at
    flush(len(block))
    return bytes(told)


def _unpack(block: bytes, size: int) -> bytes:
    told, at = bytearray(), 0
    try:
        while at < len(block):
            control = block[at]
            at += 1
            if control < 32:
                told += block[at : at + control + 1]
                at += control + 1
                continue
            length = (control >> 5) + 2
            if length == 9:
                length += block[at]
                at += 1
            start = len(told) - ((control & 31) << 8) - block[at] - 1
            at += 1
            if start < 0:
                raise LZFException("damaged LZF data: a reference leads before the beginning")
            for place in range(start, start + length):  # byte by byte: a reference may reach into what it writes
                told.append(told[place])
    except IndexError:
        raise LZFException("the LZF data are cut off") from None
    if len(told) != size:
        raise LZFException(f"damaged LZF data: {len(told)} bytes instead of {size}")
    return bytes(told)
