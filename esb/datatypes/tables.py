"""Code tables: values of one system to values of another, in both directions.

A key may be several columns, and its last part may fall into a range. Keys are compared as texts, so that ``1`` in YAML meets ``"1"`` in a message.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from esb.datatypes.paths import MISSING
from esb.errors import NOWHERE, OptionError, Position, UnknownName

LookUp = Callable[[Any], Any]
"""The value of a key (of a sequence, for several columns), or MISSING."""


@dataclass(frozen=True, slots=True)
class Range:
    """The columns between which the last part of a key falls; an empty cell is open. ``exclusive``: the upper end belongs to the next."""

    low: str
    high: str
    kind: str = "decimal"
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class CodeTable:
    """Rows under columns, with the defaults that look-ups take. Immutable."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    lines: tuple[int, ...]
    key: tuple[str, ...]
    value: str
    missing: Any = MISSING
    """What a key that is not there gives: MISSING for an error, KEEP for the key itself, or a value."""
    ignore_case: bool = False
    range: Range | None = None
    file: str = ""

    def column(self, name: str, at: Position = NOWHERE) -> int:
        """The index of a column. Raises UnknownName."""
        if name not in self.columns:
            raise UnknownName(f"column of the table {self.name!r}", name, self.columns, at)
        return self.columns.index(name)

    def look_up(
        self, key: Sequence[str] = (), value: str = "", *, first: bool = False, at: Position = NOWHERE
    ) -> LookUp:
        """A function from keys to values, for these columns or the table's own; the index is built here, once.

        Raises OptionError where the key is not unique (unless the ``first`` row shall win), UnknownName for a column.
        """
        names = tuple(key) or self.key
        result = self.column(value or self.value, at)
        if self.range is not None and names == self.key:
            return self._ranges(names, result, at)
        return self._exact(names, result, first=first, at=at)

    def _exact(self, names: tuple[str, ...], result: int, *, first: bool, at: Position) -> LookUp:
        columns = [self.column(name, at) for name in names]
        index: dict[Any, Any] = {}
        where: dict[Any, int] = {}
        normal = _folded if self.ignore_case else as_key
        for line, row in zip(self.lines, self.rows, strict=True):
            parts = tuple(normal(row[column]) for column in columns)
            found = parts[0] if len(parts) == 1 else parts
            if found in index:
                if first or index[found] == row[result]:
                    continue
                raise OptionError(
                    f"in the table {self.name!r} {', '.join(names)} = {found!r} stands in lines {where[found]} and {line} "
                    f"with two values of {self.columns[result]}",
                    at,
                    "make it unique, or take the first one with 'first: true'",
                )
            index[found] = row[result]
            where[found] = line
        if len(columns) == 1:
            return lambda given: index.get(normal(given), MISSING)
        return lambda given: index.get(tuple(map(normal, given)), MISSING)

    def _ranges(self, names: tuple[str, ...], result: int, at: Position) -> LookUp:
        if self.range is None:
            raise ValueError(self.name)
        bounds, exclusive = self.range, self.range.exclusive
        exact = [self.column(name, at) for name in names]
        low, high = self.column(bounds.low, at), self.column(bounds.high, at)
        point = _POINTS[bounds.kind]
        normal = _folded if self.ignore_case else as_key
        groups: dict[tuple[Any, ...], list[_Interval]] = {}
        for line, row in zip(self.lines, self.rows, strict=True):
            ends = [None if row[end] in ("", None) else self._point(point, row[end], line) for end in (low, high)]
            groups.setdefault(tuple(normal(row[column]) for column in exact), []).append(
                _Interval(ends[0], ends[1], row[result], line)
            )
        ordered = {key: _ordered(group, self.name, exclusive=exclusive) for key, group in groups.items()}
        lows = {key: [interval.low for interval in group if interval.low is not None] for key, group in ordered.items()}

        def look_up(given: Any) -> Any:
            parts = tuple(given) if exact else (given,)
            key = tuple(map(normal, parts[:-1]))
            group = ordered.get(key)
            try:
                value = point(parts[-1])
            except (ValueError, TypeError, InvalidOperation):
                return MISSING
            if group is None:
                return MISSING
            open_below = len(group) - len(lows[key])
            place = bisect.bisect_right(lows[key], value) - 1 + open_below
            if place < 0:
                return MISSING
            interval = group[place]
            if interval.high is None or value < interval.high or (value == interval.high and not exclusive):
                return interval.value
            return MISSING

        return look_up

    def _point(self, point: Callable[[Any], Any], cell: Any, line: int) -> Any:
        try:
            return point(cell)
        except (ValueError, TypeError, InvalidOperation) as error:
            raise OptionError(
                f"{cell!r} is no end of a range of kind {self.range.kind if self.range else ''}",
                Position(self.file, line, 1),
            ) from error


class _Keep:
    def __repr__(self) -> str:
        return "keep"


KEEP: Final = _Keep()
"""The policy that gives the key itself for a key that is not there."""


@dataclass(frozen=True, slots=True)
class _Interval:
    low: Any
    high: Any
    value: Any
    line: int


def _ordered(group: list[_Interval], table: str, *, exclusive: bool) -> list[_Interval]:
    """Intervals by their low end, the open one first. Raises OptionError where two overlap."""
    ordered = [interval for interval in group if interval.low is None]
    ordered += sorted((interval for interval in group if interval.low is not None), key=lambda interval: interval.low)
    for one, other in zip(ordered, ordered[1:], strict=False):  # noqa: RUF007 - pairwise would hide that both are lists
        touching = one.high is not None and other.low is not None and one.high == other.low
        apart = one.high is not None and other.low is not None and one.high < other.low
        if not apart and not (touching and exclusive):
            raise OptionError(
                f"the ranges of the table {table!r} in lines {one.line} and {other.line} overlap",
                hint="'ends: exclusive' lets one begin where the other ends" if touching else "",
            )
    return ordered


def as_key(value: Any) -> Any:
    """A key as compared: numbers and dates as their texts."""
    if value.__class__ is str:
        return value
    return str(value) if isinstance(value, int | Decimal | float | dt.date) and not isinstance(value, bool) else value


def _folded(value: Any) -> Any:
    key = as_key(value)
    return key.strip().casefold() if isinstance(key, str) else key


def _decimal(value: Any) -> Decimal:
    number = Decimal(str(value).strip())
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError(str(value))
    return number


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value).strip())


_POINTS: Final[dict[str, Callable[[Any], Any]]] = {"decimal": _decimal, "date": _date, "text": str}
RANGE_KINDS: Final = tuple(_POINTS)
