"""What expressions cost per message. Prints nanoseconds; nothing here is a timed test."""

from __future__ import annotations

import timeit
from typing import Any

import pytest

from esb.errors import UnknownName
from esb.exchange import Exchange
from esb.languages.constant import Constant
from esb.languages.header import Header
from esb.languages.simple import Simple


class Scope:
    """Stands in for the context."""

    name = "bench"
    variables: dict[str, Any] = {}  # noqa: RUF012 -- read only

    def resolve(self, text: str) -> str:
        return text

    def lookup(self, kind: str, name: str) -> Any:
        raise UnknownName(kind, name)

    def language(self, name: str) -> Any:
        return {"simple": Simple}[name]


EXPRESSIONS = (
    "${body}",
    "${header.kind}",
    "${exchangeProperty.p}",
    "${body[customer][name]}",
    "order ${header.kind} for ${body[customer][name]}",
    "${date:header.when:yyyy-MM-dd}",
)
PREDICATES = (
    "${header.kind} == 'export'",
    "${header.total} > 100",
    "${header.total} == 250",
    "${header.kind} != 'x' && ${header.total} >= 5",
    "${header.kind} in 'domestic,export'",
    "${header.kind} regex '[a-z]+'",
    "${body[customer][name]} contains 'ada'",
)


def exchange() -> Exchange:
    made = Exchange(
        {"customer": {"name": "ada"}}, {"kind": "export", "total": 250, "when": 1_704_164_645_678, "other": "x"}
    )
    made.properties["p"] = 1
    return made


def nanoseconds(call: Any, argument: Any) -> float:
    count = 20_000
    return min(timeit.repeat(lambda: call(argument), number=count, repeat=5)) / count * 1e9


@pytest.mark.slow
def test_cost_of_expressions() -> None:
    subject = exchange()
    empty = nanoseconds(lambda _exchange: None, subject)
    print(f"\nan empty call costs {empty:.0f} ns, which is taken off below")
    for text in EXPRESSIONS:
        call = Simple(expression=text).compile(Scope())
        call(subject)
        print(f"{nanoseconds(call, subject) - empty:7.0f} ns  {text}")
    for text in PREDICATES:
        test = Simple(expression=text).compile_predicate(Scope())
        assert test(subject), text
        print(f"{nanoseconds(test, subject) - empty:7.0f} ns  {text}")
    for spec in (Constant(expression="x"), Header(expression="kind")):
        print(f"{nanoseconds(spec.compile(Scope()), subject) - empty:7.0f} ns  {spec.name}")
