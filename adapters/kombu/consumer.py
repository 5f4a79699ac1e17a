"""Consuming through kombu: a thread and a connection for each concurrent consumer; a message is acknowledged when its unit settles."""

from __future__ import annotations

import logging
import queue
import random
import threading
from typing import TYPE_CHECKING, Any

from esb.component import Consumer, Deliver
from esb.edge import without_control
from esb.exchange import Exchange
from esb.unit import UnitOfWork

if TYPE_CHECKING:
    from adapters.kombu.component import KombuEndpoint

_log = logging.getLogger("esb.kombu")
_LONGEST_WAIT = 5.0


class KombuConsumer(Consumer):
    """Delivers in the consuming thread and settles there: kombu's connections belong to one thread each.

    A failed message is given back to the queue; what the route did with it is the route's matter. Bodies are bytes: no serializer of kombu
    ever runs, so that no message can choose one.
    """

    def __init__(self, endpoint: KombuEndpoint, deliver: Deliver) -> None:
        self._endpoint = endpoint
        self._deliver = deliver
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._stopping.clear()
        self._threads = [
            threading.Thread(target=self._run, name=f"{self._endpoint.uri}-{number}", daemon=True)
            for number in range(self._endpoint.concurrent_consumers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, drain: float = 30.0) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(drain)
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
        settled: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        with kombu.Connection(endpoint.url, connect_timeout=endpoint.connect_timeout) as connection:
            channel = connection.channel()
            source = kombu.Queue(endpoint.queue, durable=endpoint.durable)

            def received(message: Any) -> None:
                self._received(message, settled)

            with kombu.Consumer(
                channel, queues=[source], on_message=received, accept=["json"], prefetch_count=endpoint.prefetch
            ):
                while not self._stopping.is_set():
                    try:
                        connection.drain_events(timeout=0.2)
                    except TimeoutError:
                        connection.heartbeat_check()
                    _settle(settled)
            self._finish(settled)

    def _received(self, message: Any, settled: queue.SimpleQueue[tuple[Any, BaseException | None]]) -> None:
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
        exchange.unit = UnitOfWork(lambda unit: settled.put((message, unit.error)))
        self._deliver((exchange,))
        _settle(settled)

    def _finish(self, settled: queue.SimpleQueue[tuple[Any, BaseException | None]]) -> None:
        """What settles late, by a confirm under way, is still acknowledged before the connection closes."""
        try:
            message, error = settled.get(timeout=0.2)
        except queue.Empty:
            return
        settled.put((message, error))
        _settle(settled)


def _settle(settled: queue.SimpleQueue[tuple[Any, BaseException | None]]) -> None:
    while not settled.empty():
        message, error = settled.get()
        if error is None:
            message.ack()
        else:
            message.requeue()
