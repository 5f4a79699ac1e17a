"""The thread behind endpoints that fire by the clock (timer, cron)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

log = logging.getLogger("esb.firing")

_NAP = 5.0
"""Longest wait in one piece, in seconds: a wall clock that was set is noticed within it."""


class Schedule(Protocol):
    """When to fire. Used by one thread."""

    def left(self) -> float | None:
        """Seconds until the next firing, zero or less if it is due, None if there is none any more."""

    def advance(self) -> None:
        """The firing that is due happens now: the next one becomes current."""


class Firing:
    """Calls ``fire`` whenever the schedule says so, one call at a time: what falls due during a call comes right after it."""

    def __init__(self, name: str, schedule: Callable[[], Schedule], fire: Callable[[], None]) -> None:
        self._name = name
        self._schedule = schedule
        self._fire = fire
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.suspended = False
        """Whether firings are left out."""

    def start(self) -> None:
        """Start the thread. No effect if it runs."""
        if self._thread is None:
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._stop,), name=self._name, daemon=True)
            self._thread.start()

    def stop(self, timeout: float) -> None:
        """Fire no more and wait up to ``timeout`` seconds for a call under way. Idempotent."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _run(self, stop: threading.Event) -> None:
        schedule = self._schedule()
        while not stop.is_set():
            left = schedule.left()
            if left is None:
                return
            if left > 0:
                stop.wait(min(left, _NAP))
                continue
            schedule.advance()
            if not self.suspended:
                try:
                    self._fire()
                except Exception:
                    log.exception("%s failed to fire", self._name)


class Periodic:
    """Every ``period`` seconds of the monotonic clock, after ``delay``; a jump of the wall clock moves nothing.

    ``fixed_rate`` counts from the first firing on and catches up; otherwise from the last one. ``count`` 0 is for ever. A period of 0 fires once.
    A negative delay fires ``count`` times without any pause.
    """

    def __init__(self, *, delay: float, period: float, count: int = 0, fixed_rate: bool = False) -> None:
        self._clock = time.monotonic
        self._next = self._clock() + max(delay, 0.0)
        self._period = 0.0 if delay < 0 else period
        self._left = count if count > 0 else None
        self._fixed_rate = fixed_rate
        self._once = delay >= 0 and period <= 0

    def left(self) -> float | None:
        """See :class:`Schedule`."""
        return None if self._left == 0 else self._next - self._clock()

    def advance(self) -> None:
        """See :class:`Schedule`."""
        self._next = (self._next if self._fixed_rate else self._clock()) + self._period
        if self._once:
            self._left = 0
        elif self._left is not None:
            self._left -= 1
