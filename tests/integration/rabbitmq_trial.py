"""What the tests of ``rabbitmq:`` share: contexts with a connection factory, and a peer that speaks AMQP by pika alone."""

from __future__ import annotations

import itertools
from typing import Any

import pika
import pytest

from esb.components.rabbitmq.factory import ConnectionFactory
from esb.context import RouteContext
from esb.exchange import Exchange
from esb.testing.process import until
from esb.testing.rabbitmq import RabbitNode

DEADLINE = 60.0
_NUMBERS = itertools.count(1)


class Trial:
    """One test on a node: names of its own, contexts, and a peer."""

    def __init__(self, node: RabbitNode) -> None:
        self.node = node
        self.name = f"t{next(_NUMBERS)}"
        self.contexts: list[RouteContext] = []
        self.peer = pika.BlockingConnection(pika.URLParameters(node.url))
        self.channel = self.peer.channel()
        self.channel.confirm_delivery()

    def close(self) -> None:
        for context in self.contexts:
            context.stop(10.0)
        if self.peer.is_open:
            self.peer.close()

    def needs(self, plugin: str) -> None:
        """Skip the test where the server does not have a plugin."""
        if plugin not in self.node.plugins:
            pytest.skip(f"this RabbitMQ has no plugin {plugin}; Debian's package rabbitmq-server brings it")

    def start(self, routes: str, *, services: dict[str, Any] | None = None, **beans: Any) -> RouteContext:
        """A running context; ``NAME`` in the routes becomes a name that no other test has."""
        context = RouteContext(services=services)
        factory = ConnectionFactory("127.0.0.1")
        factory.port, factory.username, factory.password = self.node.port, "guest", "guest"
        context.bind("bean", "broker", factory)
        for name, bean in beans.items():
            context.bind("bean", name, bean)
        self.contexts.append(context)
        if routes:
            context.load(routes.replace("NAME", self.name), "routes.yaml")
        context.start()
        until(lambda: all(state.startswith("connected") for state in context.connections().values()))
        return context

    def received(self, context: RouteContext, mock: str, count: int) -> list[Any]:
        """The messages that a mock has, once there are so many."""
        endpoint = context.endpoint(f"mock:{mock}")
        until(lambda: len(endpoint.received) >= count)
        return list(endpoint.received)

    def bodies(self, context: RouteContext, mock: str, count: int) -> list[Any]:
        return [each.body for each in self.received(context, mock, count)]

    def put(self, exchange: str, key: str, body: bytes, **properties: Any) -> None:
        """The peer publishes."""
        self.channel.basic_publish(
            exchange.replace("NAME", self.name),
            key.replace("NAME", self.name),
            body,
            pika.BasicProperties(**properties),
            mandatory=True,
        )

    def answer(self, address: str, body: bytes, **properties: Any) -> None:
        """The peer answers a request; RabbitMQ would return a mandatory message to such an address."""
        self.channel.basic_publish("", address, body, pika.BasicProperties(**properties))

    def take(self, queue: str) -> tuple[Any, bytes]:
        """The peer takes one message: its properties and body."""

        def got() -> tuple[Any, bytes] | None:
            method, properties, body = self.channel.basic_get(queue.replace("NAME", self.name), auto_ack=True)
            return (properties, body) if method is not None else None

        return until(got)

    def queue(self, queue: str, **declared: Any) -> None:
        """The peer declares a queue."""
        self.channel.queue_declare(queue.replace("NAME", self.name), **declared)

    def bind(self, queue: str, exchange: str, key: str = "") -> None:
        self.channel.queue_bind(queue.replace("NAME", self.name), exchange.replace("NAME", self.name), key)

    def depth(self, queue: str) -> int:
        """Ready messages of a queue."""
        told = self.channel.queue_declare(queue.replace("NAME", self.name), passive=True)
        return told.method.message_count


def send(context: RouteContext, uri: str, body: Any, pattern: str = "InOnly", **headers: Any) -> Exchange:
    """Send and have what comes of it; raises what it ended in."""
    exchange = context.send(uri, Exchange(body, headers, pattern=pattern))
    if exchange.error is not None:
        raise exchange.error
    return exchange
