"""Routes on a real context with a broker in memory."""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from esb.context import RouteContext
from esb.errors import ConfigErrors
from esb.exchange import IN_OUT, Exchange


class Bus:
    """A context for one test: ``load`` starts routes, ``send`` gives the exchange back, ``got`` what a mock received."""

    def __init__(self, context: RouteContext) -> None:
        self.context = context

    def load(self, routes: str) -> Bus:
        self.context.load(textwrap.dedent(routes), file="test.yaml")
        self.context.start()
        return self

    def send(self, body: Any = None, to: str = "direct:a", *, pattern: str = IN_OUT, **headers: Any) -> Exchange:
        return self.context.send(to, Exchange(body, headers, pattern=pattern))

    def got(self, mock: str) -> list[Any]:
        endpoint: Any = self.context.endpoint(f"mock:{mock}")
        return [received.body for received in endpoint.received]

    def awaited(self, mock: str, count: int = 1) -> list[Any]:
        """What a mock has received as soon as that is so much."""
        _until(lambda: len(self.got(mock)) >= count)
        return self.got(mock)


def _until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    gone = threading.Event()
    for _ in range(int(seconds / 0.005)):
        if condition():
            return
        gone.wait(0.005)
    raise AssertionError("did not come true in time")


@pytest.fixture
def bus(memory_broker: Any, tmp_path: Path) -> Iterator[Bus]:
    made = Bus(RouteContext("test", folder=tmp_path, services={"broker": lambda _: memory_broker}))
    yield made
    made.context.stop(5.0)


@pytest.fixture
def refused(bus: Bus) -> Callable[[str], str]:
    """The findings of routes that must not load, as text."""

    def load(routes: str) -> str:
        with pytest.raises(ConfigErrors) as caught:
            bus.load(routes)
        return str(caught.value)

    return load
