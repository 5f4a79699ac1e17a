"""Deadlines by key on one timer: a message that puts its group's deadline off costs a dict entry, no timer of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from esb.component import Context, Timer

_log = logging.getLogger("esb.route")
_MANY: Final = 100
"""From so many keys on, all are looked through at most once in the given interval."""
_AGAIN: Final = 1.0
"""Seconds at least until what failed is tried again."""


class Timeouts:
    """Calls ``expired(key)`` on a thread of the context when a key's time is over. Thread-safe."""

    def __init__(self, context: Context, at_most_every: float, expired: Callable[[str], None]) -> None:
        self._context = context
        self._pause = at_most_every
        self._expired = expired
        self._deadlines: dict[str, float] = {}
        self._lock = threading.Lock()
        self._timer: Timer | None = None
        self._next = 0.0
        self._open = False

    def open(self) -> None:
        """Begin to watch."""
        with self._lock:
            self._open = True
            if self._deadlines:
                self._arm(min(self._deadlines.values()))

    def close(self) -> None:
        """Watch no more; what was set is forgotten."""
        with self._lock:
            self._open = False
            self._deadlines.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def set(self, key: str, seconds: float) -> None:
        """Put a key's deadline at ``seconds`` from now."""
        deadline = time.monotonic() + seconds
        with self._lock:
            self._deadlines[key] = deadline
            if self._open and (self._timer is None or deadline < self._next):
                self._arm(deadline)

    def again(self, key: str, seconds: float = 0.0) -> None:
        """Put back a key whose end failed, to be tried again in a while, unless it has a new deadline meanwhile."""
        deadline = time.monotonic() + max(seconds, _AGAIN)
        with self._lock:
            if self._open and key not in self._deadlines:
                self._deadlines[key] = deadline
                if self._timer is None or deadline < self._next:
                    self._arm(deadline)

    def __contains__(self, key: str) -> bool:
        with self._lock:
            return key in self._deadlines

    def drop(self, key: str) -> None:
        """Forget a key. Idempotent."""
        with self._lock:
            self._deadlines.pop(key, None)

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        pause = self._pause if len(self._deadlines) > _MANY else 0.0
        self._next = max(at, time.monotonic() + pause)
        self._timer = self._context.later(self._next - time.monotonic(), self._look)

    def _look(self) -> None:
        now = time.monotonic()
        with self._lock:
            if not self._open:
                return
            self._timer = None
            due = [key for key, deadline in self._deadlines.items() if deadline <= now]
            for key in due:
                del self._deadlines[key]
            if self._deadlines:
                self._arm(min(self._deadlines.values()))
        for key in due:
            try:
                self._expired(key)
            except Exception:  # the others are due as well, and none of them is looked at again by itself
                _log.exception("what is due at the timeout of %r failed, which is tried again", key)
                self.again(key)
