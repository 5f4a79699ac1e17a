"""Text that comes as bytes, line by line: what formats of rows share."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from esb.coerce import Source, octets
from esb.errors import ConversionFailed, Malformed
from esb.exchange import Exchange


def charset_of(exchange: Exchange, given: str | None) -> str:
    """The encoding that an option gives, else that of the exchange (``CamelCharsetName``, which convertBodyTo and file set), else UTF-8."""
    return given or exchange.properties.get("CamelCharsetName") or "utf-8"


def within_record(name: str, told: str, separator: str) -> str:
    """A value of a record of fixed width that has a line of its own, or ends with ``separator``.

    Raises ConversionFailed for a value that ends its record: whoever reads the text would take the rest of it for another one.
    """
    if "\n" in told or "\r" in told or (not separator.isspace() and separator and separator in told):
        raise ConversionFailed(
            f"{name!r} holds the end of a record within its value: take it out, or replace it by a blank"
        )
    return told


def text_lines(data: Any, charset: str, newline: str = "") -> Iterator[str]:
    """Lines with their ends, from text, bytes or a source that is read as it goes and closed at the end; a byte order mark is read over.

    ``newline`` is what ends a line, as of :func:`open`: any of the usual ones when empty. Raises Malformed with the line of bytes that
    are no text in that encoding.
    """
    if isinstance(data, str):
        yield from io.StringIO(data.removeprefix("\ufeff"), newline=newline)
        return
    encoding = "utf-8-sig" if charset.lower().replace("_", "-") in {"utf-8", "utf8"} else charset
    count = 0
    with (
        data.open() if isinstance(data, Source) else io.BytesIO(octets(data)) as binary,
        io.TextIOWrapper(binary, encoding, newline=newline) as lines,
    ):
        try:
            for line in lines:
                count += 1
                yield line
        except UnicodeDecodeError as error:
            line_number = (
                count + 1 + error.object.count(b"\n", 0, error.start)
            )  # what was read ahead begins with a new line or within one
            raise Malformed(f"line {line_number}: not text in {charset}: {error.reason}") from error
