"""Consuming through kombu: a thread and a connection for each concurrent consumer; a message is acknowledged when its unit settles."""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from typing import TYPE_CHECKING, Any

from adapters.kombu.aside import put_aside
from esb.component import Consumer, Deliver
from esb.edge import without_control
from esb.errors import Malformed, unknown_outcome
from esb.exchange import Exchange
from esb.unit import ReturningUnit

if TYPE_CHECKING:
    from adapters.kombu.component import KombuEndpoint

_log = logging.getLogger("esb.kombu")
_LONGEST_WAIT = 5.0
_CLOSING = 1.0
"""How long a stop waits for a connection to close."""


class _Settled(queue.SimpleQueue[tuple[Any, Exchange, BaseException | None]]):
    """What one connection's messages have come to, from any thread; the consuming thread takes it up."""

    in_hand = 0
    """Messages that the connection has brought and that are not given an answer yet. The consuming thread's own."""


class _Unreadable(Malformed):
    """A message that says it is packed, and is not, or otherwise: no route can have it, and it would come again for ever."""


class KombuConsumer(Consumer):
    """Delivers in the consuming thread and settles there: kombu's connections belong to one thread each.

    A failed message is given back to the queue; what the route did with it is the route's matter. After a call of unknown outcome it is put
    aside instead: it would come again at once, and the call be made twice. Bodies are bytes: no serializer of kombu ever runs, so that no
    message can choose one.
    """

    def __init__(self, endpoint: KombuEndpoint, deliver: Deliver) -> None:
        self._endpoint = endpoint
        self._deliver = deliver
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._deadline = 0.0
        """When a stop waits no longer for what is in hand."""
        self._refused_until = 0.0
        """When the dead letters, which took nothing, are asked again."""

    def start(self) -> None:
        self._stopping.clear()
        self._threads = [
            threading.Thread(target=self._run, name=f"{self._endpoint.uri}-{number}", daemon=True)
            for number in range(self._endpoint.concurrent_consumers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, drain: float = 30.0) -> None:
        self._deadline = time.monotonic() + drain
        self._stopping.set()
        for thread in self._threads:
            thread.join(max(0.0, self._deadline - time.monotonic()) + _CLOSING)
        self._threads = []

    def _run(self) -> None:
        wait = 0.2
        while not self._stopping.is_set():
            try:
                self._consume()
                wait = 0.2
            except Exception as error:  # any broker kombu speaks to, any error of its client: back off and come again
                _log.warning(
                    "%s: %s: %s; trying again in %.1f s", self._endpoint.uri, type(error).__name__, error, wait
                )
                self._stopping.wait(wait * (0.5 + random.random() / 2))  # noqa: S311 -- spreads reconnects, no secret
                wait = min(wait * 2, _LONGEST_WAIT)

    def _consume(self) -> None:
        import kombu

        endpoint = self._endpoint
        settled = _Settled()
        with kombu.Connection(endpoint.url, connect_timeout=endpoint.connect_timeout) as connection:
            channel = connection.channel()
            source = kombu.Queue(endpoint.queue, durable=endpoint.durable)

            def received(message: Any) -> None:
                self._received(message, settled)

            def unreadable(message: Any, error: Exception) -> None:
                settled.in_hand += 1
                told = _Unreadable(f"the message cannot be unpacked: {error}")
                settled.put((message, Exchange(message.body), told))

            with kombu.Consumer(
                channel,
                queues=[source],
                on_message=received,
                on_decode_error=unreadable,
                accept=["json"],
                prefetch_count=endpoint.prefetch,
            ):
                while not self._stopping.is_set():
                    try:
                        connection.drain_events(timeout=0.2)
                    except TimeoutError:
                        connection.heartbeat_check()
                    self._settle(settled)
            self._finish(settled)

    def _received(self, message: Any, settled: _Settled) -> None:
        body = message.body
        body = body.encode() if isinstance(body, str) else bytes(body or b"")
        if len(body) > self._endpoint.max_body:
            _log.error("%s: a message of %d bytes is larger than maxBody and is refused", self._endpoint.uri, len(body))
            message.reject()
            return
        headers = dict(without_control(message.headers or {}))
        if message.content_type:
            headers.setdefault("Content-Type", message.content_type)
        exchange = Exchange(body, headers)
        exchange.unit = ReturningUnit(lambda unit: settled.put((message, exchange, unit.error)))
        settled.in_hand += 1
        self._deliver((exchange,))
        self._settle(settled)

    def _finish(self, settled: _Settled) -> None:
        """What is in hand is done before the connection closes: the broker gives all that has no answer by then to the next who asks."""
        self._settle(settled)
        while settled.in_hand and time.monotonic() < self._deadline:
            time.sleep(0.02)  # no wait for the next one: what the dead letters do not take stays in the queue
            self._settle(settled)

    def _settle(self, settled: _Settled) -> None:
        for _ in range(settled.qsize()):
            message, exchange, error = settled.get()
            if error is None:
                message.ack()
            elif not (unknown_outcome(error) or isinstance(error, _Unreadable)):
                message.requeue()
            elif self._put_aside(message, exchange, error):
                message.ack()
            else:
                settled.put((message, exchange, error))
                continue
            settled.in_hand -= 1

    def _put_aside(self, message: Any, exchange: Exchange, error: BaseException) -> bool:
        """Whether the message lies where somebody can look at it; until then it stays in hand, and comes again only if this connection ends."""
        endpoint = self._endpoint
        if time.monotonic() < self._refused_until:
            return False
        try:
            put_aside(endpoint, message, exchange, error)
        except Exception as refused:  # any broker, any error of its client
            self._refused_until = time.monotonic() + _LONGEST_WAIT
            _log.warning(
                "%s: a message stays in hand, %s does not take it: %s; trying again in %.1f s",
                endpoint.uri,
                endpoint.dead_letters,
                refused,
                _LONGEST_WAIT,
            )
            return False
        _log.error("%s: a message was put into %s: %s", endpoint.uri, endpoint.dead_letters, error)
        return True
