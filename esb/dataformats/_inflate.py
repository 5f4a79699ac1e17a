"""Unpacking of deflated streams, piece by piece and within bounds."""

from __future__ import annotations

import zlib
from typing import BinaryIO, Final

from esb.dataformats._octets import CHUNK, EOFException, Spool, Unreadable, ZipException

ZLIB: Final = 15
GZIP: Final = 31
"""Window bits of :mod:`zlib` for the two kinds of frame."""


def inflate(source: BinaryIO, spool: Spool, frame: int) -> None:
    """Unpack a stream into a spool.

    A gzip stream may have several members, one after the other, and nothing else; what follows a zlib stream is not read. Raises
    Unreadable for what is not of that kind, damaged, cut off, or beyond the spool's bounds.
    """
    unpacker = zlib.decompressobj(frame)
    packed = source.read(CHUNK)
    read = len(packed)
    if not packed:
        raise (Unreadable if frame == GZIP else EOFException)("there is nothing to unpack: the body is empty")
    while True:
        try:
            spool.write(unpacker.decompress(packed, CHUNK), read)
        except zlib.error as error:
            raise _damaged(error, frame) from error
        packed = unpacker.unconsumed_tail
        if unpacker.eof:
            packed = unpacker.unused_data or source.read(CHUNK)
            if not packed or frame == ZLIB:
                return
            if packed[:1] != b"\x1f":
                raise Unreadable("other data follow the gzip data")
            read += 0 if unpacker.unused_data else len(packed)
            unpacker = zlib.decompressobj(frame)
        elif not packed:
            packed = source.read(CHUNK)
            read += len(packed)
            if not packed:
                # What was held back for want of room comes first.
                rest = unpacker.flush()
                spool.write(rest, read)
                if not unpacker.eof:
                    raise EOFException("the packed data are cut off")


def _damaged(error: zlib.error, frame: int) -> Unreadable:
    told = str(error).rpartition(": ")[2]
    return Unreadable(f"not gzip data: {told}") if frame == GZIP else ZipException(f"not zlib data: {told}")


def deflate(source: BinaryIO, spool: Spool, level: int = -1) -> None:
    """Pack a stream into a spool as zlib."""
    packer = zlib.compressobj(level)
    while chunk := source.read(CHUNK):
        spool.write(packer.compress(chunk))
    spool.write(packer.flush())


def gzip(source: BinaryIO, spool: Spool) -> None:
    """Pack a stream into a spool as gzip. The same bytes give the same result, the one that Camel gives: no time, no system."""
    packer = zlib.compressobj(-1, zlib.DEFLATED, -ZLIB)
    spool.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")
    checksum, size = 0, 0
    while chunk := source.read(CHUNK):
        checksum, size = zlib.crc32(chunk, checksum), size + len(chunk)
        spool.write(packer.compress(chunk))
    spool.write(packer.flush() + checksum.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"))
