"""Routes from YAML on a real context: what the tests of single steps share."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from esb.component import Component, Endpoint, Producer
from esb.context import RouteContext
from esb.errors import ConfigErrors
from esb.exchange import IN_OUT, Exchange
from esb.fields import Kind, field


class Bus:
    """A context for one test. ``route`` loads steps behind ``direct:start``; ``send`` sends there and gives the exchange back."""

    def __init__(self) -> None:
        self.context = RouteContext("test")
        self.held: list[Callable[[Exception | None], None]] = []
        self.context.bind("component", "held", _holding(self.held))

    def bind(self, name: str, bean: Any) -> None:
        self.context.bind("bean", name, bean)

    def load(self, routes: str) -> Bus:
        """Whole routes."""
        self.context.load(textwrap.dedent(routes), file="test.yaml")
        self.context.start()
        return self

    def route(self, steps: str, *more: str) -> Bus:
        """The steps of one route called ``start``; ``more`` are whole routes."""
        indented = textwrap.indent(textwrap.dedent(steps).strip("\n"), " " * 6)
        document = f"- route:\n    id: start\n    from:\n      uri: direct:start\n      steps:\n{textwrap.indent(indented, '  ')}\n"
        return self.load(document + "".join(textwrap.dedent(one) for one in more))

    def send(self, body: Any = None, to: str = "direct:start", *, pattern: str = IN_OUT, **headers: Any) -> Exchange:
        return self.context.send(to, Exchange(body, headers, pattern=pattern))

    def got(self, mock: str) -> list[Any]:
        """Bodies that a mock received."""
        return [received.body for received in self.received(mock)]

    def received(self, mock: str) -> list[Any]:
        endpoint: Any = self.context.endpoint(f"mock:{mock}")
        return list(endpoint.received)


class HeldEndpoint(Endpoint):
    """``held:x``: a pipelined send that is confirmed when the test says so; sent plainly, it appends ``+sent`` to the body."""

    name = field(Kind.TEXT, path=True)

    def producer(self) -> HeldProducer:
        return HeldProducer(self.component.confirms)


class HeldProducer(Producer):
    def __init__(self, confirms: list[Callable[[Exception | None], None]]) -> None:
        self._confirms = confirms

    def send(self, exchange: Exchange) -> None:
        exchange.body = f"{exchange.body}+sent"

    def send_pipelined(self, exchange: Exchange, done: Callable[[Exception | None], None]) -> None:
        if exchange.body == "refused at once":
            raise OSError(exchange.body)
        self._confirms.append(done)


def _holding(held: list[Callable[[Exception | None], None]]) -> type[Component]:
    class HeldComponent(Component):
        schemes = ("held",)
        endpoint_class = HeldEndpoint
        confirms = held

    return HeldComponent


@pytest.fixture
def bus():
    made = Bus()
    yield made
    made.context.stop(1.0)


@pytest.fixture
def refused(bus):
    """The findings of steps that must not load, as text."""

    def load(steps: str, *more: str) -> str:
        with pytest.raises(ConfigErrors) as caught:
            bus.route(steps, *more)
        return str(caught.value)

    return load
