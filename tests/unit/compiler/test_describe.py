"""What ``esb describe`` says of a compiled route."""

from __future__ import annotations

import pytest

from esb.broker.memory import MemoryBroker
from esb.compiler.describe import described, text
from esb.context import RouteContext

ROUTE = """
- route:
    id: r
    from:
      uri: bus:orders
      steps:
        - doTry:
            steps: [{log: {message: tried}}]
            doCatch: [{exception: [java.io.IOException], steps: [{log: {message: caught}}]}]
            doFinally: {steps: [{log: {message: last}}]}
        - choice:
            when:
              - expression: {simple: {expression: "${header.a} == 1"}}
                steps: [{log: {message: one}}, {log: {message: two}}]
              - disabled: true
                expression: {simple: {expression: "${header.b} == 1"}}
                steps: [{log: {message: never}}]
            otherwise: {steps: [{to: {uri: "mock:out"}}]}
        - circuitBreaker:
            steps: [{to: {uri: "mock:partner"}}]
            onFallback: {steps: [{log: {message: fallback}}]}
"""


@pytest.fixture
def route():
    broker = MemoryBroker()
    broker.open()
    context = RouteContext(services={"broker": lambda _: broker})
    context.load(ROUTE)
    yield context.routes["r"]
    context.stop(1)
    broker.close()


def outline(steps, depth=0):
    for step in steps:
        yield f"{'  ' * depth}{step['sentence']}"
        yield from outline(step.get("steps", ()), depth + 1)


def test_steps_stand_below_the_branch_or_clause_they_belong_to(route):
    assert list(outline(described(route)["steps"])) == [
        "try, catching IOException",
        "  log: tried",
        "  if it fails with java.io.IOException",
        "    log: caught",
        "  in the end",
        "    log: last",
        "take the first branch that holds",
        "  if simple ${header.a} == 1",
        "    log: one",
        "    log: two",
        "  if none of them holds",
        "    send to mock:out",
        "circuit breaker, with a fallback",
        "  send to mock:partner",
        "  instead, if it fails or the circuit is open",
        "    log: fallback",
    ]


def test_what_the_source_does_with_a_failure_is_told(route):
    last = text(route).splitlines()[-1]
    assert (
        last
        == "  failures: to the sender (delivered again 5 times, then on orders.dlq; invalid data on orders.invalid)"
    )
