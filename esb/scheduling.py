"""The shared threads of a context: work in the background, and calls that are put off."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_log = logging.getLogger("esb.scheduling")

_FEW = 100
"""Cancelled calls that may wait for their time without anybody looking."""


class Delayed:
    """A call that was put off; see :class:`esb.component.Timer`."""

    __slots__ = ("_forget", "call", "cancelled")

    def __init__(self, call: Callable[[], None], forget: Callable[[], None]) -> None:
        self.call = call
        self.cancelled = False
        self._forget = forget

    def cancel(self) -> None:
        """Do not call any more. Idempotent."""
        if not self.cancelled:
            self.cancelled = True
            self.call = _nothing  # what it holds is let go now, not when its time would have come
            self._forget()


class Scheduler:
    """One timer thread and two bounded pools, all made on first use (never before a fork). Thread-safe.

    Delays are measured on the monotonic clock, so that a jump of the wall clock moves nothing.
    """

    def __init__(self, name: str, threads: int = 16) -> None:
        self._name = name
        self._threads = threads
        # What was put off has threads of its own: work that waits for a slow target must not hold up every timeout of the process.
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._timer: threading.Thread | None = None
        self._heap: list[tuple[float, int, Delayed]] = []
        self._dropped = 0
        """About how many of the heap are cancelled: deadlines of calls that were answered, nearly all of them."""
        self._order = itertools.count()
        self._wake = threading.Condition()
        self._closed = False

    def background(self, call: Callable[[], None]) -> None:
        """Run on a pool thread. After :meth:`close` it runs in the calling thread, so that nothing accepted is dropped."""
        self._submit("work", call)

    def _submit(self, kind: str, call: Callable[[], None]) -> None:
        with self._wake:
            pool = self._pools.get(kind)
            if pool is None and not self._closed:
                pool = ThreadPoolExecutor(self._threads, thread_name_prefix=f"{self._name}-{kind}")
                self._pools[kind] = pool
        if pool is None:
            _guarded(call)
            return
        try:
            pool.submit(_guarded, call)
        except RuntimeError:  # closed between the check and the call
            _guarded(call)

    def later(self, delay: float, call: Callable[[], None]) -> Delayed:
        """Run on a thread of another pool after ``delay`` seconds; dropped by :meth:`close`."""
        delayed = Delayed(call, self._forget)
        with self._wake:
            if self._closed:
                return delayed
            heapq.heappush(self._heap, (time.monotonic() + max(delay, 0.0), next(self._order), delayed))
            if self._timer is None:
                self._timer = threading.Thread(target=self._turn, name=f"{self._name}-timer", daemon=True)
                self._timer.start()
            elif self._heap[0][2] is delayed:  # else the thread wakes up for another one before
                self._wake.notify()
        return delayed

    def _forget(self) -> None:
        with self._wake:
            self._dropped += 1
            if self._dropped > _FEW and self._dropped * 2 > len(self._heap):
                self._heap = [each for each in self._heap if not each[2].cancelled]
                heapq.heapify(self._heap)
                self._dropped = 0

    def close(self, wait: bool = True) -> None:
        """Stop: calls put off are dropped, work under way is waited for. Idempotent."""
        with self._wake:
            self._closed = True
            self._heap.clear()
            self._wake.notify()
            pools = list(self._pools.values())
        for pool in pools:
            pool.shutdown(wait=wait)

    def _turn(self) -> None:
        while True:
            with self._wake:
                while not self._closed:
                    if not self._heap:
                        self._wake.wait()
                        continue
                    remaining = self._heap[0][0] - time.monotonic()
                    if remaining <= 0:
                        break
                    self._wake.wait(remaining)
                if self._closed:
                    return
                delayed = heapq.heappop(self._heap)[2]
                if delayed.cancelled and self._dropped:
                    self._dropped -= 1
            if not delayed.cancelled:
                self._submit("due", delayed.call)


def _nothing() -> None:
    """What a cancelled call does."""


def _guarded(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        _log.exception("background work failed")
