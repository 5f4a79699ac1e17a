"""What we declare on RabbitMQ: names and arguments. Remembered, so that it can be declared again after a reconnect.

Every queue is a quorum queue: durable, replicated where there are nodes, refusing (not dropping) when full, and dead-lettering at least once. A
message that comes back unsettled too often is set aside in the queue ``poison`` by RabbitMQ itself. A topic is a durable fanout exchange with one
such queue for each subscription. A delay is a queue nobody consumes, whose messages expire into the queue they came from: one for each queue and
step, so that a full queue holds up nobody else's retries.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import Any

from esb.broker.amqp_mismatch import explained
from esb.broker.contract import subscription_queue

POISON = "poison"
_STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200)
_DAY = 86400
# RabbitMQ 4 has a limit of 20 where none is given, and drops what exceeds it where there is no dead-letter exchange: so there is always one.
_UNLIMITED = 10**9


@dataclass(frozen=True, slots=True)
class Declaration:
    """One thing to declare. ``name`` is the route's word for it, ``wire`` RabbitMQ's."""

    kind: str
    name: str
    wire: str
    arguments: dict[str, Any] = field(default_factory=dict, hash=False, compare=False)
    source: str = ""

    def send(self, channel: Any, declared: Any) -> None:
        """Send it; ``declared`` is called with the answer."""
        match self.kind:
            case "queue" | "delay":
                channel.queue_declare(self.wire, durable=True, arguments=self.arguments, callback=declared)
            case "topic":
                channel.exchange_declare(self.wire, "fanout", durable=True, callback=declared)
            case "binding":
                channel.queue_bind(self.wire, self.source, routing_key="", callback=declared)

    def refusal(self, reason: str) -> str:
        """A refused declaration in words, with the way out."""
        return explained(self.kind, self.name, self.wire, reason)


class Topology:
    """What was declared through this broker. Thread-safe."""

    def __init__(self, namespace: str, *, delivery_limit: int, max_length: int) -> None:
        self._namespace = namespace
        self._delivery_limit = delivery_limit
        self._max_length = max_length
        self._lock = threading.Lock()
        self._remembered: dict[tuple[str, str], Declaration] = {}
        self._delays: dict[str, set[str]] = {}
        self._asked: set[str] = set()

    def wire(self, queue: str) -> str:
        """A queue's name on RabbitMQ."""
        return f"{self._namespace}.{queue}"

    def wire_topic(self, topic: str) -> str:
        """The name of a topic's exchange on RabbitMQ."""
        return f"{self._namespace}.topic.{topic}"

    def queue(self, name: str, *, exclusive: bool = False) -> list[Declaration]:
        """Remember a queue; returns what to declare. A queue declared again in another way replaces the former."""
        self._asked.add(name)
        if name == POISON:
            return self._remember(self._poison())
        extra = {"x-single-active-consumer": True} if exclusive else {}
        return self._remember(self._poison(), Declaration("queue", name, self.wire(name), self._arguments() | extra))

    def move_target(self, name: str) -> list[Declaration]:
        """As :meth:`queue`, unless the queue is remembered already; then nothing is to be declared."""
        return [] if name in self._asked else self.queue(name)

    def topic(self, name: str) -> list[Declaration]:
        """Remember a topic."""
        return self._remember(Declaration("topic", name, self.wire_topic(name)))

    def binding(self, topic: str, subscription: str) -> list[Declaration]:
        """Remember a topic's durable subscription and its queue."""
        name = subscription_queue(topic, subscription)
        bound = Declaration("binding", name, self.wire(name), source=self.wire_topic(topic))
        return [*self.topic(topic), *self.queue(name), *self._remember(bound)]

    def delay(self, queue: str, seconds: float) -> tuple[str, list[Declaration]]:
        """The wire name of the queue in which a message waits at least so long, and what to declare for it, which is remembered."""
        step = next((step for step in _STEPS if step >= seconds), None) or math.ceil(seconds / _DAY) * _DAY
        wire = f"{self.wire(queue)}.delay.{step}s"
        with self._lock:
            known = self._delays.setdefault(queue, set())
            if wire in known:
                return wire, []
            known.add(wire)
        arguments = self._arguments(dead_letter=self.wire(queue)) | {"x-message-ttl": step * 1000}
        return wire, self._remember(Declaration("delay", queue, wire, arguments))

    def delays(self, queue: str) -> list[str]:
        """Wire names of the delay queues in use for a queue."""
        with self._lock:
            return sorted(self._delays.get(queue, ()))

    def all(self) -> list[Declaration]:
        """Everything remembered, in the order in which it must be declared."""
        with self._lock:
            return list(self._remembered.values())

    def has_queue(self, name: str) -> bool:
        """Whether the queue was declared through this broker."""
        return name in self._asked

    def has_topic(self, name: str) -> bool:
        """Whether the topic was declared through this broker."""
        return ("topic", self.wire_topic(name)) in self._remembered

    def is_exclusive(self, queue: str) -> bool:
        """Whether the queue was declared with a single active consumer."""
        declared = self._remembered.get(("queue", self.wire(queue)))
        return declared is not None and "x-single-active-consumer" in declared.arguments

    def queues(self) -> list[str]:
        """Names of the queues that routes declared."""
        return sorted(self._asked)

    def _poison(self) -> Declaration:
        return Declaration(
            "queue", POISON, self.wire(POISON), {"x-queue-type": "quorum", "x-delivery-limit": _UNLIMITED}
        )

    def _arguments(self, dead_letter: str = "") -> dict[str, Any]:
        arguments = {
            "x-queue-type": "quorum",
            "x-overflow": "reject-publish",
            "x-delivery-limit": self._delivery_limit,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": dead_letter or self.wire(POISON),
            "x-dead-letter-strategy": "at-least-once",
        }
        if self._max_length and not dead_letter:
            arguments["x-max-length"] = self._max_length
        return arguments

    def _remember(self, *declarations: Declaration) -> list[Declaration]:
        with self._lock:
            for each in declarations:
                self._remembered[each.kind, each.wire] = each
        return list(declarations)
