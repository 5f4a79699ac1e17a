"""Any body as pieces of text, read as they are needed: a large file is never held in memory."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, Final

from esb.coerce import Source, text
from esb.errors import Malformed
from esb.javanames import NullPointerException

CHUNK: Final = 256 * 1024
MAX_TOKEN: Final = 64 << 20
"""The longest single part (in characters) that is gathered before the input is refused."""
_DECLARED: Final = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")


def chunks(value: Any, *, xml: bool = False) -> Iterator[str]:
    """The text of a value piece by piece. Files and streams are read while the pieces are taken, and closed after the last.

    ``xml``: bytes are read in the encoding that the document declares. Raises NullPointerException for None, Malformed for bytes that are not
    in their encoding.
    """
    if value is None:
        raise NullPointerException("there is no text to cut: the body is empty")
    if isinstance(value, str):
        return iter((value,))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _decoded(iter((bytes(value),)), "", xml=xml)
    if isinstance(value, Source):
        return _decoded(_read(value), value.charset, xml=xml)
    if hasattr(value, "read"):
        return _decoded(_pieces(value), "", xml=xml)
    return iter((text(value) or "",))


def _read(source: Source) -> Iterator[bytes | str]:
    with source.open() as reader:
        yield from _pieces(reader)


def _pieces(reader: Any) -> Iterator[bytes | str]:
    while piece := reader.read(CHUNK):
        yield piece


def _decoded(pieces: Iterator[bytes | str], charset: str, *, xml: bool) -> Iterator[str]:
    decoder: codecs.IncrementalDecoder | None = None
    try:
        for piece in pieces:
            if isinstance(piece, str):
                yield piece
                continue
            if decoder is None:
                decoder = codecs.getincrementaldecoder(_encoding(piece, charset, xml=xml))()
            yield decoder.decode(piece)
        if decoder is not None:
            yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Malformed(
            f"the text is not {error.encoding}: {error.reason}; name its charset where it is read"
        ) from None
    except LookupError as error:
        raise Malformed(f"the text is in an encoding nobody knows: {error}") from None


def _encoding(first: bytes, charset: str, *, xml: bool) -> str:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if first.startswith(mark):
            return name
    declared = _DECLARED.match(first[:200]) if xml else None
    return declared[1].decode("ascii") if declared else charset or "utf-8"
