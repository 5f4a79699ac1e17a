"""Conversions that steps name by type: ``String``, ``java.lang.Integer``, ``bytes`` and their like, with a charset where one is given."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any, Final

from esb.coerce import Source, converter, lenient, octets, type_names
from esb.coerce import text as as_text
from esb.errors import ConversionFailed, OptionError, Position, UnknownName

_TEXTS: Final = frozenset({"string", "str", "text", "reader", "charsequence"})
_BYTES: Final = frozenset({"byte[]", "bytes", "inputstream", "streamcache"})


def conversion(
    type_name: str, at: Position, *, mandatory: bool = True, charset: str | None = None
) -> Callable[[Any], Any]:
    """The conversion to a type. Where there is none for a value it raises NoConversion if ``mandatory``, else gives None.

    Raises UnknownName for a type and OptionError for a charset that we do not know.
    """
    plain = type_name.strip().rpartition(".")[2].lower()
    try:
        convert = converter(type_name) if mandatory else lenient(type_name)
    except KeyError:
        raise UnknownName("type", type_name, type_names(), at) from None
    if not charset:
        return convert
    try:
        codec = codecs.lookup(charset).name
    except LookupError:
        raise OptionError(
            f"there is no charset {charset!r}", at, "write its name, such as UTF-8 or ISO-8859-1"
        ) from None
    if plain in _TEXTS:
        return lambda value: _decoded(value, codec)
    if plain in _BYTES:
        return lambda value: _encoded(value, codec, convert)
    return convert


def _decoded(value: Any, codec: str) -> Any:
    if isinstance(value, Source):
        value = octets(value)
    if not isinstance(value, (bytes, bytearray, memoryview)):
        return as_text(value)
    try:
        return bytes(value).decode(codec)
    except UnicodeDecodeError as error:
        raise ConversionFailed(f"the bytes are not {codec}: {error.reason} at position {error.start}") from error


def _encoded(value: Any, codec: str, convert: Callable[[Any], Any]) -> Any:
    if not isinstance(value, str):
        return convert(value)
    try:
        return value.encode(codec)
    except UnicodeEncodeError as error:
        raise ConversionFailed(f"{value[error.start : error.start + 1]!r} cannot be written in {codec}") from error
