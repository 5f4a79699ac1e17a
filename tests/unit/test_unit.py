"""The unit of work settles exactly once, whoever holds it and whenever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.unit import LATER, UnitOfWork


def test_a_unit_that_has_settled_is_not_opened_again_by_a_late_hold() -> None:
    settled: list[UnitOfWork] = []
    unit = UnitOfWork(settled.append)
    unit.release()
    unit.hold()
    unit.release(ValueError("late"))
    assert len(settled) == 1
    assert not unit.open


def test_what_is_done_later_keeps_the_consumer_from_acknowledging_until_it_goes_on() -> None:
    told: list[str] = []
    unit = UnitOfWork(lambda _: told.append("acknowledged"))
    unit.before_settle(lambda _: told.append("second"))
    unit.before_settle(lambda _: told.append("first") or LATER)  # type: ignore[func-returns-value]  # that is the point
    unit.release()
    assert told == ["first"]
    unit.go_on()
    assert told == ["first", "second", "acknowledged"]


@given(st.lists(st.booleans(), max_size=12))
def test_any_order_of_holds_and_releases_settles_at_most_once(calls: list[bool]) -> None:
    settled: list[UnitOfWork] = []
    unit = UnitOfWork(settled.append)
    for hold in calls:
        if hold:
            unit.hold()
        else:
            unit.release()
    assert len(settled) <= 1
    assert unit.open is (not settled)


@pytest.mark.parametrize("holds", [0, 1, 5])
def test_the_first_failure_is_the_units(holds: int) -> None:
    unit = UnitOfWork()
    for _ in range(holds):
        unit.hold()
    errors = [ValueError(str(number)) for number in range(holds + 1)]
    for error in errors:
        unit.release(error)
    assert unit.error is errors[0]
