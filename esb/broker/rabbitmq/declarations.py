"""Exchanges, queues and bindings that a route declares. Without pika, so that loading routes does not import it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from esb.broker.rabbitmq.mismatch import explained


@dataclass(frozen=True, slots=True)
class Place:
    """Where a declaration comes from: the position in the route file, the endpoint's URI, and the prefix of the options that decide its arguments."""

    at: str = ""
    uri: str = ""
    prefix: str = ""

    def refusal(self, kind: str, name: str, reason: str) -> str:
        """A refusal in words, with the way out."""
        return explained(kind, name, reason, self.prefix, f"{self.at} {self.uri}".strip())


@dataclass(frozen=True, slots=True)
class ExchangeDeclaration:
    """An exchange. ``type`` is direct, fanout, headers, topic, or one of a plugin."""

    name: str
    type: str
    durable: bool = True
    auto_delete: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    place: Place = field(default_factory=Place, compare=False)

    @property
    def wire(self) -> str:
        """What tells it from other declarations."""
        return f"exchange {self.name}"

    def send(self, channel: Any, declared: Any) -> None:
        """Send it; ``declared`` is called with the answer."""
        channel.exchange_declare(
            self.name,
            self.type,
            durable=self.durable,
            auto_delete=self.auto_delete,
            arguments=dict(self.arguments),
            callback=declared,
        )

    def refusal(self, reason: str) -> str:
        """A refusal in words, with the way out."""
        return self.place.refusal("exchange", self.name, reason)


@dataclass(frozen=True, slots=True)
class QueueDeclaration:
    """A queue; its type (classic, quorum, stream) is among the arguments."""

    name: str
    durable: bool = True
    auto_delete: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    place: Place = field(default_factory=Place, compare=False)

    @property
    def wire(self) -> str:
        """What tells it from other declarations."""
        return f"queue {self.name}"

    def send(self, channel: Any, declared: Any) -> None:
        """Send it; ``declared`` is called with the answer."""
        channel.queue_declare(
            self.name,
            durable=self.durable,
            auto_delete=self.auto_delete,
            arguments=dict(self.arguments),
            callback=declared,
        )

    def refusal(self, reason: str) -> str:
        """A refusal in words, with the way out."""
        return self.place.refusal("queue", self.name, reason)


@dataclass(frozen=True, slots=True)
class BindingDeclaration:
    """A queue bound to an exchange."""

    queue: str
    exchange: str
    routing_key: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    place: Place = field(default_factory=Place, compare=False)

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.queue} to {self.exchange}"

    @property
    def wire(self) -> str:
        """What tells it from other declarations: a queue may be bound several times."""
        return f"binding {self.exchange} {self.queue} {self.routing_key} {sorted(self.arguments.items(), key=str)}"

    def send(self, channel: Any, declared: Any) -> None:
        """Send it; ``declared`` is called with the answer."""
        channel.queue_bind(
            self.queue, self.exchange, routing_key=self.routing_key, arguments=dict(self.arguments), callback=declared
        )

    def refusal(self, reason: str) -> str:
        """A refusal in words, with the way out."""
        return self.place.refusal("binding", self.name, reason)
