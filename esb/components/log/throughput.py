"""Lines that say how many messages passed."""

from __future__ import annotations

import logging
import threading
import time

from esb.component import Context, Producer
from esb.exchange import Exchange


class Throughput:
    """Counts messages and tells their rate. Thread-safe."""

    def __init__(self, log: logging.Logger, level: int) -> None:
        self._log = log
        self._level = level
        self._lock = threading.Lock()
        self._count = 0
        self._in_group = 0
        self._began: float | None = None
        self._group_began: float | None = None

    def add(self, size: int) -> None:
        """Count a message; report when a group of ``size`` is full (0: never)."""
        with self._lock:
            now = time.monotonic()
            self._began = self._began or now
            self._group_began = self._group_began or now
            self._count += 1
            self._in_group += 1
            if size and self._count % size == 0:
                self._report()

    def tick(self, *, active_only: bool) -> None:
        """Report what came since the last report."""
        with self._lock:
            if self._in_group or not active_only:
                self._report()

    def _report(self) -> None:
        now = time.monotonic()
        spent, whole = now - (self._group_began or now), now - (self._began or now)
        if self._level:
            self._log.log(
                self._level,
                "Received: %d messages so far. Last group took: %d millis which is: %s messages per second. average: %s",
                self._count,
                int(spent * 1000),
                _rate(self._in_group, spent),
                _rate(self._count, whole),
            )
        self._in_group, self._group_began = 0, now


def _rate(count: int, seconds: float) -> str:
    return f"{count / seconds:.3f}".rstrip("0").rstrip(".") if seconds else "0"


class ThroughputProducer(Producer):
    """A line for each group of messages, or one an interval. Thread-safe."""

    def __init__(
        self,
        throughput: Throughput,
        context: Context,
        *,
        size: int,
        interval: float,
        delay: float,
        active_only: bool,
    ) -> None:
        self._throughput = throughput
        self._context = context
        self._size = 0 if interval else size
        self._interval = interval
        self._delay = delay
        self._active_only = active_only
        self._running = False

    def start(self) -> None:
        """Begin the interval, if there is one."""
        if self._interval and not self._running:
            self._running = True
            self._context.later(self._delay + self._interval, self._tick)

    def stop(self) -> None:
        """End the interval."""
        self._running = False

    def _tick(self) -> None:
        if self._running:
            self._throughput.tick(active_only=self._active_only)
            self._context.later(self._interval, self._tick)

    def send(self, exchange: Exchange) -> None:
        """Count the exchange."""
        self._throughput.add(self._size)
