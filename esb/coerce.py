"""Conversions between the types that messages hold, by Camel's rules.

A body is text, bytes, a number, a boolean, None, a list, a map, an XML element, or a :class:`Source` (a file or spooled stream that can be read
again). Texts of values follow Camel, since routes compare and print them: ``true``, ``1.0E10``, ``{a=1}``, ``[1, 2]``.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Protocol, runtime_checkable

from esb.errors import ConversionFailed


@runtime_checkable
class Source(Protocol):
    """Bytes that are not held in memory: a file, a spooled body. Each ``open`` starts from the beginning."""

    charset: str

    def open(self) -> BinaryIO:
        """A new reader from the start; the caller closes it."""


def is_element(value: Any) -> bool:
    """Whether a value is an XML element or document (lxml's), without importing lxml for those who never meet one."""
    return type(value).__module__.startswith("lxml")


def _element_bytes(value: Any) -> bytes:
    from lxml import etree

    return bytes(etree.tostring(value, encoding="utf-8"))


def _element_text(value: Any) -> str:
    root = value.getroot() if hasattr(value, "getroot") else value
    return "".join(root.itertext())


def float_text(value: float) -> str:
    """A float as Java writes it: ``1.0``, ``1.0E10``, ``1.0E-4``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value) if "e" not in repr(value) else format(decimal.Decimal(repr(value)), "f")
    mantissa, _, exponent = format(decimal.Decimal(repr(value)), "E").partition("E")
    digits = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def text(value: Any) -> str | None:
    """A value as text; None stays None. An element's text is its text content, a source is read whole."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{inner(key)}={inner(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ", ".join(inner(item) for item in value) + "]"
    if is_element(value):
        return _element_text(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, Source):
        with value.open() as reader:
            return reader.read().decode(value.charset or "utf-8", "replace")
    if hasattr(value, "read"):
        data = value.read()
        return data if isinstance(data, str) else bytes(data).decode("utf-8", "replace")
    return str(value)


def inner(value: Any) -> str:
    """Text of a value inside a list or map, where nothing is ``null``."""
    told = text(value)
    return "null" if told is None else told


def octets(value: Any, charset: str = "utf-8") -> bytes:
    """A value as bytes: text in ``charset``, elements as XML, sources read whole. Raises ConversionFailed for maps, lists and None."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        return value.encode(charset)
    if is_element(value):
        return _element_bytes(value)
    if isinstance(value, Source):
        with value.open() as reader:
            return reader.read()
    if hasattr(value, "read"):
        data = value.read()
        return data.encode(charset) if isinstance(data, str) else bytes(data)
    if value is None or isinstance(value, (Mapping, list, tuple, set)):
        kind = "nothing" if value is None else f"a {type(value).__name__}"
        raise ConversionFailed(
            f"{kind} cannot be had as bytes: marshal it first (json, xml, csv), or convert it to text"
        )
    told = text(value)
    return (told or "").encode(charset)


def integer(value: Any) -> int | None:
    """A value as a whole number; None stays None. Raises ConversionFailed."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (float, decimal.Decimal)):
        return int(value)
    told = text(value)
    try:
        return int(told.strip()) if told is not None else None
    except ValueError:
        raise ConversionFailed(f"{told!r} is not a whole number") from None


def floating(value: Any) -> float | None:
    """A value as a float; None stays None. Raises ConversionFailed."""
    if value is None or isinstance(value, float):
        return value
    if isinstance(value, (int, decimal.Decimal)):
        return float(value)
    told = text(value)
    try:
        return float(told) if told is not None else None
    except ValueError:
        raise ConversionFailed(f"{told!r} is not a number") from None


def exact(value: Any) -> decimal.Decimal | None:
    """A value as a Decimal; None stays None. Raises ConversionFailed."""
    if value is None or isinstance(value, decimal.Decimal):
        return value
    try:
        return decimal.Decimal(value) if isinstance(value, int) else decimal.Decimal((text(value) or "").strip())
    except decimal.InvalidOperation:
        raise ConversionFailed(f"{text(value)!r} is not a number") from None


def boolean(value: Any) -> bool | None:
    """A value as a boolean: ``true``/``false`` in any case; None stays None. Raises ConversionFailed."""
    if value is None or isinstance(value, bool):
        return value
    told = (text(value) or "").strip().lower()
    if told in {"true", "false"}:
        return told == "true"
    raise ConversionFailed(f"{told!r} is neither true nor false")


def truthy(value: Any) -> bool:
    """Camel's truth of a value in a predicate: None, "", "false" and empty lists are false; everything else, 0 too, is true."""
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    if isinstance(value, str):
        return bool(value) and value.lower() != "false"
    if isinstance(value, (list, tuple)):
        return bool(value)
    return True


def listed(value: Any) -> list[Any]:
    """A value as a list: a list as it is, None as an empty one, anything else as one item."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple, set)) else [value]


def _mapping(value: Any) -> Any:
    if value is None or isinstance(value, Mapping):
        return value
    raise ConversionFailed(f"a {type(value).__name__} is not a map: unmarshal it first")


def _element(value: Any) -> Any:
    if value is None or is_element(value):
        return value
    from esb.xml import parse

    return parse(octets(value))


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "string": text,
    "str": text,
    "text": text,
    "byte[]": lambda value: None if value is None else octets(value),
    "bytes": lambda value: None if value is None else octets(value),
    "inputstream": lambda value: None if value is None else octets(value),
    "streamcache": lambda value: None if value is None else octets(value),
    "reader": text,
    "integer": integer,
    "int": integer,
    "long": integer,
    "short": integer,
    "biginteger": integer,
    "double": floating,
    "float": floating,
    "number": floating,
    "bigdecimal": exact,
    "decimal": exact,
    "boolean": boolean,
    "bool": boolean,
    "list": listed,
    "arraylist": listed,
    "collection": listed,
    "map": _mapping,
    "hashmap": _mapping,
    "linkedhashmap": _mapping,
    "dict": _mapping,
    "document": _element,
    "node": _element,
    "element": _element,
    "object": lambda value: value,
}


def converter(name: str) -> Callable[[Any], Any]:
    """The conversion to a type by its Java or Python name; only the last part of a dotted name counts. Raises KeyError if unknown."""
    return _CONVERTERS[name.rsplit(".", 1)[-1].lower()]


def type_names() -> tuple[str, ...]:
    """Names that :func:`converter` knows."""
    return tuple(_CONVERTERS)
