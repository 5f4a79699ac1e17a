"""The driver's side of the queues: declared as the bus declares them, filled, and counted."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import pika

from esb.broker.contract import Ack, Delivery, Subscription
from esb.broker.open import open_broker
from esb.broker.topology import Topology
from esb.testing.rabbitmq import RabbitNode

_PLAIN = {"x-queue-type": "quorum"}


class Queues:
    """A connection to the node. Names are those on the wire (``esb.in``). A context manager."""

    def __init__(self, url: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._sent = 0
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

    def add(self, name: str, bodies: Sequence[bytes]) -> None:
        """Put persistent messages on a queue, each with an id of its own."""
        for body in bodies:
            self._sent += 1
            properties = pika.BasicProperties(
                message_id=f"m-{self._sent}", content_type="application/json", delivery_mode=2, timestamp=1_767_225_600
            )
            self._channel.basic_publish("", name, body, properties)

    def fill(self, name: str, bodies: Sequence[bytes], seconds: float = 180.0) -> None:
        """As :meth:`add` to an empty queue, and wait until they are there. Raises RuntimeError."""
        self.add(name, bodies)
        deadline = time.monotonic() + seconds
        while self.depth(name) < len(bodies):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not take {len(bodies)} messages within {seconds} s")
            time.sleep(0.05)

    def depth(self, name: str) -> int:
        """Messages that wait on a queue; those that a consumer holds are not among them."""
        return int(self._channel.queue_declare(name, passive=True).method.message_count)


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
    broker = open_broker(url)
    broker.open()
    deadline = time.monotonic() + 60
    while broker.state != "connected":
        if time.monotonic() > deadline:
            raise RuntimeError("the sink does not get a connection")
        time.sleep(0.02)
    subscriptions: dict[str, Subscription] = {}

    def take(batch: list[Delivery]) -> None:
        taken.count += len(batch)
        taken.ids.update([delivery.id for delivery in batch])
        subscriptions[batch[0].queue].settle([(delivery, Ack()) for delivery in batch])

    for wire in names:
        name = wire.removeprefix("esb.")
        broker.queue(name)
        subscriptions[name] = broker.subscribe(name, take, prefetch=1000)
    try:
        yield taken
    finally:
        broker.close()


class Shovel:
    """RabbitMQ's own plugin, in the node itself: its CPU is the broker's. A context manager.

    It declares its source, and cannot do so with a dead-letter exchange (3.10 fails on it): so it has a quorum queue without.
    """

    SOURCE = "shovel.in"

    def __init__(self, node: RabbitNode, *, classic: bool = False) -> None:
        self._node = node
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
            "src-prefetch-count": 1000,
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
