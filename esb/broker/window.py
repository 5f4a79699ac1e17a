"""The bound on what is published and not yet answered: the back-pressure of every durable broker."""

from __future__ import annotations

import threading
import time


class Window:
    """At most ``limit`` messages and about ``byte_limit`` bytes between :meth:`enter` and :meth:`leave`. Thread-safe."""

    def __init__(self, limit: int, byte_limit: int = 64 << 20) -> None:
        if limit < 1:
            raise ValueError(f"the window is {limit}; it must be at least 1, or nothing could be published")
        self._limit = limit
        self._byte_limit = byte_limit
        self._free = threading.Condition()
        self._count = 0
        self._bytes = 0
        self._waiting = 0

    @property
    def count(self) -> int:
        """Messages inside."""
        return self._count

    def _full(self, size: int) -> bool:
        # One message may be larger than the whole byte limit: it goes alone.
        return self._count >= self._limit or (self._count > 0 and self._bytes + size > self._byte_limit)

    def enter(self, size: int, timeout: float) -> bool:
        """Take a place, waiting for one if need be; False if none came free in time."""
        with self._free:
            if self._full(size) and timeout > 0:
                deadline = time.monotonic() + timeout
                self._waiting += 1
                while self._full(size) and (left := deadline - time.monotonic()) > 0:
                    self._free.wait(left)
                self._waiting -= 1
                if self._full(size):
                    return False
            # With no time to wait (the broker's own thread) the place is taken over the limit: blocking there would be for ever.
            self._count += 1
            self._bytes += size
            return True

    def leave(self, count: int, size: int) -> None:
        """Free the places of ``count`` messages with ``size`` bytes together."""
        with self._free:
            self._count -= count
            self._bytes -= size
            if self._waiting or not self._count:
                self._free.notify_all()

    def wait_empty(self, timeout: float) -> bool:
        """Wait until nothing is inside."""
        with self._free:
            return self._free.wait_for(lambda: self._count == 0, timeout)
