"""The queues of the in-memory broker."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from esb.broker.contract import Outgoing
from esb.broker.handover import Handover
from esb.errors import Unroutable


@dataclass(slots=True, eq=False)
class StoredMessage:
    """A message and its state."""

    seq: int
    message: Outgoing
    headers: dict[str, Any]
    published_at: float
    attempts: int = 0
    redelivered: bool = False


@dataclass(slots=True, eq=False)
class MemoryQueue:
    """A queue; every access is under the store's lock."""

    name: str
    exclusive: bool = False
    messages: dict[int, StoredMessage] = field(default_factory=dict)
    ready: list[int] = field(default_factory=list)
    delayed: list[tuple[float, int]] = field(default_factory=list)
    active: Handover[StoredMessage] | None = None

    def add(self, stored: StoredMessage) -> None:
        self.messages[stored.seq] = stored
        heapq.heappush(self.ready, stored.seq)

    def promote(self, now: float) -> float | None:
        """Make due messages ready; returns when the next one is due."""
        while self.delayed and self.delayed[0][0] <= now:
            heapq.heappush(self.ready, heapq.heappop(self.delayed)[1])
        return self.delayed[0][0] if self.delayed else None

    def lease(self, count: int) -> list[StoredMessage]:
        leased: list[StoredMessage] = []
        while self.ready and len(leased) < count:
            stored = self.messages.get(heapq.heappop(self.ready))
            if stored is not None:  # else removed meanwhile
                leased.append(stored)
        return leased


class MemoryStore:
    """Queues and topics; every access is under ``changed``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.changed = threading.Condition()
        self.sweeping = threading.RLock()
        self.queues: dict[str, MemoryQueue] = {}
        self.topics: dict[str, dict[str, str]] = {}
        self.sequence = itertools.count(1)

    def declare(self, name: str, *, exclusive: bool = False) -> MemoryQueue:
        queue = self.queues.setdefault(name, MemoryQueue(name))
        queue.exclusive = exclusive
        return queue

    def existing(self, name: str) -> MemoryQueue:
        queue = self.queues.get(name)
        if queue is None:
            raise Unroutable(f"queue {name!r} does not exist; declare it before it is used", endpoint=name)
        return queue
