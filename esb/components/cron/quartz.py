"""Quartz's cron expressions: ``sec min hour day-of-month month day-of-week [year]`` (the CronExpression page of Quartz 2).

An expression is compiled once to sets of numbers and rules for days; :meth:`QuartzExpression.after` works on local times without a zone.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
LAST_YEAR: Final = 2099

DayRule = Callable[[int, int], set[int]]
"""Year and month to the days of the month it means."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the fields: its name and range."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    wraps: bool = True
    """Whether a range may run over the end: ``22-2``, ``FRI-MON``."""

    def number(self, text: str) -> int:
        """A number or name of this field. Raises ValueError."""
        folded = text.upper()
        if folded in self.names:
            return self.names.index(folded) + 1
        if not folded.isdecimal() or not folded.isascii() or not self.low <= int(folded) <= self.high:
            names = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
            raise ValueError(f"{text!r} is no {self.name} ({self.low}-{self.high}{names})")
        return int(folded)

    def numbers(self, text: str) -> frozenset[int]:
        """What a list of values, ranges and steps means. Raises ValueError."""
        found: set[int] = set()
        for item in text.split(","):
            found.update(self._item(item))
        return frozenset(found)

    def _item(self, item: str) -> Iterator[int]:
        span, slash, step_text = item.partition("/")
        if slash and (not step_text.isdecimal() or not step_text.isascii() or not 0 < int(step_text) <= self.high):
            raise ValueError(f"{item!r}: the step of the {self.name} must be a number from 1 to {self.high}")
        step = int(step_text) if slash else 1
        if span in {"*", ""} and (span or slash):  # "/5" is Quartz's short form of "*/5"
            return iter(range(self.low, self.high + 1, step))
        first, dash, last = span.partition("-")
        begin = self.number(first)
        if not dash:
            return iter(range(begin, self.high + 1, step)) if slash else iter((begin,))
        end = self.number(last)
        if begin <= end:
            return iter(range(begin, end + 1, step))
        if not self.wraps:
            raise ValueError(f"{item!r}: the range of the {self.name} runs backwards")
        size = self.high - self.low + 1
        return (self.low + (number - self.low) % size for number in range(begin, end + size + 1, step))


SECOND: Final = Part("second", 0, 59)
MINUTE: Final = Part("minute", 0, 59)
HOUR: Final = Part("hour", 0, 23)
DAY: Final = Part("day of the month", 1, 31)
MONTH: Final = Part("month", 1, 12, MONTHS)
WEEKDAY: Final = Part("day of the week", 1, 7, DAYS)
YEAR: Final = Part("year", 1970, LAST_YEAR, wraps=False)


class QuartzExpression:
    """A compiled expression. Immutable, thread-safe."""

    def __init__(self, text: str) -> None:
        """Raises ValueError that names the field."""
        fields = text.split()
        if len(fields) not in {6, 7}:
            raise ValueError(
                f"{text!r} has {len(fields)} fields; Quartz has 6 or 7: second minute hour day-of-month month day-of-week [year]"
            )
        second, minute, hour, day, month, weekday = fields[:6]
        if (day == "?") == (weekday == "?"):
            raise ValueError(f"{text!r}: exactly one of day of the month and day of the week must be '?'")
        self.text = text
        self.any_hour = hour.startswith(("*", "/"))
        """Whether it means every hour (or every n-th): such schedules follow the clock through a change to or from summer time."""
        self._times = tuple(
            dt.time(at_hour, at_minute, at_second)
            for at_hour in sorted(HOUR.numbers(hour))
            for at_minute in sorted(MINUTE.numbers(minute))
            for at_second in sorted(SECOND.numbers(second))
        )
        self._months = MONTH.numbers(month)
        self._years = YEAR.numbers(fields[6]) if len(fields) == 7 else None
        self._days = _days_of_week(weekday) if day == "?" else _days_of_month(day)

    def after(self, moment: dt.datetime) -> dt.datetime | None:
        """The first time after ``moment`` that fits, both without zone; None if there is none up to 2099."""
        today = moment.date()
        if self._fits(today):
            time = self._time_after(moment.time())
            if time is not None:
                return dt.datetime.combine(today, time)
        day = self._day_after(today)
        return None if day is None else dt.datetime.combine(day, self._times[0])

    def _fits(self, day: dt.date) -> bool:
        if self._years is not None and day.year not in self._years:
            return False
        return day.month in self._months and day.day in self._days(day.year, day.month)

    def _time_after(self, moment: dt.time) -> dt.time | None:
        low, high = 0, len(self._times)
        while low < high:
            middle = (low + high) // 2
            if self._times[middle] <= moment:
                low = middle + 1
            else:
                high = middle
        return self._times[low] if low < len(self._times) else None

    def _day_after(self, today: dt.date) -> dt.date | None:
        year, month, earliest = today.year, today.month, today.day + 1
        while year <= LAST_YEAR:
            if month in self._months and (self._years is None or year in self._years):
                day = min((day for day in self._days(year, month) if day >= earliest), default=None)
                if day is not None:
                    return dt.date(year, month, day)
            earliest = 1
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        return None


def _last(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The day Monday to Friday nearest to ``day``, inside the month."""
    weekday = calendar.weekday(year, month, day)
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < _last(year, month) else day - 2
    return day


def _any_of(rules: list[DayRule]) -> DayRule:
    return rules[0] if len(rules) == 1 else lambda year, month: set().union(*(rule(year, month) for rule in rules))


def _days_of_month(text: str) -> DayRule:
    return _any_of([_day_of_month(item) for item in text.split(",")])


def _day_of_month(item: str) -> DayRule:
    found = re.fullmatch(r"L(?:-(\d{1,2}))?(W)?", item.upper())
    if found:
        offset, working = int(found[1] or 0), bool(found[2])
        if offset > 30:
            raise ValueError(f"{item!r}: the offset from the last day must be at most 30")

        def last(year: int, month: int) -> set[int]:
            day = _last(year, month) - offset
            if day < 1:
                return set()
            return {_nearest_weekday(year, month, day) if working else day}

        return last
    if item.upper().endswith("W"):
        wanted = DAY.number(item[:-1])
        return lambda year, month: {_nearest_weekday(year, month, wanted)} if wanted <= _last(year, month) else set()
    days = DAY.numbers(item)
    return lambda year, month: {day for day in days if day <= _last(year, month)}


def _days_of_week(text: str) -> DayRule:
    return _any_of([_day_of_week(item) for item in text.split(",")])


def _day_of_week(item: str) -> DayRule:
    upper = item.upper()
    if upper == "L":
        return _on({7})
    if "#" in upper:
        name, _, nth_text = upper.partition("#")
        wanted = WEEKDAY.number(name)
        if nth_text not in {"1", "2", "3", "4", "5"}:
            raise ValueError(f"{item!r}: the number after '#' must be 1 to 5")
        nth = int(nth_text)

        def numbered(year: int, month: int) -> set[int]:
            day = _first(year, month, wanted) + 7 * (nth - 1)
            return {day} if day <= _last(year, month) else set()

        return numbered
    if len(upper) > 1 and upper.endswith("L"):
        last = WEEKDAY.number(upper[:-1])
        return lambda year, month: {max(_on({last})(year, month))}
    return _on(set(WEEKDAY.numbers(upper)))


def _first(year: int, month: int, weekday: int) -> int:
    """The first day of the month on a weekday (Quartz: 1 is Sunday)."""
    return 1 + (weekday - 2 - calendar.weekday(year, month, 1)) % 7


def _on(weekdays: set[int]) -> DayRule:
    return lambda year, month: {
        day for weekday in weekdays for day in range(_first(year, month, weekday), _last(year, month) + 1, 7)
    }
