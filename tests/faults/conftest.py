from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from esb.testing.process import until
from esb.testing.rabbitmq import RabbitNode, running_node
from esb.testing.tcpproxy import TcpProxy
from tests.faults.results import Recorder
from tests.faults.site import INBOX, Site
from tests.faults.store import again, client

_NAMESPACES = itertools.count(1)
MakeSite = Callable[..., Site]


@pytest.fixture(scope="session")
def one_node() -> Iterator[RabbitNode]:
    with running_node() as made:
        yield made


@pytest.fixture
def node(one_node: RabbitNode) -> RabbitNode:
    """The RabbitMQ node of all tests, running, whatever the test before has done to it."""
    if not one_node.running:
        one_node.start()
    return one_node


@pytest.fixture
def rabbit(node: RabbitNode) -> str:
    """A broker URL on the node, with a new namespace."""
    return f"{node.url}?namespace=fault{next(_NAMESPACES)}"


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """A broker URL of an embedded broker."""
    return f"sqlite:{tmp_path}/bus.db"


@pytest.fixture
def proxy(node: RabbitNode) -> Iterator[TcpProxy]:
    """A network between the bus and the node."""
    with TcpProxy(node.port) as made:
        yield made


@pytest.fixture
def through(rabbit: str, proxy: TcpProxy, node: RabbitNode) -> str:
    """The address of the same namespace through the network."""
    return rabbit.replace(f":{node.port}/", f":{proxy.port}/")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[MakeSite]:
    """Makes sites."""
    with contextlib.ExitStack() as stack:

        def make(url: str, **options: Any) -> Site:
            return stack.enter_context(Site(tmp_path, url, **options))

        yield make


@pytest.fixture
def behind_inbox(tmp_path: Path) -> Callable[[Site], int]:
    """Send what came out, repeats included, through a bus with an inbox (idempotentConsumer on the message's id): how many repeats come through."""

    def run(first: Site) -> int:
        found = first.found["out"]
        with Site(tmp_path, first.url, routes=INBOX, name="inbox") as second:
            with client(first.url) as broker:
                again(broker, "out", found)
            second.bus.start()
            wanted = {one.id for one in found}
            until(
                lambda: second.store.depth("out") == 0 and second.store.depth("once") >= len(wanted), "all is through"
            )
            second.bus.stop()
            ids = [one.id for one in second.collect("once")]
        assert set(ids) == wanted
        return len(ids) - len(wanted)

    return run


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Recorder:
    """Takes the test's figures down; see the mark ``fault``."""
    mark = request.node.get_closest_marker("fault")
    return Recorder(request.node.name, *mark.args)
