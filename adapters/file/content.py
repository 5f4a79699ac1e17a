"""What a message's body is as the bytes of a file."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any, BinaryIO

from adapters.file.errors import Refused
from esb.coerce import Source, Textual, is_element, octets
from esb.errors import ConversionFailed


def chunks(body: Any, charset: str | None, size: int) -> Iterator[bytes]:
    """The bytes, in pieces of about ``size``: sources are copied, never held. ``charset`` recodes text, also that of sources and bytes (UTF-8).

    Raises Refused for numbers, maps and lists (as Camel does), and for text that the charset cannot hold.
    """
    try:
        yield from _chunks(body, charset, size)
    except UnicodeError as error:
        raise Refused(f"the body cannot be written in {charset or 'utf-8'}: {error}") from error


def _chunks(body: Any, charset: str | None, size: int) -> Iterator[bytes]:
    if isinstance(body, str):
        yield body.encode(charset or "utf-8")
    elif isinstance(body, (bytes, bytearray, memoryview)):
        plain = bytes(body)
        yield plain.decode("utf-8").encode(charset) if _recodes("utf-8", charset) and charset else plain
    elif isinstance(body, Textual):
        yield body.as_text().encode(charset or "utf-8")
    elif is_element(body):
        yield octets(body)
    elif isinstance(body, Source):
        with body.open() as reader:
            yield from _copied(reader, body.charset or "utf-8", charset, size)
    elif hasattr(body, "read"):
        yield from _copied(body, "utf-8", charset, size)
    else:
        raise Refused(
            f"cannot store file: a {type(body).__name__} cannot be written; marshal it first (json, csv, xml) or convert it to text"
        ) from ConversionFailed(f"a {type(body).__name__} cannot be had as bytes")


def _recodes(source: str, target: str | None) -> bool:
    return target is not None and codecs.lookup(source) != codecs.lookup(target)


def _copied(reader: BinaryIO, source: str, target: str | None, size: int) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(source)() if _recodes(source, target) else None
    encoder = codecs.getincrementalencoder(target)() if target else None
    while piece := reader.read(size):
        if isinstance(piece, str):
            yield encoder.encode(piece) if encoder else piece.encode()
        elif decoder and encoder:
            yield encoder.encode(decoder.decode(piece))
        else:
            yield piece
    if decoder and encoder:
        yield encoder.encode(decoder.decode(b"", final=True), final=True)
