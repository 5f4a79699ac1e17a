"""The program as one function: it does what the steps say, whatever their number and wherever they fail."""

from __future__ import annotations

import threading

import pytest

from esb.compiler.failure import Clause, ErrorHandler
from esb.compiler.policy import Policy
from esb.exchange import Exchange
from esb.program import Program

CONTINUES = ErrorHandler(
    policy=Policy(),
    stopping=threading.Event(),
    clauses=[Clause((OSError,), Policy(), continued=lambda _: True)],
)


def steps(count: int, fails: int = -1):
    def make(index: int):
        def step(exchange: Exchange) -> None:
            exchange.body += str(index)
            if index == fails:
                raise OSError(f"step {index}")

        return step

    return tuple(make(index) for index in range(count))


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_all_steps_run_with_and_without_a_handler(count: int) -> None:
    for handler in (None, CONTINUES):
        exchange = Exchange("")
        Program(steps(count), handler).step(exchange)
        assert exchange.body == "01234"[:count]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_failure_that_is_continued_goes_on_behind_its_step(count: int) -> None:
    for fails in range(count):
        exchange = Exchange("")
        Program(steps(count, fails), CONTINUES).step(exchange)
        assert (exchange.body, exchange.error) == ("01234"[:count], None)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_without_a_handler_a_failure_ends_the_program_at_its_step(count: int) -> None:
    for fails in range(count):
        exchange = Exchange("")
        with pytest.raises(OSError, match=f"step {fails}"):
            Program(steps(count, fails)).step(exchange)
        assert exchange.body == "01234"[: fails + 1]


def test_a_second_failure_behind_a_continued_one_is_handled_too() -> None:
    first, second = steps(1, 0)[0], steps(2, 1)[1]
    exchange = Exchange("")
    Program((first, second, steps(3)[2]), CONTINUES).step(exchange)
    assert exchange.body == "012"


def test_a_program_run_from_a_step_begins_there() -> None:
    exchange = Exchange("")
    Program(steps(4)).run(exchange, 2)
    assert exchange.body == "23"
