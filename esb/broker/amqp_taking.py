"""Taking messages off a RabbitMQ queue one after the other to look at them, and giving back what stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from pika.exceptions import AMQPError, ChannelClosedByBroker

from esb.broker.amqp_link import explained
from esb.broker.amqp_message import stored
from esb.broker.contract import Stored
from esb.errors import NotConnected, Unroutable

_NOT_FOUND: Final = 404
_LOCKED: Final = 405
_PATIENCE: Final = 5.0
"""Seconds for the first message of a consumer; another one may be active on the queue."""
_MOST: Final = 65535
"""AMQP's largest prefetch: all that can be held at once where messages come by a consumer."""


class Taking:
    """What is taken stays in hand, and is given back by :meth:`give_back` or with the connection. One thread. Raises Unroutable and NotConnected."""

    def __init__(self, connection: Any, name: str, wire: str) -> None:
        self._connection = connection
        self._name = name
        self._wire = wire
        self._consuming: Iterator[Any] | None = None
        with translated(name):
            self._channel = connection.channel()
            self.ready: int = self._channel.queue_declare(wire, passive=True).method.message_count
            """Messages that were ready at the beginning."""
        self._left = self.ready

    def take(self) -> tuple[int, Stored] | None:
        """The next message and its tag; None when there is none."""
        with translated(self._name):
            if self._consuming is not None:
                return self._next()
            try:
                method, properties, body = self._channel.basic_get(self._wire)
            except ChannelClosedByBroker as closed:
                if closed.reply_code != _LOCKED:
                    raise
                # RabbitMQ lets nobody get from a quorum queue with a single active consumer: be that consumer.
                self._channel = self._connection.channel()
                self._channel.basic_qos(prefetch_count=_MOST)
                self._consuming = self._channel.consume(self._wire, inactivity_timeout=_PATIENCE)
                return self._next()
            return None if method is None else (method.delivery_tag, stored(properties, body))

    def _next(self) -> tuple[int, Stored] | None:
        if self._left <= 0:
            return None
        assert self._consuming is not None
        method, properties, body = next(self._consuming)
        if method is None:
            if self._left == self.ready:
                raise NotConnected(
                    f"queue {self._name!r} is exclusive, and a route works on it; stop the route first",
                    endpoint=self._name,
                )
            return None
        self._left -= 1
        return method.delivery_tag, stored(properties, body)

    def ack(self, tag: int) -> None:
        """Forget a message."""
        with translated(self._name):
            self._channel.basic_ack(tag)

    def give_back(self) -> None:
        """Give back the others, and see that every ack has arrived."""
        with translated(self._name):
            if self._consuming is None:
                self._channel.basic_nack(0, multiple=True, requeue=True)
                self._channel.close()
                return
            # Closing gives all back in their order. Cancelled first, as pika would, those that were not taken would go before those that were.
            channel = self._channel._impl  # noqa: SLF001 - see above; the contract suite tests the order
            channel._consumers.clear()  # noqa: SLF001
            channel.close()
            while not channel.is_closed:
                self._connection.process_data_events(_PATIENCE)


@contextmanager
def translated(name: str) -> Iterator[None]:
    """What pika raises, as ours."""
    try:
        yield
    except ChannelClosedByBroker as exc:
        if exc.reply_code == _NOT_FOUND:
            raise Unroutable(
                f"queue {name!r} does not exist on the broker; declare it before it is used", endpoint=name
            ) from exc
        raise NotConnected(f"queue {name!r} cannot be read: {exc.reply_code} {exc.reply_text}", endpoint=name) from exc
    except (AMQPError, OSError) as exc:
        raise NotConnected(f"queue {name!r} cannot be read: {explained(exc)}", endpoint=name) from exc
