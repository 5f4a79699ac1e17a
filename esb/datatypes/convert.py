"""Conversions of single values in mappings: dates, numbers, kinds, texts."""

from __future__ import annotations

import datetime as dt
import decimal
import email.utils
import enum
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from esb.coerce import bounded
from esb.datatypes.document import Part, shown
from esb.datatypes.kinds import date_format, rounding, time_zone
from esb.errors import ConversionFailed, OptionError, UnknownName

Convert = Callable[[Any], Any]
"""Of a value that is there and not None. Raises ConversionFailed without quoting the value, which may be secret."""

_DATES: Final = {"from", "to", "zone", "from_zone"}
_NUMBERS: Final = ("round", "rounding", "multiply", "divide", "places", "decimal_mark", "group_mark", "width")


def parse_date(part: Part) -> tuple[Convert, str]:
    """``{from: FORMAT, to: FORMAT, zone: ZONE, from_zone: ZONE}``, and the kind that comes out.

    Texts are read by ``from`` (ISO by default). A date-time without a zone is taken to be in ``from_zone``; ``zone`` converts. With ``to``
    the outcome is a text; without, a date or date-time.
    """
    part.allow("'date'", _DATES)
    given, wanted = date_format(part, "from") or "iso", date_format(part, "to")
    zone, from_zone = time_zone(part), time_zone(part, "from_zone")

    def convert(value: Any) -> Any:
        if not isinstance(value, dt.date | dt.time):
            value = _read_date(value, given)
        if isinstance(value, dt.datetime):
            if value.tzinfo is None and from_zone is not None:
                value = value.replace(tzinfo=from_zone)
            if zone is not None:
                if value.tzinfo is None:
                    raise ConversionFailed("a date-time without a zone cannot be converted; give 'from_zone'")
                value = value.astimezone(zone)
        return value if wanted is None else _write_date(value, wanted)

    return convert, "moment" if wanted is None else "string"


def _read_date(value: Any, given: str) -> Any:
    try:
        if given in ("iso", "iso8601"):
            return dt.date.fromisoformat(value) if len(value) <= 10 else dt.datetime.fromisoformat(value)
        if given in ("rfc", "rfc822"):
            return email.utils.parsedate_to_datetime(value)
        if given in ("timestamp", "timestamp_ms"):
            return dt.datetime.fromtimestamp(float(value) / (1000 if given.endswith("ms") else 1), tz=dt.UTC)
        made = dt.datetime.strptime(value, given)  # noqa: DTZ007 - the zone is added by the caller where one is named
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise ConversionFailed(f"not a date of the format {given}") from error
    return made if any(sign in given for sign in ("%H", "%I", "%z", "%c", "%X")) else made.date()


def _write_date(value: Any, wanted: str) -> Any:
    if wanted in ("iso", "iso8601"):
        return value.isoformat()
    if wanted in ("rfc", "rfc822", "timestamp", "timestamp_ms"):
        moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
        if wanted in ("rfc", "rfc822"):
            return email.utils.format_datetime(moment)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
        return str(int(seconds * 1000) if wanted.endswith("ms") else int(seconds))
    return value.strftime(wanted)


def parse_number(part: Part) -> tuple[Convert, str]:
    """``{multiply: 100, round: 2, rounding: half_up}``, and the kind that comes out.

    ``places``, ``decimal_mark``, ``group_mark`` or ``width`` (filled with zeros) make a text.
    """
    part.allow("'number'", _NUMBERS)
    factor = Decimal(str(part.take("multiply", (int, float), 1)))
    divisor = Decimal(str(part.take("divide", (int, float), 1)))
    if divisor == 0:
        raise OptionError("nothing can be divided by 0", part.at_key("divide"))
    digits, mode = part.take("round", int), rounding(part) or decimal.ROUND_HALF_EVEN
    unit = None if digits is None else Decimal(1).scaleb(-digits)
    whole = digits is not None and digits <= 0
    places, width = part.take("places", int), part.take("width", int)
    mark, group = part.take("decimal_mark", str, "."), part.take("group_mark", str, "")
    as_text = any(key in part for key in ("places", "decimal_mark", "group_mark", "width"))

    def convert(value: Any) -> Any:
        number = to_decimal(value)
        try:
            if factor != 1:
                number *= factor
            if divisor != 1:
                number /= divisor
            if unit is not None:
                number = number.quantize(unit, rounding=mode)
            if not as_text:
                return int(number) if whole else number
            if places is not None:
                number = number.quantize(Decimal(1).scaleb(-places), rounding=mode)
        except decimal.InvalidOperation as error:  # more digits than the context has
            raise ConversionFailed("the number is too large") from error
        text = format(number, ",f" if group else "f").replace(",", "\0").replace(".", mark).replace("\0", group)
        return text if width is None else _filled(text, width)

    return convert, "string" if as_text else "integer" if whole else "decimal"


def _filled(text: str, width: int) -> str:
    if len(text) > width:
        raise ConversionFailed(f"the number does not fit into {width} digits")
    return text.zfill(width)


def to_decimal(value: Any) -> Decimal:
    """A number or its text, finite, and of digits that can be written out."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ConversionFailed(f"a {type(value).__name__} is no number")
    else:
        try:
            number = Decimal(str(value).strip())
        except (decimal.InvalidOperation, ValueError) as error:  # ValueError: str() of an int beyond Python's bound
            raise ConversionFailed("not a number") from error
    if not number.is_finite():
        raise ConversionFailed("not a finite number")
    return bounded(number)


def to_text(value: Any) -> str:
    """A value as the text that systems exchange: decimals without exponent, dates in ISO, true and false."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(bounded(value), "f")
        case dt.date() | dt.time():
            return value.isoformat()
        case enum.Enum():
            return value.name
        case dict() | list() | bytes():
            raise ConversionFailed(f"a {type(value).__name__} is no text")
        case _:
            return str(value)


def _to_integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = to_decimal(value)
    if number != number.to_integral_value():
        raise ConversionFailed("not a whole number; round it first")
    return int(number)


def _to_boolean(value: Any) -> bool:
    text = to_text(value).strip().lower()
    if text in ("true", "yes", "y", "1", "on", "t"):
        return True
    if text in ("false", "no", "n", "0", "off", "f"):
        return False
    raise ConversionFailed("neither true nor false")


def _to_date(value: Any) -> Any:
    found = value if isinstance(value, dt.date) else _read_date(value, "iso")
    return found.date() if isinstance(found, dt.datetime) else found


AS: Final[dict[str, Convert]] = {
    "string": to_text,
    "integer": _to_integer,
    "decimal": to_decimal,
    "float": lambda value: float(to_decimal(value)),
    "boolean": _to_boolean,
    "date": _to_date,
}


def parse_as(part: Part) -> tuple[Convert, str]:
    """``as: integer``."""
    if part.value not in AS:
        raise UnknownName("kind", str(part.value), AS, part.at)
    return AS[part.value], part.value


def parse_cut(part: Part) -> tuple[Convert, str]:
    """``cut: 40``: texts are cut to that many characters."""
    length = part.value
    if type(length) is not int or length < 1:
        raise OptionError(f"'cut' must be a whole number from 1, not {shown(length)}", part.at)
    return (lambda value: to_text(value)[:length]), "string"


def _to_datetime(value: Any) -> dt.datetime:
    return value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())


_TEXTUAL: Final = ("integer", "decimal", "float", "boolean", "date", "time", "datetime", "moment", "uuid", "enum")
STRINGS: Final = ("string", "email", "url")
_NUMERIC: Final = ("integer", "decimal", "float")
_DATED: Final = ("date", "time", "datetime", "moment")
"""``moment``: a date or a date-time, as the text had it."""


def coercion(source: str, target: str) -> Convert | None:
    """What makes a value of one kind acceptable to a field of another, where no way but one is meant; None if nothing is needed.

    Raises ValueError, saying why, for kinds of which one does not become the other without a decision.
    """
    if source == target or "any" in (source, target) or not source or not target:
        return None
    if target in STRINGS and source in _TEXTUAL:
        return to_text
    if target == "integer" and source in ("decimal", "float"):
        raise ValueError("say how to round: number: {round: 0}")
    if target == "float" and source == "decimal":
        return float
    if target == "date" and source in ("datetime", "moment"):
        return _to_date
    if target == "datetime" and source in ("date", "moment"):
        return _to_datetime
    structured = {"list", "nested", "map"}
    if source in structured or target in structured:
        raise ValueError("map its parts: {from: ..., fields: {...}} or {each: {from: ..., fields: {...}}}")
    if (source in _NUMERIC and target in _DATED) or (target in _NUMERIC and source in _DATED):
        raise ValueError("convert it with 'date'")
    return None
