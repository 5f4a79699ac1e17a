"""The state of a circuit breaker, as resilience4j defines it: a window of calls, and closed, open or half open.

Thread-safe. Times are of the monotonic clock, in seconds.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Final

CLOSED: Final = "CLOSED"
OPEN: Final = "OPEN"
HALF_OPEN: Final = "HALF_OPEN"


@dataclass(frozen=True, slots=True)
class Limits:
    """When a circuit opens, and how it closes again. Rates in per cent."""

    failure_rate: float = 50.0
    slow_rate: float = 100.0
    slow_after: float = 60.0
    window: int = 100
    by_time: bool = False
    """Whether the window is seconds instead of calls."""
    minimum: int = 100
    half_open_calls: int = 10
    open_for: float = 60.0
    half_opens_itself: bool = False
    """Whether the state shows HALF_OPEN as soon as the time has passed, not at the next call."""


class Breaker:
    """One circuit."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._calls: deque[tuple[float, bool, bool]] = deque()
        """When it ended, failed, slow."""
        self._failed = 0
        self._slow = 0
        self._state = CLOSED
        self._opened = 0.0
        self._trials = 0

    @property
    def state(self) -> str:
        """CLOSED, OPEN or HALF_OPEN."""
        with self._lock:
            if self._limits.half_opens_itself:
                self._maybe_half_open()
            return self._state

    def enter(self) -> bool:
        """Whether a call may be made; if so, :meth:`leave` must follow."""
        with self._lock:
            self._maybe_half_open()
            if self._state == CLOSED:
                return True
            if self._state == HALF_OPEN and self._trials < self._limits.half_open_calls:
                self._trials += 1
                return True
            return False

    def leave(self, seconds: float, *, failed: bool) -> None:
        """A call has ended after so many seconds."""
        limits = self._limits
        with self._lock:
            if self._state == OPEN:
                return  # begun before it opened
            self._note(failed, seconds > limits.slow_after)
            enough = limits.half_open_calls if self._state == HALF_OPEN else limits.minimum
            if not limits.by_time:
                enough = min(enough, limits.window) if self._state == CLOSED else enough
            if len(self._calls) < enough:
                return
            bad = self._rate(self._failed) >= limits.failure_rate or self._rate(self._slow) >= limits.slow_rate
            if bad:
                self._change(OPEN)
            elif self._state == HALF_OPEN:
                self._change(CLOSED)

    def forget(self) -> None:
        """A call has ended with a failure that does not count."""
        with self._lock:
            if self._state == HALF_OPEN:
                self._trials -= 1

    def _note(self, failed: bool, slow: bool) -> None:
        now = time.monotonic()
        self._calls.append((now, failed, slow))
        self._failed += failed
        self._slow += slow
        limits = self._limits
        size = max(limits.window, limits.half_open_calls) if self._state == HALF_OPEN else limits.window
        while self._calls and (self._calls[0][0] < now - limits.window if limits.by_time else len(self._calls) > size):
            _, was_failed, was_slow = self._calls.popleft()
            self._failed -= was_failed
            self._slow -= was_slow

    def _rate(self, count: int) -> float:
        return 100.0 * count / len(self._calls)

    def _maybe_half_open(self) -> None:
        if self._state == OPEN and time.monotonic() - self._opened >= self._limits.open_for:
            self._change(HALF_OPEN)

    def _change(self, state: str) -> None:
        self._state = state
        self._calls.clear()
        self._failed = self._slow = self._trials = 0
        if state == OPEN:
            self._opened = time.monotonic()
