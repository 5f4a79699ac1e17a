"""The language jq beyond what the oracle's cases say: the fence around programs, exact integers, threads."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from esb import coerce
from esb.context import RouteContext
from esb.errors import RouteSyntaxError
from esb.exchange import Exchange
from esb.javanames import RuntimeCamelException
from esb.languages.jq import Jq

Evaluate = Callable[..., Any]


@pytest.fixture
def evaluate() -> Evaluate:
    context = RouteContext("test")

    def run(program: str, body: Any = "{}", headers: dict[str, Any] | None = None, **options: Any) -> Any:
        return Jq(expression=program, **options).compile(context)(Exchange(body, headers))

    return run


@pytest.mark.parametrize("program", ["env | length", "$ENV | length"])
def test_a_program_does_not_see_the_environment(
    evaluate: Evaluate, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESB_SECRET", "x")
    assert evaluate(program) == 0


@pytest.mark.parametrize("program", ["halt", "input", "halt_error", '"x" | halt_error(1)'])
def test_a_program_cannot_end_the_process_or_read_other_input(evaluate: Evaluate, program: str) -> None:
    with pytest.raises(RuntimeCamelException):
        evaluate(program)


@pytest.mark.parametrize(
    "program", ["", "if .a then 1", '"open', ".a ==", "1) | (2", 'import "x" as y; 1', ". as x | x"]
)
def test_what_is_no_program_is_refused_at_load(evaluate: Evaluate, program: str) -> None:
    with pytest.raises(RouteSyntaxError):
        evaluate(program)


def test_comments_and_definitions_work_inside_the_fence(evaluate: Evaluate) -> None:
    assert evaluate("def twice: . * 2; .n | twice # done", '{"n": 4}') == 8


def test_integers_that_are_passed_on_keep_all_their_digits(evaluate: Evaluate) -> None:
    body = '{"id": 12345678901234567890, "list": [9007199254740993, 3], "f": 1e300}'
    assert evaluate(".", body) == {"id": 12345678901234567890, "list": [9007199254740993, 3], "f": 1e300}
    assert evaluate(".list[0]", body) == 9007199254740993
    assert evaluate(".id", {"id": -(1 << 70)}) == -(1 << 70)


def test_integers_that_jq_cannot_tell_apart_are_refused_rather_than_mixed_up(evaluate: Evaluate) -> None:
    with pytest.raises(RuntimeCamelException, match="too near to each other"):
        evaluate(".a", '{"a": 12345678901234567890, "b": 12345678901234567891}')


def test_the_text_of_a_result_is_json(evaluate: Evaluate) -> None:
    assert coerce.text(evaluate(".", '{"a": [1, {"b": null}], "c": {}}')) == (
        '{\n  "a" : [ 1, {\n    "b" : null\n  } ],\n  "c" : { }\n}'
    )


def test_headers_reach_a_program_as_text_only_when_it_asks(evaluate: Evaluate) -> None:
    assert evaluate('header("N") + header("nope"; "-")', "{}", {"n": 7}) == "7-"
    assert evaluate("keys", '{"h": 1}', {"n": 7}) == ["h"]


def test_a_failure_names_the_program(evaluate: Evaluate) -> None:
    with pytest.raises(RuntimeCamelException, match=r"jq '\.a\.b': Cannot index number"):
        evaluate(".a.b", '{"a": 1}')


def test_more_results_than_the_bound_are_refused(evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esb.languages.jq.MAX_RESULTS", 10)
    with pytest.raises(RuntimeCamelException, match="more than 10 results"):
        evaluate("range(100)")


def test_threads_do_not_disturb_each_other() -> None:
    expression = Jq(expression='[.n, header("n")]').compile(RouteContext("test"))
    wrong: list[Any] = []

    def work(number: int) -> None:
        for turn in range(50):
            told = expression(Exchange({"n": number * 100 + turn}, {"n": f"h{number}"}))
            if told != [number * 100 + turn, f"h{number}"]:
                wrong.append(told)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("program", "expected"), [(".price > 100", False), (".price * 2", 10), (".price", 5), (".share", 0.25)]
)
def test_decimals_of_a_data_type_are_numbers(evaluate: Evaluate, program: str, expected: Any) -> None:
    assert evaluate(program, {"price": Decimal("5.00"), "share": Decimal("0.25")}) == expected
