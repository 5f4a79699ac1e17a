"""Conversions between the types that messages hold, by Camel's rules.

A body is text, bytes, a number, a boolean, None, a list, a map, an XML element, or a :class:`Source` (a file or spooled stream that can be read
again). Texts of values follow Camel, since routes compare and print them: ``true``, ``1.0E10``, ``{a=1}``, ``[1, 2]``.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO, Final, Protocol, runtime_checkable

from esb.errors import ConversionFailed

_WHOLE: Final = re.compile(r"[+-]?\d+")
_MOST_DIGITS: Final = 400
_NUMBER: Final = re.compile(r"[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?)")


class NoConversion(ConversionFailed):
    """There is no way from the value's type to the wanted one, whatever the value. Camel gives null where it is lenient."""


class Textual:
    """A mixin for values whose text is their own affair, though they are lists or maps: what XPath and jq select."""

    __slots__ = ()

    def as_text(self) -> str:
        """The text of the whole."""
        raise NotImplementedError


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

    return bytes(etree.tostring(value, encoding="utf-8", with_tail=False))


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
    """A value as text; None stays None. An element's text is its XML, as Camel converts it; a source is read whole."""
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
    if isinstance(value, Textual):
        return value.as_text()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{inner(key)}={inner(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ", ".join(inner(item) for item in value) + "]"
    return _object_text(value)


def _object_text(value: Any) -> str:
    if is_element(value):
        return _element_bytes(value).decode()
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, BaseException):
        from esb.javanames import java_name  # late: it names the conversions' own failures

        message = str(value)
        return java_name(type(value)) + (f": {message}" if message else "")
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
    """A value as a whole number, as Java reads one (no blanks, no underscores); None stays None. Raises ConversionFailed."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float):
        return int(value)
    if isinstance(value, decimal.Decimal):
        return int(bounded(value))
    told = _scalar_text(value, "a whole number")
    if not _WHOLE.fullmatch(told):
        raise ConversionFailed(f"{_shown(told)} is not a whole number")
    return int(told)


def bounded(number: decimal.Decimal) -> decimal.Decimal:
    """A Decimal whose digits can be written out: 400 before or behind the point, more than any float has. Raises ConversionFailed.

    ``1e3000000`` takes nine characters, but minutes to become an int, and no other thread runs meanwhile.
    """
    if abs(number.adjusted()) > _MOST_DIGITS:
        raise ConversionFailed(f"a number of more than {_MOST_DIGITS} digits, written out, is not taken")
    return number


def read_decimal(told: str) -> decimal.Decimal:
    """A number in a text from outside as a Decimal with all its digits. Raises ConversionFailed, also for one beyond :func:`bounded`."""
    try:
        return bounded(decimal.Decimal(told))
    except decimal.InvalidOperation as error:  # also for exponents beyond what decimals have
        raise ConversionFailed(f"not a number, or one of more than {_MOST_DIGITS} digits") from error


def floating(value: Any) -> float | None:
    """A value as a float, as Java reads one; None stays None. Raises ConversionFailed."""
    if value is None or isinstance(value, float):
        return value
    if isinstance(value, (int, decimal.Decimal)) and not isinstance(value, bool):
        return float(value)
    told = _scalar_text(value, "a number").strip()
    if not _NUMBER.fullmatch(told):
        raise ConversionFailed(f"{_shown(told)} is not a number")
    return float(told if told.endswith(("NaN", "Infinity")) else told.rstrip("dDfF"))


def exact(value: Any) -> decimal.Decimal | None:
    """A value as a Decimal; None stays None. Raises ConversionFailed."""
    if value is None or isinstance(value, decimal.Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return decimal.Decimal(value)
    told = _scalar_text(value, "a number").strip()
    if not _NUMBER.fullmatch(told):
        raise ConversionFailed(f"{_shown(told)} is not a number")
    return decimal.Decimal(told.rstrip("dDfF"))


def boolean(value: Any) -> bool | None:
    """A value as a boolean: ``true``/``false`` in any case, positive whole numbers are true; None stays None. Raises ConversionFailed."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value > 0
    if isinstance(value, (str, bytes)):
        told = (text(value) or "").lower()
        if told in {"true", "false"}:
            return told == "true"
        raise NoConversion(f"{_shown(told)} is neither true nor false")
    raise NoConversion(f"a {type(value).__name__} is neither true nor false")


def _scalar_text(value: Any, wanted: str) -> str:
    if isinstance(value, (bool, Mapping, list, tuple, set, dt.date)) and not isinstance(value, Textual):
        raise NoConversion(f"a {type(value).__name__} is not {wanted}")
    return text(value) or ""


def _shown(told: str) -> str:
    return repr(told if len(told) <= 60 else told[:57] + "...")


def truthy(value: Any) -> bool:
    """Camel's truth of a value in a predicate: everything, 0 and the empty map too, except the following.

    None, blank text and "false" in any case, empty lists, an XML element with neither attributes nor content.
    """
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    if isinstance(value, str):
        told = value.strip()
        return bool(told) and told.lower() != "false"
    if isinstance(value, (list, tuple, set)):
        return bool(value)
    if is_element(value):
        root = value.getroot() if hasattr(value, "getroot") else value
        return bool(root.attrib) or len(root) > 0 or bool(root.text)
    return True


def listed(value: Any) -> list[Any]:
    """A value as a list: a list as it is, None as an empty one, anything else as one item."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple, set)) else [value]


def _big_decimal(value: Any) -> decimal.Decimal | None:
    if isinstance(value, str):  # Camel has no such conversion; ``decimal`` is ours
        raise NoConversion("a text is no BigDecimal: convert it to decimal")
    return exact(value)


def _sequence(value: Any) -> Any:
    if value is None or isinstance(value, list):
        return value
    if isinstance(value, (str, bytes, bool, int, float, decimal.Decimal, Mapping)) or not isinstance(value, Iterable):
        raise NoConversion(f"a {type(value).__name__} is not a list")
    return list(value)


def _octets(value: Any) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, (int, float, decimal.Decimal, list, tuple, set, Mapping)) and not isinstance(value, Textual):
        raise NoConversion(f"a {type(value).__name__} cannot be had as bytes: convert it to text, or marshal it first")
    return octets(text(value) if isinstance(value, Textual) else value)


def _mapping(value: Any) -> Any:
    if value is None or isinstance(value, Mapping):
        return value
    raise NoConversion(f"a {type(value).__name__} is not a map: unmarshal it first")


def _element(value: Any) -> Any:
    if value is None or is_element(value):
        return value
    from esb.xml import parse

    return parse(octets(value))


_TYPES: Final[tuple[tuple[Callable[[Any], Any], str], ...]] = (
    (text, "string str text charsequence character char reader"),
    (_octets, "byte[] bytes inputstream streamcache bytebuffer"),
    (integer, "integer int long short byte biginteger"),
    (floating, "double float number"),
    (exact, "decimal"),
    (_big_decimal, "bigdecimal"),
    (boolean, "boolean bool"),
    (_sequence, "list arraylist collection set iterable iterator"),
    (_mapping, "map hashmap linkedhashmap dict"),
    (_element, "document node element source"),
    (lambda value: value, "object"),
)
_CONVERTERS: Final = {name: convert for convert, names in _TYPES for name in names.split()}
_PRIMITIVES: Final[dict[str, Any]] = {
    **dict.fromkeys(("int", "long", "short", "byte"), 0),
    **dict.fromkeys(("float", "double"), 0.0),
    **dict.fromkeys(("boolean", "char", "bool"), None),
}
"""Java's primitive types, and what stands for a missing value there."""


def converter(name: str) -> Callable[[Any], Any]:
    """The conversion to a type by its Java or Python name; only the last part of a dotted name counts. Raises KeyError if unknown.

    The conversion raises :class:`NoConversion` where Camel knows none, and ConversionFailed for a value that cannot be read.
    """
    return _CONVERTERS[name.strip().rsplit(".", 1)[-1].lower()]


def lenient(name: str) -> Callable[[Any], Any]:
    """As :func:`converter`, but where there is no conversion at all the result is None (``bodyAs``). Raises KeyError if unknown."""
    convert = converter(name)

    def attempt(value: Any) -> Any:
        try:
            return convert(value)
        except NoConversion:
            return None

    return attempt


def result_converter(name: str) -> Callable[[Any], Any]:
    """The conversion of an expression's ``resultType``: as :func:`lenient`, with Camel's rule for primitive types. Raises KeyError if unknown.

    For ``int``, ``boolean`` and their like, whole numbers and booleans pass as they are, and a missing number is zero.
    """
    convert = lenient(name)
    if name not in _PRIMITIVES:
        return convert
    missing = _PRIMITIVES[name]

    def primitive(value: Any) -> Any:
        if value is None:
            return missing
        return value if isinstance(value, int) else convert(value)

    return primitive


def type_names() -> tuple[str, ...]:
    """Names that :func:`converter` knows."""
    return tuple(_CONVERTERS)
