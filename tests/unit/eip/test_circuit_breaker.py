import threading

import pytest

from esb.eip._breaker import CLOSED, HALF_OPEN, OPEN, Breaker, Limits
from esb.eip.circuit_breaker import CircuitBreakerSpec, OnFallbackSpec, Resilience4jConfigurationSpec
from esb.errors import OptionError
from esb.javanames import CallNotPermittedException, RuntimeCamelException, TimeoutException

from .support import Bench, do, fail, stop

PREFIX = "CamelCircuitBreaker"


def spoils(error):
    def step(exchange):
        exchange.body = "spoiled"
        raise error

    return do(step)


def circuit(*steps, fallback=None, **config):
    spec = CircuitBreakerSpec(
        steps=steps,
        on_fallback=OnFallbackSpec(steps=[fallback]) if fallback else None,
        resilience4j_configuration=Resilience4jConfigurationSpec(**config),
    )
    return Bench(spec)


FALLBACK = do(lambda e: setattr(e, "body", f"F {e.body} {e.caught}"))


def test_a_call_that_does_well_gives_its_message():
    outer = circuit(do(lambda e: setattr(e, "body", "y")), fallback=FALLBACK).send("x")
    assert (outer.body, outer.properties[PREFIX + "SuccessfulExecution"]) == ("y", True)
    assert (outer.properties[PREFIX + "State"], outer.properties[PREFIX + "ResponseFromFallback"]) == ("CLOSED", False)


def test_the_fallback_gets_the_message_as_it_came_and_the_failure():
    outer = circuit(spoils(OSError("down")), fallback=FALLBACK).send("x")
    assert (outer.body, outer.error) == ("F x down", None)
    assert outer.properties[PREFIX + "ResponseFromFallback"] is True


def test_an_open_circuit_does_not_try():
    tried = []
    bench = circuit(
        do(tried.append), spoils(OSError("down")), fallback=FALLBACK, minimum_number_of_calls=2, sliding_window_size=2
    )
    assert [bench.send("x").body for _ in range(3)] == ["F x down", "F x down", "F x None"]
    assert len(tried) == 2


def test_without_fallback_a_checked_failure_is_wrapped_and_a_runtime_one_is_not():
    outer = circuit(spoils(OSError("down"))).send("x")
    assert isinstance(outer.error, RuntimeCamelException)
    assert isinstance(outer.error.__cause__, OSError)
    assert isinstance(circuit(spoils(ValueError("x"))).send("x").error, ValueError)


def test_an_open_circuit_without_fallback_lets_the_message_go_on_or_fails_it():
    def second(**config):
        bench = circuit(spoils(OSError("down")), minimum_number_of_calls=1, sliding_window_size=1, **config)
        bench.send("x")
        return bench.send("y")

    quiet, loud = second(), second(throw_exception_when_half_open_or_open_state=True)
    assert (quiet.error, quiet.body, quiet.properties[PREFIX + "ResponseRejected"]) == (None, "y", True)
    assert isinstance(loud.error, CallNotPermittedException)


def test_ignored_failures_and_those_not_recorded_let_the_message_go_on():
    for config in ({"ignore_exception": ("java.io.IOException",)}, {"record_exception": ("ValueError",)}):
        outer = circuit(spoils(OSError("down")), fallback=FALLBACK, **config).send("x")
        assert (outer.body, outer.error) == ("x", None)


def test_a_stop_inside_ends_the_route():
    assert circuit(stop(lambda _: True), fallback=FALLBACK).send("x").halted


def test_a_failing_fallback_fails_the_message():
    assert isinstance(circuit(spoils(OSError()), fallback=fail(ValueError("worse"))).send("x").error, ValueError)


def test_what_takes_too_long_is_left_alone():
    hang = threading.Event()
    slow = do(lambda _: hang.wait(5))
    with_fallback = circuit(slow, fallback=FALLBACK, timeout_enabled=True, timeout_duration=30)
    without = circuit(slow, timeout_enabled=True, timeout_duration=30)
    assert with_fallback.send("x").body == "F x None"
    outer = without.send("x")
    hang.set()
    assert isinstance(outer.error, TimeoutException)
    assert outer.properties[PREFIX + "ResponseTimedOut"] is True
    for bench in (with_fallback, without):
        bench.stop()


@pytest.mark.parametrize("outcome", [None, OSError("the steps left behind failed")])
def test_what_steps_left_behind_take_has_their_outcome_and_not_that_of_the_message(outcome):
    go_on, taken, settled = threading.Event(), threading.Event(), []

    def late(exchange):
        go_on.wait(5)
        exchange.unit.before_delivered(lambda unit: (settled.append(unit.error), taken.set()))
        if outcome is not None:
            raise outcome

    bench = circuit(do(late), fallback=FALLBACK, timeout_enabled=True, timeout_duration=30)
    outer = bench.send("x")
    assert not outer.unit.open
    go_on.set()
    assert taken.wait(5)
    assert settled == [outcome]
    bench.stop()


def test_a_full_bulkhead_refuses():
    inside, leave = threading.Event(), threading.Event()

    def slow(exchange):
        inside.set()
        leave.wait(5)

    bench = circuit(do(slow), fallback=FALLBACK, bulkhead_enabled=True, bulkhead_max_concurrent_calls=1)
    thread = threading.Thread(target=bench.send, args=("a",))
    thread.start()
    assert inside.wait(5)
    assert bench.send("b").body == "F b None"
    leave.set()
    thread.join(5)


def test_a_slow_call_duration_below_one_second_is_refused():
    with pytest.raises(OptionError):
        circuit(slow_call_duration_threshold=0)


def called(breaker, *failures, seconds=0.0):
    for failed in failures:
        assert breaker.enter()
        breaker.leave(seconds, failed=failed)
    return breaker


def test_a_circuit_opens_at_the_share_of_its_window_and_not_before_the_minimum():
    limits = Limits(failure_rate=50, window=4, minimum=4)
    assert called(Breaker(limits), True, True, True).state == CLOSED
    assert called(Breaker(limits), True, False, True, False).state == OPEN
    assert called(Breaker(limits), True, False, False, False, False, True).state == CLOSED


def test_the_minimum_is_never_more_than_a_window_of_calls():
    assert called(Breaker(Limits(window=2, minimum=100)), True, True).state == OPEN


def test_slow_calls_open_it_too():
    limits = Limits(window=2, minimum=2, slow_after=1.0, slow_rate=100)
    assert called(Breaker(limits), False, False, seconds=2.0).state == OPEN


def test_after_its_time_some_calls_decide_whether_it_closes():
    limits = Limits(window=1, minimum=1, open_for=0.0, half_open_calls=2)
    well = called(Breaker(limits), True)
    assert [well.enter(), well.enter(), well.enter()] == [True, True, False]
    assert well.state == HALF_OPEN
    well.leave(0.0, failed=False)
    well.leave(0.0, failed=False)
    assert well.state == CLOSED
    badly = called(Breaker(limits), True)
    for _ in range(2):
        badly.enter()
    badly.leave(0.0, failed=True)
    badly.leave(0.0, failed=True)
    assert badly.state == OPEN


def test_an_open_circuit_lets_nobody_through_before_its_time():
    assert not called(Breaker(Limits(window=1, minimum=1, open_for=60.0)), True).enter()


def test_a_window_of_time_forgets_what_is_older():
    limits = Limits(window=60, by_time=True, minimum=2)
    assert called(Breaker(limits), True, True).state == OPEN
    old = Breaker(Limits(window=0, by_time=True, minimum=2))
    assert called(old, True).state == CLOSED


def test_an_ignored_trial_gives_its_place_back():
    breaker = called(Breaker(Limits(window=1, minimum=1, open_for=0.0, half_open_calls=1)), True)
    assert breaker.enter()
    breaker.forget()
    assert breaker.enter()
