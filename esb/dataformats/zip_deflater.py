"""``zipDeflater``: zlib streams (RFC 1950). Not zip files: those are ``zipFile``."""

from __future__ import annotations

from typing import Any

from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._inflate import ZLIB, deflate, inflate
from esb.dataformats._octets import MAX_RATIO, MAX_SIZE, Spool, reader
from esb.exchange import Exchange
from esb.fields import Kind, field


class ZipDeflater(DataFormatSpec):
    """zlib."""

    name = "zipDeflater"
    compression_level = field(
        Kind.TEXT, "-1", enum=tuple(str(level) for level in range(-1, 10)), doc="0 to 9; -1 for the usual one."
    )
    max_decompressed_size = MAX_SIZE
    max_ratio = MAX_RATIO

    def build(self, context: Context) -> DataFormat:
        return ZlibFormat(int(self.compression_level), self.max_decompressed_size, self.max_ratio)


class ZlibFormat:
    """Packs and unpacks piece by piece; a large result is kept in a file. Stateless after construction."""

    def __init__(self, level: int, max_size: int, max_ratio: int) -> None:
        self._level = level
        self._max_size = max_size
        self._max_ratio = max_ratio

    def marshal(self, exchange: Exchange, value: Any) -> Any:
        spool = Spool()
        with reader(value) as source:
            deflate(source, spool, self._level)
        return spool.body()

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        spool = Spool(self._max_size, self._max_ratio)
        with reader(data) as source:
            inflate(source, spool, ZLIB)
        return spool.body()
