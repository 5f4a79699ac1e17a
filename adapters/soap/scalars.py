"""Simple types of XML Schema as Python values, exact in both directions.

=========================  ===================================================================================
XML Schema                 Python
=========================  ===================================================================================
string and its kin         str (white space as the type says)
boolean                    bool
integer and its kin        int, of any size
decimal, float, double     Decimal: the digits of the text, never a binary float; ``INF`` and ``NaN`` too
dateTime, time             datetime, time; aware if the text has a zone; digits beyond microseconds are cut
date                       date; a zone is dropped, as Python's dates have none
duration, gYear, ...       str, as written
base64Binary, hexBinary    bytes; written also from their text, which is what JSON has
QName, NOTATION            str ``{namespace}name``
lists                      list; no item is empty or holds blanks, which part the items
unions                     the common type of the members, otherwise str
=========================  ===================================================================================
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import decimal
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from adapters.soap import binary
from adapters.soap.contract.model import Schemas, SimpleType
from esb.coerce import Source
from esb.coerce import octets as content

_LONGEST: Final = 1000
"""Digits before or after the point: 1E+999999999 is short as a number and a gigabyte as digits."""
_SPACE: Final = re.compile(r"[ \t\r\n]+")

Read = Callable[[str], Any]
Write = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text to value and back; both raise ValueError with what is wrong. ``qname`` marks names, which need the element's prefixes."""

    kind: str
    read: Read
    write: Write
    qname: bool = False


def scalar_of(simple: SimpleType, schemas: Schemas) -> Scalar:
    """The conversion for a simple type."""
    if simple.members:
        members = {(member := _of(key, schemas)).kind: member for key in simple.members}
        return next(iter(members.values())) if len(members) == 1 else _TEXT
    if simple.item:
        return _list(_of(simple.item, schemas))
    return _BUILTIN.get(simple.builtin, _TEXT)


def _of(key: str, schemas: Schemas) -> Scalar:
    found = schemas.type(key)
    return scalar_of(found, schemas) if isinstance(found, SimpleType) else _TEXT


def _parts(text: str) -> list[str]:
    """What stands between XML's white space, which is less than Python's: a no-break space is part of a word."""
    return [part for part in _SPACE.split(text) if part]


def _read_token(text: str) -> str:
    return " ".join(_parts(text))


def _read_boolean(text: str) -> bool:
    plain = text.strip()
    if plain in {"true", "1"}:
        return True
    if plain in {"false", "0"}:
        return False
    raise ValueError(f"{plain[:40]!r} is not true or false")


def _read_integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a whole number") from None


def _read_decimal(text: str) -> Decimal:
    plain = text.strip()
    try:
        return Decimal("Infinity" if plain == "INF" else "-Infinity" if plain == "-INF" else plain)
    except decimal.InvalidOperation:
        raise ValueError(f"{plain[:40]!r} is not a number") from None


def _read_datetime(text: str) -> dt.datetime:
    plain = text.strip()
    if "T24:00:00" in plain:  # XML Schema's midnight at the end of a day
        return dt.datetime.fromisoformat(plain.replace("T24:", "T00:")) + dt.timedelta(days=1)
    return dt.datetime.fromisoformat(plain)


def _read_time(text: str) -> dt.time:
    plain = text.strip()
    return dt.time.fromisoformat("00" + plain[2:] if plain.startswith("24:00:00") else plain)


_DATE: Final = re.compile(r"\s*(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)?\s*", re.ASCII)


def _read_date(text: str) -> dt.date:
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError(f"{text[:40]!r} is not a date of the years 1 to 9999")
    return dt.date.fromisoformat(found[1])


def _read_base64(text: str) -> Any:
    beside = binary.give(text)
    if beside is not None:
        return beside
    try:
        return base64.b64decode(text)
    except binascii.Error as exc:
        raise ValueError(f"not base64: {exc}") from None


def _write_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal, float)):
        return str(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    raise ValueError(f"{type(value).__name__} is not text")


def _write_boolean(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "true" if _read_boolean(value) else "false"
    raise ValueError(f"{type(value).__name__} is not true or false")


def _write_integer(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise ValueError(f"{type(value).__name__} is not a whole number")  # noqa: TRY004 -- one kind of error for all bad values
    if isinstance(value, Decimal):
        if not value.is_finite() or value.adjusted() > _LONGEST or value != value.to_integral_value():
            raise ValueError(f"{value} is not a whole number of a sensible length")
        return str(int(value))
    return str(value if isinstance(value, int) else _read_integer(value))


def _exact(value: Any) -> Decimal:
    """A number as Decimal. A float passes only with so few digits that it is what somebody wrote (15 survive the way through binary)."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str):
        return _read_decimal(value)
    if isinstance(value, float):
        exact = Decimal(repr(value))
        if len(exact.as_tuple().digits) > 15:
            raise ValueError(f"{value!r} is a binary float that has lost its exact digits: give a Decimal or text")
        return exact
    raise ValueError(f"{type(value).__name__} is not a number")


def _write_decimal(value: Any) -> str:
    exact = _exact(value)
    if not exact.is_finite() or abs(exact.adjusted()) > _LONGEST:
        raise ValueError(f"{exact} is not a decimal number of a sensible length")
    return format(exact, "f")


def _write_double(value: Any) -> str:
    exact = _exact(value) if not isinstance(value, float) else Decimal(repr(value))
    if exact.is_infinite():
        return "-INF" if exact < 0 else "INF"
    return "NaN" if exact.is_nan() else str(exact)


def _write_datetime(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, str):
        return value
    raise ValueError(f"{type(value).__name__} is not a date with a time")


def _write_date(value: Any) -> str:
    if isinstance(value, dt.datetime):
        if value.time() != dt.time():
            raise ValueError(f"{value} has a time of day, which a date would lose")
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    raise ValueError(f"{type(value).__name__} is not a date")


def _write_time(value: Any) -> str:
    if isinstance(value, dt.time):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, str):
        return value
    raise ValueError(f"{type(value).__name__} is not a time")


def _write_duration(value: Any) -> str:
    if isinstance(value, dt.timedelta):
        sign = "-" if value < dt.timedelta() else ""
        value = abs(value)
        fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
        return f"{sign}P{value.days}DT{value.seconds}{fraction}S"
    if isinstance(value, str):
        return value
    raise ValueError(f"{type(value).__name__} is not a duration such as P1DT2H")


def _octets(value: Any) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, Source):
        return content(value) or b""
    raise ValueError(f"{type(value).__name__} is not bytes")


def _write_base64(value: Any) -> str:
    if isinstance(value, str):  # from JSON, which has no bytes: base64 already
        base64.b64decode("".join(value.split()), validate=True)
        return value
    token, value = binary.take(value)
    return token or base64.b64encode(_octets(value)).decode("ascii")


def _write_hex(value: Any) -> str:
    if isinstance(value, str):
        value = bytes.fromhex(value)
    return _octets(value).hex().upper()


def _list(item: Scalar) -> Scalar:
    def read(text: str) -> list[Any]:
        return [item.read(part) for part in _parts(text)]

    def write(value: Any) -> str:
        if isinstance(value, (list, tuple)):
            return " ".join(one(part) for part in value)
        return item.write(value)

    def one(value: Any) -> str:
        told = item.write(value)
        if _parts(told) != [told]:  # blanks part the items: the partner would read another number of them
            raise ValueError(f"{told[:40]!r} cannot be an item of a list, where no item is empty or holds blanks")
        return told

    return Scalar(f"list of {item.kind}", read, write)


_TEXT: Final = Scalar("text", str, _write_text)
_TOKEN: Final = Scalar("token", _read_token, _write_text)
_INTEGER: Final = Scalar("integer", _read_integer, _write_integer)
_DOUBLE: Final = Scalar("double", _read_decimal, _write_double)
_NAME: Final = Scalar("name", str.strip, _write_text, qname=True)
_AS_WRITTEN: Final = Scalar("token", _read_token, _write_duration)

_BUILTIN: Final[dict[str, Scalar]] = {
    "string": _TEXT,
    "anySimpleType": _TEXT,
    "normalizedString": Scalar("text", lambda text: re.sub(r"[\t\r\n]", " ", text), _write_text),
    **dict.fromkeys(("token", "language", "NMTOKEN", "Name", "NCName", "ID", "IDREF", "ENTITY", "anyURI"), _TOKEN),
    **dict.fromkeys(("NMTOKENS", "IDREFS", "ENTITIES"), _list(_TOKEN)),
    **dict.fromkeys(("QName", "NOTATION"), _NAME),
    "boolean": Scalar("boolean", _read_boolean, _write_boolean),
    **dict.fromkeys(
        ("integer", "nonPositiveInteger", "negativeInteger", "long", "int", "short", "byte", "nonNegativeInteger"),
        _INTEGER,
    ),
    **dict.fromkeys(("unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte", "positiveInteger"), _INTEGER),
    "decimal": Scalar("decimal", _read_decimal, _write_decimal),
    "float": _DOUBLE,
    "double": _DOUBLE,
    "dateTime": Scalar("dateTime", _read_datetime, _write_datetime),
    "date": Scalar("date", _read_date, _write_date),
    "time": Scalar("time", _read_time, _write_time),
    **dict.fromkeys(("duration", "gYearMonth", "gYear", "gMonthDay", "gDay", "gMonth"), _AS_WRITTEN),
    "base64Binary": Scalar("base64", _read_base64, _write_base64),
    "hexBinary": Scalar("hex", lambda text: bytes.fromhex(text.strip()), _write_hex),
}

BUILTINS: Final = frozenset(_BUILTIN)
"""Local names of the simple types of XML Schema."""


def text_of(value: Any) -> tuple[str, str]:
    """The XML Schema type and text that carry a Python value where the schema allows any type."""
    if isinstance(value, bool):
        return "boolean", _write_boolean(value)
    if isinstance(value, int):
        return ("int" if -(2**31) <= value < 2**31 else "long" if -(2**63) <= value < 2**63 else "integer"), str(value)
    if isinstance(value, Decimal):
        return "decimal", _write_decimal(value)
    if isinstance(value, float):
        return "double", _write_double(value)
    if isinstance(value, dt.datetime):
        return "dateTime", _write_datetime(value)
    if isinstance(value, dt.date):
        return "date", _write_date(value)
    if isinstance(value, dt.time):
        return "time", _write_time(value)
    if isinstance(value, (bytes, bytearray)):
        return "base64Binary", _write_base64(value)
    return "string", _write_text(value)
