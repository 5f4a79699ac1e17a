"""``gzipDeflater``: gzip files (RFC 1952), whole ones in both directions."""

from __future__ import annotations

from typing import Any

from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._inflate import GZIP, gzip, inflate
from esb.dataformats._octets import MAX_RATIO, MAX_SIZE, Spool, reader
from esb.exchange import Exchange


class GzipDeflater(DataFormatSpec):
    """gzip."""

    name = "gzipDeflater"
    max_decompressed_size = MAX_SIZE
    max_ratio = MAX_RATIO

    def build(self, context: Context) -> DataFormat:
        return GzipFormat(self.max_decompressed_size, self.max_ratio)


class GzipFormat:
    """Packs and unpacks piece by piece; a large result is kept in a file. Stateless after construction."""

    def __init__(self, max_size: int, max_ratio: int) -> None:
        self._max_size = max_size
        self._max_ratio = max_ratio

    def marshal(self, exchange: Exchange, value: Any) -> Any:
        spool = Spool()
        with reader(value) as source:
            gzip(source, spool)
        return spool.body()

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        spool = Spool(self._max_size, self._max_ratio)
        with reader(data) as source:
            inflate(source, spool, GZIP)
        return spool.body()
