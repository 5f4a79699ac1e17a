"""The receiving end of ``seda:``."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, ClassVar

from esb.component import Consumer, Deliver
from esb.components.seda.queue import Entry

if TYPE_CHECKING:
    from esb.components.seda.endpoint import SedaEndpoint

log = logging.getLogger("esb.seda")


class SedaConsumer(Consumer):
    """Threads that take from the queue and run the route. Stopping first finishes what waits, as far as ``drain`` allows."""

    fed_by_routes: ClassVar[bool] = True
    """It stops after the routes that feed it: what they have put here keeps their messages open."""

    def __init__(self, endpoint: SedaEndpoint, deliver: Deliver) -> None:
        self.endpoint = endpoint
        self.deliver = deliver
        self._queue = endpoint.waiting
        self._component = endpoint.component
        self._threads: list[threading.Thread] = []
        self._suspended = False
        self._stop_at: float | None = None

    def start(self) -> None:
        """Begin to take. Raises OptionError if another route does already."""
        self._component.add(self)
        self._suspended, self._stop_at = False, None
        self._threads = [
            threading.Thread(target=self._work, name=f"seda-{self.endpoint.name}-{number}", daemon=True)
            for number in range(self.endpoint.concurrent_consumers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, drain: float = 30.0) -> None:
        """Take what waits for up to ``drain`` seconds, then nothing more; what is left stays in the queue, for this route's next start."""
        self._component.remove(self)
        if self.endpoint.purge_when_stopping:
            dropped = self._queue.purge()
            if dropped:
                log.warning("seda:%s was purged: %d messages dropped", self.endpoint.name, dropped)
        self._stop_at = time.monotonic() + drain
        self._queue.wake()
        for thread in self._threads:
            if thread is not threading.current_thread():  # a route may stop itself
                thread.join(max(0.0, self._stop_at - time.monotonic()))
        self._threads = []

    def suspend(self) -> None:
        """Leave messages in the queue until :meth:`resume`."""
        self._suspended = True

    def resume(self) -> None:
        """Take again."""
        self._suspended = False
        self._queue.wake()

    def _ended(self) -> bool:
        if self._stop_at is None:
            return False
        others = bool(self._component.consumers(self.endpoint.name))
        return self._suspended or others or not self._queue or time.monotonic() >= self._stop_at

    def _work(self) -> None:
        while (entry := self._queue.take(ended=self._ended, paused=lambda: self._suspended)) is not None:
            try:
                self._run(entry)
            except Exception:
                log.exception("a worker of seda:%s failed outside of its route", self.endpoint.name)

    def _run(self, entry: Entry) -> None:
        consumers = self._component.consumers(self.endpoint.name)
        if len(consumers) <= 1:
            exchange = entry.single(self.endpoint.uri)
            try:
                self.deliver([exchange])
            finally:
                entry.replied()
            return
        copies = entry.shared([consumer.endpoint.uri for consumer in consumers])
        for consumer, copy in zip(consumers[1:], copies[1:], strict=True):
            self.endpoint.context.background(lambda consumer=consumer, copy=copy: consumer.deliver([copy]))  # type: ignore[misc]  # mypy does not type lambdas' defaults
        consumers[0].deliver([copies[0]])
