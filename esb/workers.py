"""Worker threads fed from memory: what lies between a consumer's I/O thread and the route."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

Item = TypeVar("Item")


class WorkerPool(Generic[Item]):
    """A number of threads that call ``run`` with each item, in the order of :meth:`put` (with one thread, strictly).

    Whoever puts is bounded by something else (a prefetch window): :meth:`put` never blocks, so an I/O thread may call it. Thread-safe.
    A pool that was stopped can be started again.
    """

    def __init__(self, threads: int, run: Callable[[Item], None], *, name: str) -> None:
        self._run = run
        self._name = name
        self._count = threads
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._sleeping = 0
        self._generation = 0
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads. No effect if they run."""
        with self._changed:
            if self._threads:
                return
            # A thread of an earlier start that still runs a long item ends with it: it is of another generation.
            self._generation += 1
            self._threads = [
                threading.Thread(
                    target=self._work, args=(self._generation,), name=f"{self._name}-{number}", daemon=True
                )
                for number in range(self._count)
            ]
        for thread in self._threads:
            thread.start()

    def put(self, items: Iterable[Item]) -> None:
        """Hand items over."""
        self._items.extend(items)
        # Busy workers take the next item without a lock; only sleeping ones need the wake-up. A worker says that it sleeps before it looks
        # for the last time, so either it sees the items or we see it.
        if self._sleeping:
            with self._changed:
                self._changed.notify(min(len(self._items), self._sleeping))

    def take_back(self) -> list[Item]:
        """The items that no worker has begun; they will not be run."""
        taken: list[Item] = []
        while True:
            try:
                taken.append(self._items.popleft())
            except IndexError:
                return taken

    def stop(self, timeout: float) -> bool:
        """Begin nothing new and wait up to ``timeout`` seconds for what runs; whether all threads have ended. Idempotent."""
        with self._changed:
            self._generation += 1
            self._changed.notify_all()
            threads, self._threads = self._threads, []
        deadline = time.monotonic() + timeout
        for thread in threads:
            if thread is not threading.current_thread():  # a route may stop itself
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _work(self, generation: int) -> None:
        while self._generation == generation:
            try:
                item = self._items.popleft()
            except IndexError:
                self._sleep(generation)
                continue
            try:
                self._run(item)
            except Exception:
                log.exception("a worker of %s failed outside of any route", self._name)

    def _sleep(self, generation: int) -> None:
        with self._changed:
            self._sleeping += 1
            try:
                while not self._items and self._generation == generation:
                    self._changed.wait()
            finally:
                self._sleeping -= 1
