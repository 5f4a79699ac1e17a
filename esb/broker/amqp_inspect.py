"""Looking into RabbitMQ's queues: on short-lived connections of their own, on the caller's thread, apart from the data's path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker

from esb.broker.amqp_link import explained
from esb.broker.amqp_message import stored
from esb.broker.amqp_url import Address
from esb.broker.contract import Stored
from esb.errors import NotConnected, Unroutable

_NOT_FOUND = 404


class Inspector:
    """Thread-safe: every call has its own connection. Raises :class:`NotConnected`."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def depth(self, name: str, wire: str) -> int:
        """Messages ready for delivery on a queue. Raises :class:`Unroutable`."""
        with self._channel(name) as channel:
            answer = channel.queue_declare(wire, passive=True)
            count: int = answer.method.message_count
            return count

    def browse(self, name: str, wire: str, limit: int, after: str | None) -> list[Stored]:
        """Take messages, look, and give them all back. RabbitMQ marks them as redelivered by it."""
        seen: list[Stored] = []
        skipping = after is not None
        with self._channel(name) as channel:
            while len(seen) < limit:
                method, properties, body = channel.basic_get(wire)
                if method is None:
                    break
                if not skipping:
                    seen.append(stored(properties, body))
                elif properties.message_id == after:
                    skipping = False
            channel.basic_nack(0, multiple=True, requeue=True)
        return seen

    def remove(self, name: str, wire: str, ids: Sequence[str]) -> int:
        """Take messages, ack those wanted, and give the others back."""
        wanted = set(ids)
        removed = 0
        with self._channel(name) as channel:
            for _ in range(channel.queue_declare(wire, passive=True).method.message_count):
                method, properties, _ = channel.basic_get(wire)
                if method is None:
                    break
                if properties.message_id in wanted:
                    channel.basic_ack(method.delivery_tag)
                    removed += 1
            channel.basic_nack(0, multiple=True, requeue=True)
        return removed

    @contextmanager
    def _channel(self, name: str) -> Iterator[Any]:
        connection = self._connect()
        try:
            channel = connection.channel()
            yield channel
            channel.close()
        except ChannelClosedByBroker as exc:
            if exc.reply_code == _NOT_FOUND:
                raise Unroutable(
                    f"queue {name!r} does not exist on the broker; declare it before it is used", endpoint=name
                ) from exc
            raise NotConnected(
                f"queue {name!r} cannot be read: {exc.reply_code} {exc.reply_text}", endpoint=name
            ) from exc
        except AMQPError as exc:
            raise NotConnected(f"queue {name!r} cannot be read: {explained(exc)}", endpoint=name) from exc
        finally:
            if connection.is_open:
                connection.close()

    def _connect(self) -> Any:
        failure: Exception | None = None
        for attempt in range(len(self._address.hosts)):
            try:
                return pika.BlockingConnection(self._address.parameters(attempt, "inspect"))
            except (AMQPError, OSError) as exc:
                failure = exc
        assert failure is not None
        raise NotConnected(f"RabbitMQ at {self._address} cannot be reached: {explained(failure)}") from failure
