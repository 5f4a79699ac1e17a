"""Request and reply over RabbitMQ's direct reply-to: no reply queue, the answer comes on the channel that the request went out on.

A request lives no longer than its channel: when that is lost the answer cannot come any more, and whether the request was served is unknown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from esb.broker.amqp_publisher import Pending, Publisher
from esb.broker.amqp_thread import IoThread
from esb.errors import ConnectionLost, EsbError, ExchangeTimedOut, NotConnected, Rejected, TransportError

log = logging.getLogger(__name__)

PSEUDO_QUEUE = "amq.rabbitmq.reply-to"
"""RabbitMQ's name for "this very channel", as source of replies and as ``reply_to`` of requests."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: pika's properties, and the body."""

    properties: Any
    body: bytes


@dataclass(slots=True, eq=False)
class Request:
    """A request without an answer yet. ``timeout`` in seconds, None for ever; ``answered`` gets the reply or the failure, once."""

    correlation: str
    timeout: float | None
    answered: Callable[[Reply | None, EsbError | None], None]
    pending: Pending | None = None
    timer: Any = None

    @property
    def name(self) -> str:
        """The route's word for where it goes."""
        return self.pending.name if self.pending is not None else ""


class Replies:
    """Everything on the I/O thread."""

    def __init__(self, thread: IoThread, publisher: Publisher) -> None:
        self._thread = thread
        self._publisher = publisher
        self._channel: Any = None
        self._open: dict[str, Request] = {}
        self._waiting: list[Request] = []

    def send(self, pending: Pending, request: Request) -> None:
        """Send a request, now or when there is a channel. ``pending.done`` tells of the request's own way, ``request.answered`` of all of it."""
        if request.correlation in self._open:
            self._taken(pending, request)
            return
        request.pending = pending
        confirmed = pending.done

        def sent(error: TransportError | None) -> None:
            if confirmed is not None:
                confirmed(error)
            if error is not None:
                self._answer(request, None, error)

        pending.done = sent
        self._open[request.correlation] = request
        if request.timeout is not None:
            request.timer = self._thread.later(request.timeout, partial(self._late, request))
        if self._publisher.channel is None:
            self._waiting.append(request)
            return
        self._listen()
        self._publisher.send(pending)

    def _taken(self, pending: Pending, request: Request) -> None:
        error = Rejected(
            f"{pending.name}: a request with the correlation id {request.correlation!r} is under way",
            endpoint=pending.name,
        )
        done, pending.done = pending.done, None
        if done is not None:
            done(error)

    def up(self) -> None:
        """There is a channel: send what waited for one."""
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            if request.pending is not None:
                self._listen()
                self._publisher.send(request.pending)

    def moved(self) -> None:
        """Messages go out on another channel from here on. Answers to requests that went out before still come on theirs."""
        if self._channel is not None:
            self._listen()  # a request that waits to be sent must find the consumer
        self.up()

    def down(self) -> None:
        """The channel is lost, and with it the answers of all that were sent."""
        self._channel = None
        for request in [each for each in self._open.values() if each not in self._waiting]:
            error = ConnectionLost(
                f"{request.name}: the connection broke before the reply came; the request may have been served",
                endpoint=request.name,
            )
            self._answer(request, None, error)

    def close(self) -> None:
        """Answer everything that is left."""
        self._waiting.clear()
        for request in list(self._open.values()):
            self._answer(request, None, NotConnected(f"{request.name}: the broker is closed", endpoint=request.name))

    def _listen(self) -> None:
        channel = self._publisher.channel
        if channel is not self._channel:
            self._channel = channel
            # Sent before the request on the same channel: RabbitMQ has the consumer before it sees the request.
            channel.basic_consume(PSEUDO_QUEUE, self._replied, auto_ack=True)

    def _replied(self, _channel: Any, _method: Any, properties: Any, body: bytes) -> None:
        request = self._open.get(properties.correlation_id or "")
        if request is None:
            log.warning("a reply came too late, or to nobody's request; dropped")
            return
        self._answer(request, Reply(properties, body), None)

    def _late(self, request: Request) -> None:
        self._waiting = [each for each in self._waiting if each is not request]
        sent = request.pending is not None and request.pending.sends
        fate = (
            "it may have been served all the same" if sent else "it was not sent: there is no connection to the broker"
        )
        request.timer = None
        error = ExchangeTimedOut(f"{request.name}: no reply within {request.timeout:g} s; {fate}")
        self._answer(request, None, error)

    def _answer(self, request: Request, reply: Reply | None, error: EsbError | None) -> None:
        if self._open.get(request.correlation) is not request:
            return
        del self._open[request.correlation]
        pending, request.pending = request.pending, None
        if request.timer is not None:
            self._thread.cancel(request.timer)
        if pending is not None and pending.done is not None and error is not None:
            # It is not confirmed, perhaps not sent: nobody waits for that any more, and it must not go out on the next channel.
            done, pending.done = pending.done, None
            done(error if isinstance(error, TransportError) else None)
        try:
            request.answered(reply, error)
        except Exception:
            log.exception("whoever waited for a reply failed")
