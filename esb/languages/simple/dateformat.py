"""Date patterns of Java's SimpleDateFormat (its Javadoc), compiled to a formatter.

Names are English; weeks begin on Sunday, as in Java's default locale.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable
from typing import Final

Formatter = Callable[[dt.datetime], str]

_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS: Final = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_PIECE: Final = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|([^A-Za-z']+)")
_UTC_NAMES: Final = {"UTC": "Coordinated Universal Time", "GMT": "Greenwich Mean Time"}


def _year(moment: dt.datetime, width: int) -> str:
    return f"{moment.year % 100:02d}" if width == 2 else f"{moment.year:0{width}d}"


def _month(moment: dt.datetime, width: int) -> str:
    if width >= 4:
        return _MONTHS[moment.month - 1]
    return _MONTHS[moment.month - 1][:3] if width == 3 else f"{moment.month:0{width}d}"


def _sunday_week(moment: dt.datetime) -> tuple[int, int]:
    """Year and week, weeks beginning on Sunday, the first one holding 1 January."""

    def first(year: int) -> dt.date:
        start = dt.date(year, 1, 1)
        return start - dt.timedelta(days=start.isoweekday() % 7)

    day = moment.date()
    year = day.year + (day >= first(day.year + 1))
    return year, (day - first(year)).days // 7 + 1


def _week_year(moment: dt.datetime, width: int) -> str:
    year = _sunday_week(moment)[0]
    return f"{year % 100:02d}" if width == 2 else f"{year:0{width}d}"


def _week_of_month(moment: dt.datetime) -> int:
    first = moment.replace(day=1)
    return (moment.day - 1 + first.isoweekday() % 7) // 7 + 1


def _zone_name(moment: dt.datetime, width: int) -> str:
    name = moment.tzname() or "UTC"
    return _UTC_NAMES.get(name, name) if width >= 4 else name


def _offset(moment: dt.datetime, colon: str) -> str:
    seconds = int((moment.utcoffset() or dt.timedelta()).total_seconds())
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    return f"{sign}{minutes // 60:02d}{colon}{minutes % 60:02d}"


def _iso_offset(moment: dt.datetime, width: int) -> str:
    if not moment.utcoffset():
        return "Z"
    return _offset(moment, ":" if width == 3 else "")[: 3 if width == 1 else None]


def _number(get: Callable[[dt.datetime], int]) -> Callable[[dt.datetime, int], str]:
    return lambda moment, width: f"{get(moment):0{width}d}"


_LETTERS: Final[dict[str, Callable[[dt.datetime, int], str]]] = {
    "G": lambda _moment, _width: "AD",
    "y": _year,
    "Y": _week_year,
    "M": _month,
    "L": _month,
    "w": _number(lambda moment: _sunday_week(moment)[1]),
    "W": _number(_week_of_month),
    "D": _number(lambda moment: moment.timetuple().tm_yday),
    "d": _number(lambda moment: moment.day),
    "F": _number(lambda moment: (moment.day - 1) // 7 + 1),
    "E": lambda moment, width: _DAYS[moment.weekday()][: None if width >= 4 else 3],
    "u": _number(lambda moment: moment.isoweekday()),
    "a": lambda moment, _width: "AM" if moment.hour < 12 else "PM",
    "H": _number(lambda moment: moment.hour),
    "k": _number(lambda moment: moment.hour or 24),
    "K": _number(lambda moment: moment.hour % 12),
    "h": _number(lambda moment: moment.hour % 12 or 12),
    "m": _number(lambda moment: moment.minute),
    "s": _number(lambda moment: moment.second),
    "S": _number(lambda moment: moment.microsecond // 1000),
    "z": _zone_name,
    "Z": lambda moment, _width: _offset(moment, ""),
    "X": _iso_offset,
}


@functools.lru_cache(maxsize=256)
def formatter(pattern: str) -> Formatter:
    """The pattern as a callable that writes a moment with a time zone. Raises ValueError for a letter that means nothing or an open quote."""
    pieces: list[str | tuple[Callable[[dt.datetime, int], str], int]] = []
    at = 0
    while at < len(pattern):
        found = _PIECE.match(pattern, at)
        if not found:
            raise ValueError(f"the date pattern {pattern!r} has an open quote")
        at = found.end()
        quoted, letter, plain = found.groups()
        if letter:
            if letter not in _LETTERS:
                raise ValueError(
                    f"the date pattern {pattern!r} has the letter {letter!r}, which means nothing: put text in quotes"
                )
            if letter == "X" and len(found[0]) > 3:
                raise ValueError(f"the date pattern {pattern!r} has more than three X: an offset is X, XX or XXX")
            pieces.append((_LETTERS[letter], len(found[0])))
        elif plain:
            pieces.append(plain)
        else:
            pieces.append(quoted.replace("''", "'") or "'")

    def write(moment: dt.datetime) -> str:
        return "".join(piece if isinstance(piece, str) else piece[0](moment, piece[1]) for piece in pieces)

    return write
