"""Permits for a throttle: so many in a time, or so many at once; one count a group. Thread-safe and bounded."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from esb.javanames import RejectedExecutionException

MOST_GROUPS: Final = 10_000
"""Groups counted at once: they are named by data. The one that was quiet longest is forgotten."""

G = TypeVar("G")


class Groups(Generic[G]):
    """What is counted for each group. ``busy`` says whether a group must not be forgotten."""

    def __init__(self, make: Callable[[], G], busy: Callable[[G], bool]) -> None:
        self._make = make
        self._busy = busy
        self._groups: OrderedDict[Any, G] = OrderedDict()

    def get(self, key: Any) -> G:
        """The group of a key; call it under the owner's lock."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = self._make()
            if len(self._groups) > MOST_GROUPS:
                quiet = next((known for known, one in self._groups.items() if not self._busy(one)), None)
                if quiet is not None:
                    del self._groups[quiet]
        else:
            self._groups.move_to_end(key)
        return group


class Rate:
    """At most n permits in any stretch of ``period`` seconds. Each waits for its own turn, so nobody overtakes."""

    def __init__(self, period: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._period = period
        self._clock = clock
        self._lock = threading.Lock()
        self._groups: Groups[deque[float]] = Groups(deque, lambda turns: bool(turns) and turns[-1] > clock() - period)

    def take(self, key: Any, limit: int) -> float | None:
        """Take the next turn; how many seconds until then, None for never."""
        if limit == 0:
            return None
        with self._lock:
            now = self._clock()
            turns = self._turns(key, now)
            turn = now if len(turns) < limit else max(now, turns[-limit] + self._period)
            turns.append(turn)
            return turn - now

    def try_take(self, key: Any, limit: int) -> bool:
        """Take a turn now, if there is one."""
        with self._lock:
            now = self._clock()
            turns = self._turns(key, now)
            if len(turns) >= limit:
                return False
            turns.append(now)
            return True

    def _turns(self, key: Any, now: float) -> deque[float]:
        turns = self._groups.get(key)
        while turns and turns[0] <= now - self._period:
            turns.popleft()
        return turns


class _Taken:
    __slots__ = ("active", "waiting")

    def __init__(self) -> None:
        self.active = 0
        self.waiting = 0


class Concurrency:
    """At most n permits at a time, given back when the message is done."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._groups: Groups[_Taken] = Groups(_Taken, lambda taken: taken.active > 0 or taken.waiting > 0)
        self._stopped = False

    def start(self) -> None:
        """Let takers wait again."""
        self._stopped = False

    def stop(self) -> None:
        """End all waits."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def take(self, key: Any, limit: int) -> Callable[[], None]:
        """Wait for a permit; returns what gives it back. Raises RejectedExecutionException if the route stops first."""
        with self._changed:
            taken = self._groups.get(key)
            taken.waiting += 1
            try:
                self._changed.wait_for(lambda: self._stopped or taken.active < limit)
            finally:
                taken.waiting -= 1
            if taken.active >= limit:
                raise RejectedExecutionException("the route stops: the wait for a permit was not ended")
            taken.active += 1
        return lambda: self._give_back(taken)

    def try_take(self, key: Any, limit: int) -> Callable[[], None] | None:
        """Take a permit if there is one; returns what gives it back."""
        with self._changed:
            taken = self._groups.get(key)
            if taken.active >= limit:
                return None
            taken.active += 1
        return lambda: self._give_back(taken)

    def _give_back(self, taken: _Taken) -> None:
        with self._changed:
            taken.active -= 1
            if taken.waiting:
                self._changed.notify_all()
