"""What a route has done, counted by many threads at once without a lock on the way of a message."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable


class Tally:
    """A number that only grows. :meth:`add` is one C call, which no other thread can split; a lock would cost more than most steps do."""

    __slots__ = ("_lock", "_looks", "add")

    def __init__(self) -> None:
        self.add: Callable[[], int] = itertools.count().__next__
        self._lock = threading.Lock()
        self._looks = 0

    @property
    def value(self) -> int:
        """The number now."""
        with self._lock:
            # To look is to add one as well: what was added for looking is known, and taken off.
            seen = self.add() - self._looks
            self._looks += 1
            return seen


class Counts:
    """What a route has done since it was loaded. Thread-safe. ``seconds`` is the time spent in :meth:`Route.deliver`."""

    __slots__ = ("_begun", "_ended", "_late", "_lock", "begin", "end", "failed", "last_error", "seconds")

    def __init__(self) -> None:
        self._begun, self._ended = Tally(), Tally()
        self._lock = threading.Lock()
        self.begin = self._begun.add
        """Call when an exchange comes in."""
        self.end = self._ended.add
        """Call when it is through, failed or not."""
        self.failed = 0
        self._late = 0
        self.last_error = ""
        self.seconds = 0.0

    @property
    def completed(self) -> int:
        """Exchanges that went through. One that failed later still counts: this number never falls."""
        with self._lock:
            failed = self.failed - self._late  # first: one that fails in this moment must not count as completed
        return max(self._ended.value - failed, 0)

    @property
    def inflight(self) -> int:
        """Exchanges that are in the route now."""
        ended = self._ended.value  # first, so that the difference is never below zero
        return self._begun.value - ended

    def fail(self, error: BaseException) -> None:
        """Count a failure, before :attr:`end`."""
        with self._lock:
            self.failed += 1
            self.last_error = f"{type(error).__name__}: {error}"

    def fail_late(self, error: BaseException) -> None:
        """Count a failure of an exchange that has gone through: of a send that was confirmed after :attr:`end`, or rather was not."""
        with self._lock:
            self._late += 1
            self.failed += 1
            self.last_error = f"{type(error).__name__}: {error}"

    def spend(self, seconds: float) -> None:
        """Add to the time spent."""
        with self._lock:
            self.seconds += seconds
