from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.languages.simple.dateformat import formatter

MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5, 678_000, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("yyyy yy y", "2024 24 2024"),
        ("M MM MMM MMMM", "1 01 Jan January"),
        ("E EEEE u", "Tue Tuesday 2"),
        ("H k K h hh a", "3 3 3 3 03 AM"),
        ("S SSS SSSS", "678 678 0678"),
        ("Z X XX XXX z zzzz", "+0000 Z Z Z UTC Coordinated Universal Time"),
        ("w ww W F D DDD", "1 01 1 1 2 002"),
        ("'o''clock' ''", "o'clock '"),
        ("G Y L", "AD 2024 1"),
    ],
)
def test_letters_are_those_of_simple_date_format(pattern: str, told: str) -> None:
    assert formatter(pattern)(MOMENT) == told


def test_the_last_days_of_december_belong_to_the_week_of_the_next_year() -> None:
    assert formatter("YYYY-ww")(dt.datetime(2024, 12, 29, tzinfo=dt.UTC)) == "2025-01"


def test_midnight_and_noon() -> None:
    midnight = dt.datetime(2024, 5, 6, tzinfo=dt.UTC)
    assert formatter("H k K h a")(midnight) == "0 24 0 12 AM"
    assert formatter("H k K h a")(midnight.replace(hour=12)) == "12 12 0 12 PM"


@given(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)))  # noqa: DTZ001 -- a bound
def test_the_iso_pattern_is_what_python_writes(moment: dt.datetime) -> None:
    aware = moment.replace(tzinfo=dt.UTC)
    assert formatter("yyyy-MM-dd'T'HH:mm:ss.SSSXXX")(aware) == aware.isoformat(timespec="milliseconds").replace(
        "+00:00", "Z"
    )


@pytest.mark.parametrize("pattern", ["q", "'open", "yyyy b"])
def test_a_pattern_that_means_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="date pattern"):
        formatter(pattern)
