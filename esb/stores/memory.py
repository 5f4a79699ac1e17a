"""Repositories that last as long as the process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import AbstractContextManager

from esb.exchange import Exchange
from esb.stores.contract import Group, Standing


class MemoryIdempotentRepository:
    """Remembers the last ``cache_size`` keys that were done (1000 as in Camel); older ones count as new. For tests, and where repeats come soon."""

    def __init__(self, cache_size: int = 1000) -> None:
        self.cache_size = cache_size
        self._started: set[str] = set()
        self._done: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, key: str) -> Standing:
        with self._lock:
            known = self._standing(key)
            if known is Standing.NEW:
                self._started.add(key)
            return known

    def standing(self, key: str) -> Standing:
        with self._lock:
            return self._standing(key)

    def _standing(self, key: str) -> Standing:
        if key in self._done:
            self._done.move_to_end(key)
            return Standing.DONE
        return Standing.STARTED if key in self._started else Standing.NEW

    def complete(self, key: str) -> None:
        with self._lock:
            self._started.discard(key)
            self._done[key] = None
            while len(self._done) > self.cache_size:
                self._done.popitem(last=False)

    def abandon(self, key: str) -> None:
        with self._lock:
            self._started.discard(key)
            self._done.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._started.clear()
            self._done.clear()


class MemoryAggregationRepository:
    """Groups in a dict. Deliveries of their messages stay unacknowledged, so that a crash gives them back to where they came from."""

    durable = False

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._lock = threading.RLock()

    def lock(self) -> AbstractContextManager[None]:
        return self._lock  # type: ignore[return-value]  # typeshed's RLock enters as a bool

    def get(self, key: str) -> Group | None:
        return self._groups.get(key)

    def put(self, key: str, group: Group) -> None:
        self._groups[key] = group

    def complete(self, key: str, group: Group) -> str:
        del group
        self._groups.pop(key, None)
        return ""

    def confirm(self, outcome: str) -> None:
        pass

    def release(self, outcome: str) -> None:
        pass

    def open_keys(self) -> list[str]:
        with self._lock:
            return list(self._groups)

    def recover(self) -> list[tuple[str, str, Exchange]]:
        return []
