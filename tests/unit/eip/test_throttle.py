import threading

import pytest

from esb.eip._permits import MOST_GROUPS, Concurrency, Rate
from esb.javanames import (
    IllegalStateException,
    RejectedExecutionException,
    RuntimeExchangeException,
    ThrottlerRejectedExecutionException,
)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_rate_gives_turns_in_a_sliding_window():
    clock = Clock()
    rate = Rate(10.0, clock)
    assert [rate.take("", 2) for _ in range(5)] == [0, 0, 10, 10, 20]
    clock.now += 10
    assert rate.take("", 2) == 10


def test_a_turn_that_is_not_there_now_is_not_taken():
    clock = Clock()
    rate = Rate(10.0, clock)
    assert [rate.try_take("", 1), rate.try_take("", 1), rate.try_take("other", 1)] == [True, False, True]
    clock.now += 10
    assert rate.try_take("", 1)


def test_a_rate_of_none_never_comes():
    assert Rate(1.0).take("", 0) is None


def test_groups_are_bounded_and_the_quiet_ones_go_first():
    clock = Clock()
    rate = Rate(10.0, clock)
    for number in range(MOST_GROUPS):
        rate.take(number, 1)
    clock.now += 20
    for number in range(100):
        rate.take(f"new {number}", 1)
    assert len(rate._groups._groups) == MOST_GROUPS


def test_a_permit_of_concurrency_is_waited_for():
    permits = Concurrency()
    give_back = permits.take("", 1)
    assert permits.try_take("", 1) is None
    got = threading.Event()

    def second():
        permits.take("", 1)
        got.set()

    thread = threading.Thread(target=second)
    thread.start()
    give_back()
    assert got.wait(5)
    thread.join()


def test_a_stop_ends_the_wait_for_a_permit():
    permits = Concurrency()
    permits.take("", 1)
    permits.stop()
    with pytest.raises(RejectedExecutionException):
        permits.take("", 1)


def errors(bus, *headers):
    return [bus.send("x", **given).error for given in headers]


def test_what_is_too_much_is_refused_if_asked(bus):
    bus.route("- throttle: {constant: 1, timePeriodMillis: 60000, rejectExecution: true}")
    first, second = errors(bus, {}, {})
    assert first is None
    assert isinstance(second, ThrottlerRejectedExecutionException)
    assert str(second) == "Exceeded the max throttle rate of 1 within 60000ms"


def test_groups_are_counted_on_their_own(bus):
    bus.route(
        "- throttle: {constant: 1, correlationExpression: {header: who}, timePeriodMillis: 60000, rejectExecution: true}"
    )
    assert [error is None for error in errors(bus, {"who": "a"}, {"who": "b"}, {"who": "a"})] == [True, True, False]


def test_the_number_may_come_with_the_message(bus):
    bus.route("- throttle: {header: max, timePeriodMillis: 60000, rejectExecution: true}")
    assert [error is None for error in errors(bus, {"max": 2}, {"max": 2}, {"max": 2}, {"max": 3})] == [
        True,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(("given", "cls"), [(None, RuntimeExchangeException), (-1, IllegalStateException)])
def test_a_number_that_is_none_fails(bus, given, cls):
    assert isinstance(bus.route("- throttle: {header: max}").send("x", max=given).error, cls)


def test_messages_wait_for_their_turn(bus):
    bus.route("[{throttle: {constant: 1, timePeriodMillis: 30}}, {to: mock:after}]")
    assert errors(bus, {}, {}, {}) == [None, None, None]
    assert len(bus.got("after")) == 3


def test_at_once_counts_until_the_message_is_done(bus):
    entered, leave = threading.Event(), threading.Event()

    def hold(exchange):
        if exchange.body == "first":
            entered.set()
            leave.wait(5)

    bus.bind("hold", hold)
    bus.route("[{throttle: {constant: 1, mode: ConcurrentRequests, rejectExecution: true}}, {process: hold}]")
    first = threading.Thread(target=bus.send, args=("first",))
    first.start()
    entered.wait(5)
    assert isinstance(bus.send("second").error, ThrottlerRejectedExecutionException)
    leave.set()
    first.join()
    assert bus.send("third").error is None


def test_a_period_of_nothing_is_refused(refused):
    assert "'timePeriodMillis' must be more than nothing" in refused("- throttle: {constant: 1, timePeriodMillis: 0}")
