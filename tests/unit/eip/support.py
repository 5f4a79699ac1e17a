"""Builds steps without YAML, on a real context: what the tests of steps with nested steps share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from esb.compiler.build import RouteParts, StepsBuilder
from esb.compiler.handlers import make_handler
from esb.component import Component
from esb.context import RouteContext
from esb.exchange import Exchange
from esb.expression import LanguageSpec
from esb.fields import Kind, field
from esb.step import StepSpec
from esb.unit import UnitOfWork


class Asked(LanguageSpec):
    """An expression that is a Python function."""

    name = "asked"
    ask = field(Kind.ANY)

    def compile(self, scope):
        return self.ask


class Do(StepSpec):
    """A step that is a Python function."""

    name = "do"
    call = field(Kind.ANY)

    def build(self, builder):
        return self.call


class Later(StepSpec):
    """A pipelined send: returns at once and settles when the test says so."""

    name = "later"
    sent = field(Kind.ANY)

    def build(self, builder):
        late = builder.late_failure()
        tail = builder.tail

        def send(exchange):
            if not tail or exchange.waits:
                raise AssertionError("this send must be pipelined")
            exchange.unit.hold()

            def confirm(error=None):
                if error is None:
                    exchange.unit.release()
                else:
                    late(exchange, error)

            self.sent.append((exchange, confirm))

        return send


def body() -> Asked:
    return Asked(ask=lambda exchange: exchange.message.body)


def header(name: str) -> Asked:
    return Asked(ask=lambda exchange: exchange.message.headers.get(name))


def do(call: Callable[[Exchange], Any]) -> Do:
    return Do(call=call)


def fail(error: Exception, when: Callable[[Exchange], bool] = lambda _: True) -> Do:
    def step(exchange: Exchange) -> None:
        if when(exchange):
            raise error

    return Do(call=step)


def stop(when: Callable[[Exchange], bool]) -> Do:
    def step(exchange: Exchange) -> None:
        if when(exchange):
            exchange.halted = True

    return Do(call=step)


class Bench:
    """A route of some steps, started; ``send`` runs one message through it as a consumer would."""

    def __init__(
        self,
        *steps: StepSpec,
        beans: dict[str, Any] | None = None,
        components: dict[str, type[Component]] | None = None,
        handled: bool = True,
    ):
        self.context = RouteContext()
        for name, bean in (beans or {}).items():
            self.context.bind("bean", name, bean)
        for scheme, component in (components or {}).items():
            self.context.bind("component", scheme, component)
        self.findings: list[Exception] = []
        self.parts = RouteParts(
            self.context, "test", None, self.findings, lambda name: f"{name}1", lambda scheme: scheme != "file"
        )
        if handled:
            self.parts.handler = make_handler(self.parts, None, [], self.context.stopping)
        self.program = StepsBuilder(self.parts).compile(steps, tail=True)
        if self.findings:
            raise self.findings[0]
        for call in self.parts.on_start:
            call()
        self.settled = threading.Event()

    def run(self, exchange: Exchange, *, waits: bool = False) -> Exchange:
        """Run an exchange; its failure is in ``error``, its unit in ``unit``."""
        self.settled.clear()
        exchange.unit = exchange.unit or UnitOfWork(lambda _: self.settled.set())
        exchange.waits += waits
        try:
            self.program(exchange)
        except Exception as error:
            exchange.error = error
        exchange.unit.release(exchange.error)
        return exchange

    def send(self, body: Any = None, *, waits: bool = False, **headers: Any) -> Exchange:
        return self.run(Exchange(body, headers), waits=waits)

    def stop(self) -> None:
        self.context.stopping.set()
        for call in reversed(self.parts.on_stop):
            call()
        self.context.stop()
