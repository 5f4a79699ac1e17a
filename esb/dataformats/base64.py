"""``base64``: bytes as letters, in lines as MIME asks (Camel's page "Base64"; RFC 2045, section 6.8)."""

from __future__ import annotations

import binascii
import re
from typing import Any, Final

from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._octets import content
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field

_FOREIGN: Final = re.compile(rb"[^A-Za-z0-9+/=]")
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


class Base64(DataFormatSpec):
    """Base64."""

    name = "base64"
    line_length = field(Kind.INT, 76, doc="Longest line when writing; 0 for one line without an end.")
    line_separator = field(Kind.TEXT, "\r\n", raw=True, doc="What ends each line.")
    url_safe = field(Kind.BOOL, False, doc="Write - and _ for + and /; both are read in any case.")

    def build(self, context: Context) -> DataFormat:
        separator = self.line_separator.encode()
        if _FOREIGN.sub(b"", separator.translate(_URL_SAFE)):
            raise OptionError(f"'lineSeparator' holds letters of base64: {self.line_separator!r}", self.at)
        return Base64Format(max(0, self.line_length) // 4 * 4, separator, url_safe=self.url_safe)


class Base64Format:
    """Reads leniently, as Camel does: what is no letter of base64 is read over, the first ``=`` ends it. Stateless after construction."""

    def __init__(self, width: int, separator: bytes, *, url_safe: bool) -> None:
        self._width = width
        self._separator = separator
        self._url_safe = url_safe

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        letters = binascii.b2a_base64(content(value), newline=False)
        if self._url_safe:
            letters = letters.replace(b"+", b"-").replace(b"/", b"_")
        if not self._width:
            return letters
        lines = (letters[at : at + self._width] + self._separator for at in range(0, len(letters), self._width))
        return b"".join(lines)

    def unmarshal(self, exchange: Exchange, data: Any) -> bytes:
        letters = content(data).translate(_URL_SAFE)
        letters = _FOREIGN.sub(b"", letters).partition(b"=")[0]
        if len(letters) % 4 == 1:
            letters = letters[:-1]  # six bits are no byte
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
