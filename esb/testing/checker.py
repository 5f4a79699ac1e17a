"""Total-queue accounting: what went in must come out. Pure bookkeeping, for any generator and any sink.

A generator says what became of each message it sent (:class:`Ledger`): *invoked*, then *ok* (it was accepted), *fail* (it was refused for certain) or
*unknown* (nobody can tell: a broken connection, a timeout). Sinks say what arrived. The account then is

- **lost** = ok without arrival, or at fewer places than it has subscribers (where their number is told): must be empty, whatever happened;
- **unexpected** = arrivals nobody sent, or that were refused for certain: must be empty;
- **duplicated** = further arrivals of one message at one place: at most what was in flight in each fault;
- **also set aside** = delivered, and a dead letter too: who replays that does it twice;
- **recovered** = unknown, and it arrived. An unknown that did not arrive is no loss: its sender was never told that it is safe.

The model is Jepsen's checker of that name, as RabbitMQ's own tests use it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

INVOKED, OK, FAIL, UNKNOWN = "invoked", "ok", "fail", "unknown"
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the messages of one run. ``first`` and ``drained`` are seconds from the end of the fault, where they were noted."""

    invoked: int
    ok: int
    failed: int
    unknown: int
    arrived: int
    lost: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    duplicated: Mapping[str, int] = field(default_factory=dict)
    """How many arrivals too many, by message."""
    recovered: int = 0
    set_aside: int = 0
    """Messages that ended in a place for failed ones (dead letters), and nowhere else."""
    also_set_aside: tuple[str, ...] = ()
    """Messages that were delivered and are in a place for failed ones as well."""
    reached: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The places of lost messages that reached some of their subscribers, by message."""
    disordered: tuple[tuple[str, str], ...] = ()
    """Pairs of messages with one order key that arrived the other way round than they were sent."""
    first: float | None = None
    drained: float | None = None

    @property
    def duplicates(self) -> int:
        """All arrivals too many."""
        return sum(self.duplicated.values())

    def problems(
        self, *, duplicates: int | None = 0, ordered: bool = False, also_set_aside: int | None = 0
    ) -> list[str]:
        """What breaks the promise, in words: anything lost or unexpected, a wrong order, more than so many duplicates or set aside as well.

        None allows any number of these.
        """
        found = []
        if self.lost:
            lost = [
                f"{key} (only at {', '.join(self.reached[key])})" if key in self.reached else key for key in self.lost
            ]
            found.append(f"{len(lost)} lost: {_some(lost)}")
        if self.unexpected:
            found.append(f"{len(self.unexpected)} unexpected: {_some(self.unexpected)}")
        if duplicates is not None and self.duplicates > duplicates:
            found.append(f"{self.duplicates} duplicates, at most {duplicates} may be: {_some(sorted(self.duplicated))}")
        if also_set_aside is not None and len(self.also_set_aside) > also_set_aside:
            which = f"at most {also_set_aside} may be: {_some(self.also_set_aside)}"
            found.append(f"{len(self.also_set_aside)} delivered and set aside as well, {which}")
        if ordered and self.disordered:
            pairs = [f"{later} before {earlier}" for earlier, later in self.disordered]
            found.append(f"{len(pairs)} out of order: {_some(pairs)}")
        return found

    def check(self, *, duplicates: int | None = 0, ordered: bool = False, also_set_aside: int | None = 0) -> None:
        """Raise AssertionError with the account and all :meth:`problems`, if there are any."""
        if found := self.problems(duplicates=duplicates, ordered=ordered, also_set_aside=also_set_aside):
            raise AssertionError("\n".join([*found, str(self)]))

    def as_dict(self) -> dict[str, int | float | None]:
        """The figures alone, for JSON."""
        return {
            "invoked": self.invoked,
            "ok": self.ok,
            "failed": self.failed,
            "unknown": self.unknown,
            "arrived": self.arrived,
            "lost": len(self.lost),
            "unexpected": len(self.unexpected),
            "duplicated": self.duplicates,
            "recovered": self.recovered,
            "setAside": self.set_aside,
            "alsoSetAside": len(self.also_set_aside),
            "disordered": len(self.disordered),
            "first": None if self.first is None else round(self.first, 3),
            "drained": None if self.drained is None else round(self.drained, 3),
        }

    def __str__(self) -> str:
        figures = [f"{name} {value}" for name, value in self.as_dict().items() if value is not None]
        return ", ".join(figures)


class Ledger:
    """Takes down what generators and sinks tell, in memory or also in a file that survives the process. Thread-safe.

    The file is only appended to, a line an event, written before the call returns: a generator that is killed leaves an *invoked* without an outcome,
    which counts as unknown.
    """

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._outcomes: dict[str, str] = {}
        self._order: dict[str, str] = {}
        self._arrivals: dict[str, list[str]] = {}
        self._healed: float | None = None
        self._first: float | None = None
        self._drained: float | None = None
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @classmethod
    def read(cls, *paths: Path) -> Ledger:
        """The ledger of earlier processes, from their files."""
        ledger = cls()
        for path in paths:
            # What stands behind the last line's end was being written when the process was killed.
            for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
                word, key, *more = line.split("\t")
                match word:
                    case "invoked":
                        ledger.invoked(key, *more)
                    case "arrived":
                        ledger.arrived(key, *more)
                    case _:
                        ledger._settle(key, word)
        return ledger

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def invoked(self, key: str, order: str = "") -> None:
        """A message is about to be sent. Those with one ``order`` are to arrive in the order of these calls.

        Raises ValueError for a key that was used before.
        """
        with self._lock:
            if key in self._outcomes:
                raise ValueError(f"message {key!r} was sent before: keys must be unique within a run")
            self._outcomes[key] = INVOKED
            if order:
                self._order[key] = order
            self._write(INVOKED, key, *([order] if order else []))

    def ok(self, key: str) -> None:
        """It was accepted: from here on it must not be lost."""
        self._settle(key, OK)

    def fail(self, key: str) -> None:
        """It was refused, and it is certain that nothing of it was kept."""
        self._settle(key, FAIL)

    def unknown(self, key: str) -> None:
        """Nobody can say. Never call :meth:`fail` for a timeout or a broken connection."""
        self._settle(key, UNKNOWN)

    def _settle(self, key: str, outcome: str) -> None:
        with self._lock:
            if key not in self._outcomes:
                raise ValueError(f"message {key!r} has an outcome, but was never sent")
            self._outcomes[key] = outcome
            self._write(outcome, key)

    def arrived(self, key: str, place: str = "out") -> None:
        """A sink got a message."""
        with self._lock:
            self._arrivals.setdefault(place, []).append(key)
            self._note_first()
            self._write("arrived", key, place)

    def healed(self) -> None:
        """The fault is over: recovery is measured from here. The last call counts."""
        with self._lock:
            self._healed, self._first, self._drained = self._clock(), None, None

    def flowing(self) -> None:
        """Something was delivered again; only the first call after :meth:`healed` counts. Arrivals say it by themselves."""
        with self._lock:
            self._note_first()

    def _note_first(self) -> None:
        if self._healed is not None and self._first is None:
            self._first = self._clock() - self._healed

    def drained(self) -> None:
        """The backlog is empty; only the first call after :meth:`healed` counts."""
        with self._lock:
            if self._healed is not None and self._drained is None:
                self._drained = self._clock() - self._healed

    def keys(self, *outcomes: str) -> set[str]:
        """Messages by what became of them; all that were sent if no outcome is named."""
        with self._lock:
            return {key for key, outcome in self._outcomes.items() if not outcomes or outcome in outcomes}

    def seen(self) -> set[str]:
        """Messages that have arrived, wherever."""
        with self._lock:
            return {key for keys in self._arrivals.values() for key in keys}

    def account(self, *, failed_places: Iterable[str] = (), subscribers: int = 1) -> Account:
        """The account so far. In ``failed_places`` failed messages are kept: not lost there, and not delivered either.

        ``subscribers``: at how many different places, failed ones apart, each accepted message must arrive; at fewer it is lost.
        Raises ValueError if that is below 1.
        """
        if subscribers < 1:
            raise ValueError(
                f"subscribers is {subscribers}: say at how many places each message must arrive, at least 1"
            )
        with self._lock:
            return _account(
                self._outcomes,
                self._order,
                self._arrivals,
                failed_places=frozenset(failed_places),
                subscribers=subscribers,
                recovery=self._recovery(),
            )

    def _recovery(self) -> tuple[float | None, float | None]:
        return self._first, self._drained

    def _write(self, *words: str) -> None:
        if self._file is not None:
            os.write(self._file, ("\t".join(words) + "\n").encode())


def _account(
    outcomes: Mapping[str, str],
    order: Mapping[str, str],
    arrivals: Mapping[str, list[str]],
    *,
    failed_places: frozenset[str],
    subscribers: int,
    recovery: tuple[float | None, float | None],
) -> Account:
    by = {word: {key for key, outcome in outcomes.items() if outcome == word} for word in (INVOKED, OK, FAIL, UNKNOWN)}
    open_ = by[INVOKED] | by[UNKNOWN]
    reached: dict[str, list[str]] = {}
    for place, keys in arrivals.items():
        if place not in failed_places:
            for key in dict.fromkeys(keys):
                reached.setdefault(key, []).append(place)
    delivered = set(reached)
    aside = {key for place, keys in arrivals.items() if place in failed_places for key in keys}
    seen = delivered | aside
    # A dead letter may stand for the subscriber that is missing, or for all: it can be replayed, and is told apart.
    lost = sorted(key for key in by[OK] - aside if len(reached.get(key, ())) < subscribers)
    extra: Counter[str] = Counter()
    for place, keys in arrivals.items():
        if place not in failed_places:
            extra.update({key: times - 1 for key, times in Counter(keys).items() if times > 1})
    return Account(
        invoked=len(outcomes),
        ok=len(by[OK]),
        failed=len(by[FAIL]),
        unknown=len(open_),
        arrived=len(seen),
        lost=tuple(lost),
        unexpected=tuple(sorted(seen - (by[OK] | open_))),
        duplicated=dict(extra),
        recovered=len(open_ & seen),
        set_aside=len(aside - delivered),
        also_set_aside=tuple(sorted(aside & delivered)),
        reached={key: tuple(reached[key]) for key in lost if key in reached},
        disordered=tuple(
            pair
            for place, keys in arrivals.items()
            if place not in failed_places
            for pair in _disordered(keys, outcomes, order)
        ),
        first=recovery[0],
        drained=recovery[1],
    )


def _disordered(keys: list[str], outcomes: Mapping[str, str], order: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pairs (earlier, later) that stand the other way round; a repeat counts where it came first."""
    position = {key: number for number, key in enumerate(outcomes)}
    last: dict[str, str] = {}
    pairs = []
    for key in dict.fromkeys(keys):
        lane = order.get(key)
        if lane is None or key not in position:
            continue
        before = last.get(lane)
        if before is not None and position[before] > position[key]:
            pairs.append((key, before))
        else:
            last[lane] = key
    return pairs


def _some(items: Iterable[str]) -> str:
    listed = list(items)
    return ", ".join(listed[:_SHOWN]) + (f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else "")
