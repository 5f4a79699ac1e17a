"""The pytest plugin that comes with the bus: fixtures for tests of routes, adapters and schemas."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from esb.broker.contract import Broker
from esb.context import RouteContext


@pytest.fixture
def memory_broker() -> Iterator[Broker]:
    """A broker in memory: the verified twin of the durable ones."""
    from esb.broker.memory import MemoryBroker

    broker = MemoryBroker()
    broker.open()
    yield broker
    broker.close()


@pytest.fixture
def bus(memory_broker: Broker) -> Iterator[RouteContext]:
    """A route context with a broker in memory: ``bus.load(text)``, ``bus.start()``, ``bus.send(uri, exchange)``. Stopped after the test."""
    context = RouteContext("test", services={"broker": lambda _: memory_broker})
    yield context
    context.stop(drain=5.0)
