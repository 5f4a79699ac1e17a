"""Ways to choose a branch. All are thread-safe."""

from __future__ import annotations

import itertools
import random
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from esb.eip._children import take
from esb.exchange import Exchange
from esb.program import Step

Choose = Callable[[Exchange], int]
_KEYS: Final = 10_000
"""Keys that a sticky balancer remembers: they come with messages, so there may be any number."""


def in_turn(count: int) -> Choose:
    """One after the other."""
    turns = itertools.count()
    return lambda _exchange: next(turns) % count


def at_random(count: int) -> Choose:
    """Any."""
    return lambda _exchange: random.randrange(count)  # noqa: S311 -- spreading load is no secret


def weighted(weights: Sequence[int]) -> Choose:
    """Any, by weight."""
    indexes, cumulated = range(len(weights)), list(itertools.accumulate(weights))
    return lambda _exchange: random.choices(indexes, cum_weights=cumulated)[0]  # noqa: S311 -- as above


def weighted_in_turn(weights: Sequence[int]) -> Choose:
    """In turn while a branch has weight left; when none has, anew from the first (as Camel counts)."""
    left, lock = list(weights), threading.Lock()
    place = 0

    def choose(_exchange: Exchange) -> int:
        nonlocal place
        with lock:
            if not any(left):
                left[:] = weights
                place = 0
            while not left[place % len(left)]:
                place = (place + 1) % len(left)
            chosen = place % len(left)
            left[chosen] -= 1
            place = chosen + 1
            return chosen

    return choose


def sticky(count: int, key_of: Callable[[Exchange], str | None]) -> Choose:
    """The same for the same key, in turn for new ones."""
    known: OrderedDict[str | None, int] = OrderedDict()
    lock, turn = threading.Lock(), in_turn(count)

    def choose(exchange: Exchange) -> int:
        key = key_of(exchange)
        with lock:
            if key in known:
                known.move_to_end(key)
            else:
                known[key] = turn(exchange)
                if len(known) > _KEYS:
                    known.popitem(last=False)
            return known[key]

    return choose


def topic(branches: Sequence[Step]) -> Step:
    """A copy to each, until one fails; the message stays as it was."""

    def send(exchange: Exchange) -> None:
        for branch in branches:
            copy = _copy(exchange)
            try:
                branch(copy)
            except Exception:
                exchange.exhausted = copy.exhausted
                raise

    return send


def _copy(exchange: Exchange) -> Exchange:
    copy = exchange.derive()
    copy.unit = exchange.unit
    copy.waits = copy.guards = 1
    return copy


class Failover:
    """Tries branches until one does not fail. Meaning is Camel's FailOverLoadBalancer."""

    def __init__(
        self,
        branches: Sequence[Step],
        *,
        catches: tuple[type[BaseException], ...],
        attempts: int,
        round_robin: bool,
        sticky: bool,
    ) -> None:
        self._branches = branches
        self._catches = catches
        self._attempts = attempts
        self._round_robin = round_robin
        self._sticky = sticky
        self._turns = itertools.count()
        self._good = 0
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Begin no further round: with roundRobin and no limit there would be no end."""
        self._stopped.set()

    def __call__(self, exchange: Exchange) -> None:
        """Run the message."""
        branches = self._branches
        index = self._first()
        for attempt in itertools.count(1):
            copy = _copy(exchange)
            error: Exception | None = None
            try:
                branches[index](copy)
            except Exception as failure:
                error = failure
            if error is None:
                self._good = index
                take(exchange, copy)
                return
            following = None if self._stopped.is_set() else self._after(index)
            if following is None or 0 <= self._attempts < attempt or not self._fails_over(error):
                take(exchange, copy)
                exchange.exhausted = copy.exhausted
                raise error
            index = following

    def _first(self) -> int:
        if self._sticky:
            return self._good
        return next(self._turns) % len(self._branches) if self._round_robin else 0

    def _after(self, index: int) -> int | None:
        if index + 1 < len(self._branches):
            return index + 1
        return 0 if self._round_robin else None

    def _fails_over(self, error: BaseException) -> bool:
        cause: BaseException | None = error
        for _ in range(20):  # a chain of causes may be a circle
            if cause is None:
                return False
            if isinstance(cause, self._catches):
                return True
            cause = cause.__cause__
        return False
