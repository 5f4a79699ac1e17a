"""The queue in memory, and what stands in it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from esb.exchange import Exchange
from esb.unit import UnitOfWork


class Entry:
    """An exchange on its way to another route, the unit of its sender, and the sender itself if it waits.

    Whoever makes an entry with a ``source`` has taken a hold on it.
    """

    __slots__ = ("exchange", "reply", "source")

    def __init__(self, exchange: Exchange, source: UnitOfWork | None, reply: threading.Event | None) -> None:
        self.exchange = exchange
        self.source = source
        self.reply = reply

    def single(self, uri: str) -> Exchange:
        """The exchange for the one route that consumes; its outcome is passed on. :meth:`replied` must be called when the route has run."""
        exchange = _arrived(self.exchange, uri)
        exchange.waits = 0 if self.reply is None else 1
        exchange.unit = UnitOfWork(self._settled)
        return exchange

    def shared(self, uris: list[str]) -> list[Exchange]:
        """Copies for several routes; the sender is told when all are done, and gets nothing back (as in Camel)."""
        whole = UnitOfWork(self._all_settled)
        copies = []
        for uri in uris:
            copy = _arrived(self.exchange.derive(), uri)
            whole.hold()
            copy.unit = UnitOfWork(lambda unit: whole.release(unit.error))
            copies.append(copy)
        whole.release()
        return copies

    def polled(self, uri: str) -> Exchange:
        """The exchange for one who takes it out of the queue himself; a waiting sender waits until he is done."""
        exchange = _arrived(self.exchange, uri)
        exchange.unit = UnitOfWork(self._all_settled)
        return exchange

    def _settled(self, unit: UnitOfWork) -> None:
        if self.source is not None:
            # A waiting sender gets the route's failure itself and may handle it; only what fails later is news to its unit.
            known = self.reply is not None and unit.error is self.exchange.error
            self.source.release(None if known else unit.error)

    def _all_settled(self, unit: UnitOfWork) -> None:
        self.exchange.error = unit.error
        self._settled(unit)
        self.replied()

    def replied(self) -> None:
        """Let the waiting sender go on."""
        if self.reply is not None:
            self.reply.set()

    def drop(self) -> None:
        """Nobody will run it."""
        if self.source is not None:
            self.source.release()
        self.replied()


def _arrived(exchange: Exchange, uri: str) -> Exchange:
    exchange.from_endpoint, exchange.from_route, exchange.route = uri, "", ""
    exchange.original = None  # what useOriginalMessage means is the message as it comes to the new route
    return exchange


class SedaQueue:
    """A bounded first-in first-out queue. Thread-safe."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self._entries: deque[Entry] = deque()
        lock = threading.Lock()
        self._not_empty = threading.Condition(lock)
        self._not_full = threading.Condition(lock)

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, entry: Entry, timeout: float | None) -> bool:
        """Append, waiting up to ``timeout`` seconds (None: for ever) for a place; whether there was one."""
        with self._not_full:
            if not self._not_full.wait_for(lambda: len(self._entries) < self.size, timeout):
                return False
            self._entries.append(entry)
            self._not_empty.notify()
            return True

    def take(
        self,
        timeout: float | None = None,
        *,
        ended: Callable[[], bool] = lambda: False,
        paused: Callable[[], bool] = lambda: False,
    ) -> Entry | None:
        """The next entry; None after the timeout or as soon as ``ended``.

        ``ended`` and ``paused`` are asked again after :meth:`wake`.
        """
        with self._not_empty:
            if not self._not_empty.wait_for(lambda: ended() or (self._entries and not paused()), timeout) or ended():
                return None
            entry = self._entries.popleft()
            self._not_full.notify()
            return entry

    def withdraw(self, entry: Entry) -> bool:
        """Take an entry out again whose sender waits no longer; whether it was still there."""
        with self._not_full:
            try:
                self._entries.remove(entry)
            except ValueError:
                return False
            self._not_full.notify()
        entry.drop()
        return True

    def wake(self) -> None:
        """Let all takers look again."""
        with self._not_empty:
            self._not_empty.notify_all()

    def purge(self) -> int:
        """Drop what waits; returns how much it was."""
        with self._not_full:
            dropped = list(self._entries)
            self._entries.clear()
            self._not_full.notify_all()
        for entry in dropped:
            entry.drop()
        return len(dropped)
