"""The driver's side of the queues: declared as the bus declares them, filled, and counted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Self

import pika

from esb.broker.topology import Topology


class Queues:
    """A connection to the node. Names are those on the wire (``esb.in``). A context manager."""

    def __init__(self, url: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._topology = Topology("esb", delivery_limit=1000, max_length=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def fresh(self, names: Sequence[str]) -> None:
        """Delete queues and declare them anew, with the arguments that the bus gives them: quorum queues."""
        for name in names:
            self._channel.queue_delete(name)
            for declared in self._topology.queue(name.removeprefix("esb.")):
                self._channel.queue_declare(declared.wire, durable=True, arguments=declared.arguments)

    def fill(self, name: str, bodies: Sequence[bytes], seconds: float = 60.0) -> None:
        """Put persistent messages on a queue, each with an id of its own, and wait until they are there. Raises RuntimeError."""
        for number, body in enumerate(bodies):
            properties = pika.BasicProperties(
                message_id=f"m-{number}", content_type="application/json", delivery_mode=2, timestamp=1_767_225_600
            )
            self._channel.basic_publish("", name, body, properties)
        deadline = time.monotonic() + seconds
        while self.depth(name) < len(bodies):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not take {len(bodies)} messages within {seconds} s")
            time.sleep(0.05)

    def depth(self, name: str) -> int:
        """Messages that wait on a queue; those that a consumer holds are not among them."""
        return int(self._channel.queue_declare(name, passive=True).method.message_count)
