"""What plain words mean in YAML 1.1, as SnakeYAML reads them: ``yes`` is true, ``012`` octal, ``1:30`` sexagesimal, ``1e3`` a float."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from esb.coerce import read_decimal
from esb.errors import ConversionFailed

PREFIX: Final = "tag:yaml.org,2002:"

_FLOATS: Final = (
    r"\d[\d_]*\.[\d_]*(?:[eE][-+]?\d+)?|\d[\d_]*[eE][-+]?\d+|\.\d[\d_]*(?:[eE][-+]?\d+)?|\d[\d_]*(?::[0-5]?\d)+\.[\d_]*"
)

PATTERNS: Final[tuple[tuple[str, re.Pattern[str], str], ...]] = tuple(
    (PREFIX + kind, re.compile(pattern, re.ASCII), first)
    for kind, pattern, first in (
        (
            "bool",
            r"^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$",
            "yYnNtTfFoO",
        ),
        (
            "int",
            r"^[-+]?(?:0b_*[01][01_]*|0x_*[0-9a-fA-F][0-9a-fA-F_]*|0_*[0-7][0-7_]*|0|[1-9][0-9_]*(?::[0-5]?[0-9])*)$",
            "-+0123456789",
        ),
        (
            "float",
            rf"^(?:[-+]?(?:{_FLOATS}|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN))$",
            "-+0123456789.",
        ),
        ("null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
        (
            "timestamp",
            r"^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::?\d\d)?))?)$",
            "0123456789",
        ),
        ("merge", r"^<<$", "<"),
    )
)
"""Tag, pattern, and the characters that such a word begins with (NUL stands for an empty one)."""

_MOMENT: Final = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|([-+])(\d\d?):?(\d\d)?))?)?"
)
_DIGITS: Final = 4000
"""Longest number: Python's own bound for turning text into an int, which would be an error of another kind."""


def tag_of(word: str) -> str:
    """The tag of a plain scalar."""
    first = word[:1] or "\0"
    for tag, pattern, begins in PATTERNS:
        if first in begins and pattern.match(word):
            return tag
    return PREFIX + "str"


def value_of(tag: str, word: str) -> Any:
    """The value of a scalar with a tag of YAML's own. Raises ValueError for what does not fit, KeyError for other tags."""
    return _READERS[tag.removeprefix(PREFIX) if tag.startswith(PREFIX) else tag](word)


def _boolean(word: str) -> bool:
    if word.lower() not in {"yes", "no", "true", "false", "on", "off"}:
        raise ValueError(f"{word[:40]!r} is neither true nor false")
    return word.lower() in {"yes", "true", "on"}


def _integer(word: str) -> int:
    told = word.replace("_", "")
    if len(told) > _DIGITS:
        raise ValueError("a number with thousands of digits")
    sign, digits = (-1, told[1:]) if told[:1] == "-" else (1, told.removeprefix("+"))
    if ":" in digits:
        return sign * int(_sexagesimal([int(part) for part in digits.split(":")]))
    if digits.startswith(("0b", "0x")):
        return sign * int(digits, 0)
    return sign * int(digits, 8 if digits[:1] == "0" and len(digits) > 1 else 10)


def _float(word: str) -> float:
    told = word.replace("_", "").lower()
    if told.endswith((".inf", ".nan")):
        return float(told.replace(".", ""))
    if ":" in told:
        sign = -1 if told[0] == "-" else 1
        return float(sign * _sexagesimal([float(part) for part in told.lstrip("+-").split(":")]))
    return float(told)


def exact_float(word: str) -> Decimal | float:
    """As :func:`value_of` a float, with all its digits if it is written in decimals. Raises ValueError, also for one of too many digits."""
    told = word.replace("_", "")
    if ":" in told or told.lower().endswith((".inf", ".nan")):
        return _float(word)
    try:
        number = read_decimal(told)
    except ConversionFailed as error:
        raise ValueError(str(error)) from error
    if not number.is_finite():
        raise ValueError(f"{word[:40]!r} is no number")
    return number


def _sexagesimal(parts: list[Any]) -> Any:
    total = 0
    for part in parts:
        total = total * 60 + part
    return total


def _moment(word: str) -> dt.date:
    found = _MOMENT.fullmatch(word)
    if found is None:
        raise ValueError(f"{word[:40]!r} is no date")
    year, month, day, hour, minute, second, fraction, zone, sign, zone_hours, zone_minutes = found.groups()
    if hour is None:
        return dt.date(int(year), int(month), int(day))
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    away = dt.timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
    told = dt.datetime(  # noqa: DTZ001 -- the zone is added below, where there is one
        int(year), int(month), int(day), int(hour), int(minute), int(second), micro
    )
    if zone is None:
        return told.replace(tzinfo=dt.UTC)  # YAML 1.1: without a zone it is UTC
    return told.replace(tzinfo=dt.timezone(-away if sign == "-" else away) if away else dt.UTC)


def _binary(word: str) -> bytes:
    import base64

    return base64.b64decode("".join(word.split()), validate=True)


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "str": str,
    "bool": _boolean,
    "int": _integer,
    "float": _float,
    "null": lambda _: None,
    "timestamp": _moment,
    "merge": str,
    "binary": _binary,
}
