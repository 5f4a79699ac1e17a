"""The error handler and the program loop, without any YAML."""

from __future__ import annotations

import threading

import pytest

from esb.compiler.failure import Clause, DeadLetter, ErrorHandler
from esb.compiler.policy import Policy
from esb.exchange import Exchange
from esb.program import Program
from esb.unit import ReturningUnit, UnitOfWork


def handler(**options: object) -> ErrorHandler:
    given = {"policy": Policy(), "stopping": threading.Event()} | options
    return ErrorHandler(**given)  # type: ignore[arg-type]


def append(text: str):
    def step(exchange: Exchange) -> None:
        exchange.body = (exchange.body or "") + text

    return step


def failing(times: int, error: Exception | None = None):
    tries: list[str] = []

    def step(exchange: Exchange) -> None:
        tries.append(str(exchange.body))
        exchange.body = "spoiled"
        if len(tries) <= times:
            raise error or OSError("down")

    step.tries = tries
    return step


TWICE = Policy(maximum_redeliveries=2, redelivery_delay=0)


def test_steps_run_in_order() -> None:
    exchange = Exchange("x")
    Program((append("1"), append("2")))(exchange)
    assert exchange.body == "x12"


def test_a_halted_exchange_runs_no_further_step() -> None:
    def stop(exchange: Exchange) -> None:
        exchange.halted = True

    exchange = Exchange("x")
    Program((stop, append("2")))(exchange)
    assert exchange.body == "x"


def test_redelivery_repeats_only_the_failing_step_with_its_own_message() -> None:
    flaky = failing(2)
    exchange = Exchange("x")
    Program((append("1"), flaky, append("2")), handler(policy=TWICE))(exchange)
    assert flaky.tries == ["x1", "x1", "x1"]
    assert exchange.body == "spoiled2"


def test_without_a_try_left_the_failure_goes_to_the_caller_and_is_final() -> None:
    exchange = Exchange("x")
    with pytest.raises(OSError, match="down"):
        Program((failing(9),), handler(policy=TWICE))(exchange)
    assert exchange.exhausted


def test_an_outer_handler_does_not_act_on_a_failure_that_an_inner_one_has_seen() -> None:
    inner = Program((failing(9),), handler())
    calls: list[int] = []

    def call(exchange: Exchange) -> None:
        calls.append(1)
        inner(exchange)

    with pytest.raises(OSError, match="down"):
        Program((call,), handler(policy=TWICE))(Exchange("x"))
    assert len(calls) == 1


def test_a_handled_failure_ends_the_calling_program_too() -> None:
    clause = Clause((OSError,), Policy(), steps=Program((append("!"),)), handled=lambda _: True)
    inner = Program((failing(9),), handler(clauses=[clause]))
    exchange = Exchange("x")
    Program((inner, append("after")), handler())(exchange)
    assert exchange.body == "spoiled!"
    assert exchange.error is None


def test_continued_goes_on_with_the_step_after_the_failed_one() -> None:
    clause = Clause((OSError,), Policy(), continued=lambda _: True)
    exchange = Exchange("x")
    Program((failing(9), append("2")), handler(clauses=[clause]))(exchange)
    assert exchange.body == "spoiled2"


def test_the_nearest_class_wins_whatever_the_order() -> None:
    general = Clause((Exception,), Policy(), steps=Program((append("general"),)), handled=lambda _: True)
    near = Clause((OSError,), Policy(), steps=Program((append("near"),)), handled=lambda _: True)
    exchange = Exchange("x")
    Program((failing(9, FileNotFoundError()),), handler(clauses=[general, near]))(exchange)
    assert exchange.body == "spoilednear"


def test_causes_are_looked_at() -> None:
    clause = Clause((KeyError,), Policy(), handled=lambda _: True)
    error = RuntimeError("outer")
    error.__cause__ = KeyError("inner")
    exchange = Exchange("x")
    Program((failing(9, error),), handler(clauses=[clause]))(exchange)
    assert exchange.halted


def test_the_dead_letter_gets_the_message_and_the_sender_no_error() -> None:
    dead: list[object] = []
    exchange = Exchange("x")
    letter = DeadLetter(lambda one: dead.append(one.body), "mock:dead")
    Program((failing(9),), handler(dead_letter=letter))(exchange)
    assert dead == ["spoiled"]
    assert exchange.error is None
    assert exchange.halted


def test_a_failing_dead_letter_counts_as_handled_unless_it_is_told_otherwise() -> None:
    def broken(_: Exchange) -> None:
        raise OSError("dead too")

    Program((failing(9),), handler(dead_letter=DeadLetter(broken, "mock:dead")))(Exchange("x"))
    with pytest.raises(OSError, match="dead too"):
        Program((failing(9),), handler(dead_letter=DeadLetter(broken, "mock:dead", swallow=False)))(Exchange("x"))


def test_stopping_ends_the_wait_between_tries() -> None:
    stopping = threading.Event()
    stopping.set()
    flaky = failing(9)
    slow = Policy(maximum_redeliveries=5, redelivery_delay=60)
    with pytest.raises(OSError, match="down"):
        Program((flaky,), handler(policy=slow, stopping=stopping))(Exchange("x"))
    assert len(flaky.tries) == 1


def test_what_a_stop_interrupts_is_neither_handled_nor_a_dead_letter() -> None:
    stopping = threading.Event()
    stopping.set()
    given_up: list[Exchange] = []
    slow = Policy(maximum_redeliveries=5, redelivery_delay=60)
    clause = Clause((OSError,), slow, Program((given_up.append,)), handled=lambda _: True)
    for options in ({"clauses": (clause,)}, {"policy": slow, "dead_letter": DeadLetter(given_up.append, "mock:dead")}):
        exchange = Exchange("x")
        exchange.unit = ReturningUnit()
        with pytest.raises(OSError, match="down"):
            Program((failing(9),), handler(stopping=stopping, **options))(exchange)
        assert (given_up, exchange.exhausted) == ([], True)


@pytest.mark.parametrize(
    ("unit", "guards"), [(None, 0), (UnitOfWork(), 0), (UnitOfWork(parent=ReturningUnit()), 0), (ReturningUnit(), 1)]
)
def test_what_nobody_brings_again_is_given_up_at_a_stop(unit: UnitOfWork | None, guards: int) -> None:
    stopping = threading.Event()
    stopping.set()
    given_up: list[Exchange] = []
    slow = Policy(maximum_redeliveries=5, redelivery_delay=60)
    exchange = Exchange("x")
    exchange.unit, exchange.guards = unit, guards
    Program(
        (failing(9),), handler(policy=slow, dead_letter=DeadLetter(given_up.append, "mock:dead"), stopping=stopping)
    )(exchange)
    assert given_up == [exchange]


def test_who_has_no_try_left_is_handled_also_while_the_bus_stops() -> None:
    stopping = threading.Event()
    stopping.set()
    given_up: list[Exchange] = []
    Program((failing(9),), handler(dead_letter=DeadLetter(given_up.append, "mock:dead"), stopping=stopping))(
        Exchange("x")
    )
    assert len(given_up) == 1


@pytest.mark.parametrize(("attempt", "delay"), [(1, 0.02), (2, 0.02), (3, 0.15), (4, 0.15)])
def test_a_delay_pattern_goes_by_the_number_of_the_try(attempt: int, delay: float) -> None:
    assert Policy(delay_pattern=((1, 0.02), (3, 0.15))).delay(0, attempt) == delay


def test_delays_grow_up_to_their_bound() -> None:
    policy = Policy(
        redelivery_delay=1, use_exponential_back_off=True, back_off_multiplier=3, maximum_redelivery_delay=5
    )
    delays = [policy.delay(0, 1)]
    delays.append(policy.delay(delays[-1], 2))
    delays.append(policy.delay(delays[-1], 3))
    assert delays == [1, 3, 5]
