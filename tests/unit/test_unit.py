"""The unit of work settles exactly once, whoever holds it and whenever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.errors import ConnectionLost, NotConnected, StepFailed
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


def test_what_is_given_to_a_unit_that_has_settled_is_called_at_once() -> None:
    told: list[BaseException | None] = []
    unit = UnitOfWork()
    error = ValueError("not in time")
    unit.release(error)
    unit.before_settle(lambda settled: told.append(settled.error))
    assert told == [error]


def test_what_is_given_while_a_unit_is_settling_is_called_once() -> None:
    told: list[str] = []
    unit = UnitOfWork(lambda _: told.append("acknowledged"))
    unit.before_settle(lambda _: LATER)
    unit.release()
    unit.before_settle(lambda _: told.append("late"))
    assert told == ["late"]
    unit.go_on()
    assert told == ["late", "acknowledged"]


def unknown() -> Exception:
    """What a call that may not be made twice ends with when nobody knows whether it had its effect."""
    error = ConnectionLost("gone")
    error.uncertain = True
    outer = StepFailed("the step failed")
    outer.__cause__ = error
    return outer


def test_the_first_failure_is_that_of_the_unit() -> None:
    unit, first = UnitOfWork(), NotConnected("first")
    unit.hold()
    unit.release(first)
    unit.release(NotConnected("second"))
    assert unit.error is first


@pytest.mark.parametrize("unknown_first", [True, False])
def test_a_call_of_unknown_outcome_outweighs_any_other_failure_whenever_it_comes(unknown_first: bool) -> None:
    unit, open_call, away = UnitOfWork(), unknown(), NotConnected("away")
    unit.hold()
    for error in (open_call, away) if unknown_first else (away, open_call):
        unit.release(error)
    assert unit.error is open_call


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


def test_what_waits_for_a_part_waits_for_what_outlives_it() -> None:
    delivery, told = UnitOfWork(), list[BaseException | None]()
    part = UnitOfWork(lambda _: None, delivery)
    part.before_delivered(lambda unit: told.append(unit.error))
    queue = part.hold_delivery()
    part.release()
    assert not part.open
    assert told == []
    error = ValueError("behind the queue")
    queue.release(error)
    assert told == [error]


def test_what_waits_for_a_part_does_not_wait_for_other_parts() -> None:
    delivery, told = UnitOfWork(), list[BaseException | None]()
    for error in (None, ValueError("behind the queue")):
        part = UnitOfWork(lambda _: None, delivery)
        part.before_delivered(lambda unit: told.append(unit.error))
        queue = part.hold_delivery()
        part.release()
        queue.release(error)
    assert told == [None, delivery.error]
    assert delivery.open


def test_a_part_that_failed_waits_for_nothing_that_outlives_it() -> None:
    told: list[BaseException | None] = []
    part = UnitOfWork(lambda _: None, UnitOfWork())
    part.before_delivered(lambda unit: told.append(unit.error))
    part.hold_delivery()
    error = ValueError("in its steps")
    part.release(error)
    assert told == [error]


def test_what_outlives_a_part_of_a_part_keeps_the_outer_one_waiting_too() -> None:
    delivery, told = UnitOfWork(), list[str]()
    outer = UnitOfWork(lambda _: None, delivery)
    outer.before_delivered(lambda _: told.append("outer"))
    inner = UnitOfWork(lambda _: None, outer)
    inner.before_delivered(lambda _: told.append("inner"))
    queue = inner.hold_delivery()
    for unit in (inner, outer, delivery):
        unit.release()
    assert told == []
    queue.release()
    assert sorted(told) == ["inner", "outer"]
    assert not delivery.open


def test_a_part_may_be_outlived_again_when_what_outlived_it_has_ended() -> None:
    delivery, told = UnitOfWork(), list[BaseException | None]()
    part = UnitOfWork(lambda _: None, delivery)
    part.before_delivered(lambda unit: told.append(unit.error))
    part.hold_delivery().release()
    queue = part.hold_delivery()
    part.release()
    delivery.release()
    assert (told, delivery.open) == ([], True)
    queue.release()
    assert (told, delivery.open) == ([None], False)
