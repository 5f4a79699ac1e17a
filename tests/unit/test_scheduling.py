"""Calls that are put off: in their order, and nothing left of those that are cancelled."""

import gc
import threading
import weakref

import pytest

from esb.scheduling import Scheduler

PATIENCE = 60


@pytest.fixture
def scheduler():
    made = Scheduler("test")
    yield made
    made.close()


def test_an_earlier_call_is_made_while_the_thread_waits_for_a_later_one(scheduler) -> None:
    called = threading.Event()
    scheduler.later(3600, lambda: None)
    scheduler.later(0.001, called.set)
    assert called.wait(PATIENCE)


def test_a_cancelled_call_is_not_made(scheduler) -> None:
    seen: list[str] = []
    done = threading.Event()
    scheduler.later(0.02, lambda: seen.append("cancelled")).cancel()
    scheduler.later(0.03, done.set)
    assert done.wait(PATIENCE)
    assert not seen


def test_what_a_cancelled_call_holds_is_let_go_at_once(scheduler) -> None:
    class Connection:
        pass

    held = Connection()
    known = weakref.ref(held)
    delayed = scheduler.later(3600, lambda held=held: None)
    del held
    delayed.cancel()
    gc.collect()
    assert known() is None


def test_deadlines_of_calls_that_were_answered_do_not_pile_up_until_they_would_have_passed(scheduler) -> None:
    called = threading.Event()
    kept = scheduler.later(0.5, called.set)
    for _ in range(10_000):
        scheduler.later(3600, lambda: None).cancel()
    assert len(scheduler._heap) < 1_000
    assert not kept.cancelled
    assert called.wait(PATIENCE)


def test_calls_that_are_not_cancelled_are_made_whatever_is_cancelled_beside_them(scheduler) -> None:
    seen = threading.Semaphore(0)
    for number in range(500):
        delayed = scheduler.later(0.01, seen.release)
        if number % 3:
            delayed.cancel()
            delayed.cancel()
    made = sum(seen.acquire(timeout=PATIENCE) for _ in range(500 - 333))
    assert made >= 500 - 333


def test_work_in_the_background_holds_up_no_call_that_was_put_off(scheduler) -> None:
    hang, called = threading.Event(), threading.Event()
    for _ in range(40):
        scheduler.background(lambda: hang.wait(PATIENCE))
    scheduler.later(0.001, called.set)
    assert called.wait(5)
    hang.set()
