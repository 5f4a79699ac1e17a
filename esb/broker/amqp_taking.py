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
"""Seconds for the next message of a consumer; another one may be active on the queue."""
_LOOK: Final = 0.02
"""Seconds between looks for an answer that pika does not wake anybody for."""
_MOST: Final = 65535
"""AMQP's largest prefetch: all that can be held at once of a queue with a single active consumer."""
_AHEAD: Final = 500
"""Messages that one consumer holds at most, which all may be in memory at once."""

Taken = tuple[int, int]
"""Which channel a message came by, and its tag there."""


class Taking:
    """What is taken stays in hand, and is given back by :meth:`give_back` or with the connection. One thread. Raises Unroutable and NotConnected.

    The first message is got; the others come by a consumer, since each get costs a quorum queue a round to the disk. A consumer that holds as many as
    it may is cancelled, its messages kept, and another one on another channel goes on.
    """

    def __init__(self, connection: Any, name: str, wire: str) -> None:
        self._connection = connection
        self._name = name
        self._wire = wire
        self._consuming: Iterator[Any] | None = None
        self._most = _AHEAD
        with translated(name):
            self._channels = [connection.channel()]
            self.ready: int = self._channels[0].queue_declare(wire, passive=True).method.message_count
            """Messages that were ready at the beginning."""
        self._left = self.ready
        self._held = 0

    def take(self) -> tuple[Taken, Stored] | None:
        """The next message, and what to ack it by; None when there is none of those that were ready at the beginning."""
        if self._left <= 0:
            return None
        with translated(self._name):
            if self._consuming is None and self._left == self.ready:
                try:
                    method, properties, body = self._channels[0].basic_get(self._wire)
                except ChannelClosedByBroker as closed:
                    if closed.reply_code != _LOCKED:
                        raise
                    # RabbitMQ lets nobody get from a quorum queue with a single active consumer: be that consumer, and only one.
                    self._channels.clear()
                    self._most = _MOST
                    method, properties, body = self._next()
            else:
                method, properties, body = self._next()
        if method is None:
            if self._left == self.ready and self._consuming is not None:
                raise NotConnected(
                    f"queue {self._name!r} is exclusive, and a route works on it; stop the route first",
                    endpoint=self._name,
                )
            return None
        self._left -= 1
        self._held += 1
        return (len(self._channels) - 1, method.delivery_tag), stored(properties, body)

    def _next(self) -> tuple[Any, Any, Any]:
        if self._consuming is None or self._held >= self._most:
            if self._consuming is not None:
                self._channels[-1].cancel()  # it holds as many as it may, so nothing is on its way to it
            channel = self._connection.channel()
            channel.basic_qos(prefetch_count=self._most)
            self._channels.append(channel)
            self._held = 0
            self._consuming = channel.consume(self._wire, inactivity_timeout=_PATIENCE)
        found: tuple[Any, Any, Any] = next(self._consuming)
        return found

    def ack(self, taken: Taken) -> None:
        """Forget a message."""
        number, tag = taken
        with translated(self._name):
            self._channels[number].basic_ack(tag)
        if self._consuming is not None and number == len(self._channels) - 1:
            self._held -= 1

    def give_back(self) -> None:
        """Give back the others, in their order, and see that every ack has arrived.

        By closing the channels: a quorum queue sorts what comes back with a channel, but not what more than 32 are refused at once (3.10).
        """
        if self._consuming is not None:
            while self._held < self._most and self.take() is not None:
                pass  # what is on its way to the consumer would come back before what is in hand
        with translated(self._name):
            if self._consuming is not None:
                self._cancel()
            for channel in self._channels:
                channel.close()

    def _cancel(self) -> None:
        """End the last consumer, and keep its messages: pika's own way would give some back, before the others."""
        channel = self._channels[-1]
        ended: list[Any] = []
        for tag in list(channel.consumer_tags):
            channel._impl.basic_cancel(tag, callback=ended.append)  # noqa: SLF001 - see above; the contract suite tests the order
            channel._consumer_infos.pop(tag)  # noqa: SLF001 - or closing would cancel it again
        while not ended and channel.is_open:
            self._connection.process_data_events(_LOOK)


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
