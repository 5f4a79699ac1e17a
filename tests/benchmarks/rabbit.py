"""The driver's side of the queues: declared as the bus declares them, filled, and counted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import pika

from esb.broker.amqp import AmqpBroker
from esb.broker.amqp_url import parse
from esb.broker.contract import Ack, Delivery, Outgoing
from esb.broker.subscription import AmqpSubscription, Consuming
from esb.broker.topology import Topology
from esb.testing.rabbitmq import RabbitNode

_PLAIN = {"x-queue-type": "quorum"}
_PATIENCE = 180.0
_PUBLISHED = 1_767_225_600.0


class Queues:
    """A connection to the node. Names are those on the wire (``esb.in``). A context manager."""

    def __init__(self, url: str) -> None:
        parameters = pika.URLParameters(url)
        parameters.heartbeat = 0  # it is silent for as long as a run takes
        self._connection = pika.BlockingConnection(parameters)
        self._channel = self._connection.channel()
        self._topology = Topology("esb", delivery_limit=1000, max_length=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def fresh(self, names: Sequence[str], *, classic: bool = False) -> None:
        """Delete queues and declare them anew, with the arguments that the bus gives them: quorum queues. Or as classic ones, without any."""
        for name in names:
            self._channel.queue_delete(name)
            if classic:
                self._channel.queue_declare(name, durable=True)
                continue
            if name == Shovel.SOURCE:
                self._channel.queue_declare(name, durable=True, arguments=_PLAIN)
                continue
            for declared in self._topology.queue(name.removeprefix("esb.")):
                self._channel.queue_declare(declared.wire, durable=True, arguments=declared.arguments)

    def depth(self, name: str) -> int:
        """Messages that wait on a queue; those that a consumer holds are not among them."""
        return int(self._channel.queue_declare(name, passive=True).method.message_count)


class Filler:
    """Puts persistent messages on queues, through the bus's own publisher: as fast as the node confirms them. A context manager."""

    def __init__(self, url: str) -> None:
        self._broker = _connected(f"{url}?window=2000")
        self._sent = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._broker.close()

    def add(self, name: str, bodies: Sequence[bytes]) -> None:
        """Put messages on a queue (on the wire) that is there, each with an id of its own, and wait until all are. Raises what a publish raises."""
        over = threading.Event()
        failed: list[Exception] = []
        waiting = len(bodies)

        def done(error: Exception | None) -> None:
            nonlocal waiting
            waiting -= 1  # on the broker's thread only
            if error is not None:
                failed.append(error)
            if not waiting:
                over.set()

        for body in bodies:
            self._sent += 1
            message = Outgoing(f"m-{self._sent}", body, {}, "application/json", published_at=_PUBLISHED)
            self._broker.publish(name.removeprefix("esb."), message, done)
        if bodies and not over.wait(_PATIENCE):
            raise RuntimeError(f"{name} did not take {len(bodies)} messages within {_PATIENCE:g} s")
        if failed:
            raise failed[0]


class Taken:
    """What a sink has consumed."""

    def __init__(self) -> None:
        self.count = 0
        self.ids: set[str] = set()


@contextmanager
def sink(url: str, names: Sequence[str]) -> Iterator[Taken]:
    """Consumes queues (on the wire) with manual acks, and counts. With no names it only yields."""
    taken = Taken()
    if not names:
        yield taken
        return
    broker = _connected(url)
    subscriptions: dict[str, AmqpSubscription] = {}
    ready = threading.Event()

    def take(batch: list[Delivery]) -> None:
        ready.wait()
        taken.count += len(batch)
        taken.ids.update([delivery.id for delivery in batch])
        subscriptions[batch[0].queue].settle([(delivery, Ack()) for delivery in batch])

    for wire in names:
        # Not by the contract, which declares: the queues are there, some of them classic ones.
        subscriptions[wire] = broker.consume(wire, take, prefetch=1000, in_order=False, consuming=Consuming())
    ready.set()
    try:
        yield taken
    finally:
        broker.close()


def _connected(url: str) -> AmqpBroker:
    broker = AmqpBroker(parse(url))
    broker.open()
    deadline = time.monotonic() + _PATIENCE
    while broker.state != "connected":
        if time.monotonic() > deadline:
            raise RuntimeError("the driver does not get a connection")
        time.sleep(0.02)
    return broker


class Shovel:
    """RabbitMQ's own plugin, in the node itself: its CPU is the broker's. A context manager.

    It declares its source, and cannot do so with a dead-letter exchange (3.10 fails on it): so it has a quorum queue without.
    """

    SOURCE = "esb.shovel"

    def __init__(self, node: RabbitNode, *, classic: bool = False, prefetch: int = 1000) -> None:
        self._node = node
        self._prefetch = prefetch
        self._arguments = {} if classic else _PLAIN

    def __enter__(self) -> Self:
        how = {
            "src-protocol": "amqp091",
            "src-uri": f"amqp://127.0.0.1:{self._node.port}",
            "src-queue": self.SOURCE,
            "src-queue-args": self._arguments,
            "dest-protocol": "amqp091",
            "dest-uri": f"amqp://127.0.0.1:{self._node.port}",
            "dest-exchange": "",
            "dest-exchange-key": "esb.out",
            "ack-mode": "on-confirm",
            "src-prefetch-count": self._prefetch,
        }
        self._node.ctl("set_parameter", "shovel", "bench", json.dumps(how))
        return self

    def __exit__(self, *_: object) -> None:
        self._node.ctl("clear_parameter", "shovel", "bench")

    @property
    def pid(self) -> int:
        """The node: it has no process of its own."""
        return self._node.pid

    def check(self) -> None:
        """It ends with the node only."""
