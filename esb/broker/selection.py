"""Which failed messages somebody means: by id, queue, route, error, age and header; nothing at all is no selection.

The command line and the management API choose by it, so that both mean the same.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from esb.broker.contract import Broker
from esb.broker.dead_letters import DEAD, DeadLetter, FailedQueue, Key, failed_queues, letters, quarantined, visit
from esb.errors import OptionError, Unroutable, did_you_mean


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters that all must hold. ``ids`` may be beginnings of ids, or of an id, ``~`` and a mark; ages are in seconds.

    ``headers`` are names with the text that each must have; None asks only that it is there.
    """

    ids: tuple[str, ...] = ()
    queue: str = ""
    route: str = ""
    error: str = ""
    older_than: float | None = None
    newer_than: float | None = None
    headers: tuple[tuple[str, str | None], ...] = ()
    everything: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing was chosen; a queue alone is not enough to change its messages."""
        aged = self.older_than is not None or self.newer_than is not None
        return not (self.ids or self.route or self.error or aged or self.headers or self.everything)

    def holds(self, letter: DeadLetter, now: dt.datetime) -> bool:
        """Whether a message is meant."""
        if self.ids and not any(letter.named(id) for id in self.ids):
            return False
        if self.route and letter.route != self.route:
            return False
        if self.error and self.error.lower() not in f"{letter.error_class}: {letter.error}".lower():
            return False
        if not all(_has(letter, name, text) for name, text in self.headers):
            return False
        if self.older_than is None and self.newer_than is None:
            return True
        age = _age(letter, now)
        return (self.older_than is None or age >= self.older_than) and (
            self.newer_than is None or age <= self.newer_than
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """Messages that are meant, by queue. ``left_out`` counts those that are quarantined and that nobody named, by queue."""

    keys: dict[str, list[Key]] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many are meant."""
        return sum(map(len, self.keys.values()))

    @property
    def ids(self) -> dict[str, list[str]]:
        """Their ids, for people and records."""
        return {queue: [key.id for key in keys] for queue, keys in self.keys.items()}


def queues(broker: Broker, selection: Selection) -> list[FailedQueue]:
    """The queues to look at. Raises OptionError for one that holds no failed messages."""
    found = failed_queues(broker)
    if not selection.queue:
        return found
    chosen = [one for one in found if one.name == selection.queue]
    if not chosen:
        if _holds_failures(broker, selection.queue):  # a broker without a list of its queues may have it all the same
            return [FailedQueue(selection.queue, DEAD, broker.depth(selection.queue))]
        hint = did_you_mean(selection.queue, [one.name for one in found])
        raise OptionError(f"there is no queue of failed messages {selection.queue!r}", hint=hint)
    return chosen


def _holds_failures(broker: Broker, queue: str) -> bool:
    """Whether a queue is there and is one of failed messages: never one whose messages are still to be worked on."""
    try:
        broker.depth(queue)
        return (
            queue.endswith((".dlq", ".invalid"))
            or quarantined(queue)
            or any(one.origin for one in letters(broker, queue, limit=1))
        )
    except Unroutable:
        return False


def select(
    broker: Broker,
    selection: Selection,
    each: Callable[[DeadLetter], None],
    looked: Callable[[int], None] = lambda _count: None,
) -> None:
    """Show the messages that are meant to ``each``, queue by queue, oldest first; ``looked`` is told how many were looked at."""
    now = dt.datetime.now(dt.UTC)
    count = 0

    def look(letter: DeadLetter) -> None:
        nonlocal count
        count += 1
        looked(count)
        if selection.holds(letter, now):
            each(letter)

    for queue in queues(broker, selection):
        if queue.depth:
            visit(broker, queue.name, look)


def chosen(broker: Broker, selection: Selection, looked: Callable[[int], None] = lambda _count: None) -> Chosen:
    """Which messages are to be changed.

    What is quarantined may kill the process that gets it again: it is meant only where its queue or its id is named, not by filters or all. Raises
    OptionError for an empty selection, an id that is not there and one that may mean several messages.
    """
    if selection.empty:
        raise OptionError("say which messages: by id, route, error, age or header, or all")
    named = bool(selection.ids or selection.queue)
    found: dict[str, list[Key]] = {}
    left_out: dict[str, int] = {}

    def keep(letter: DeadLetter) -> None:
        if quarantined(letter.queue) and not named:
            left_out[letter.queue] = left_out.get(letter.queue, 0) + 1
        else:
            found.setdefault(letter.queue, []).append(letter.key)

    select(broker, selection, keep, looked)
    if not selection.ids:
        return Chosen(found, left_out)
    meant = unambiguous(selection.ids, {(queue, key) for queue, keys in found.items() for key in keys})
    by_id = {queue: [key for key in keys if (queue, key) in meant] for queue, keys in found.items()}
    return Chosen({queue: keys for queue, keys in by_id.items() if keys})


def one(broker: Broker, id: str, queue: str = "") -> DeadLetter:
    """The message of an id, or of the beginning of one. Raises OptionError if it is not there, or not the only one."""
    found: list[DeadLetter] = []
    select(broker, Selection(ids=(id,), queue=queue), found.append)
    meant = unambiguous((id,), {(letter.queue, letter.key) for letter in found})
    return next(letter for letter in found if (letter.queue, letter.key) in meant)


def unambiguous(ids: Sequence[str], found: Collection[tuple[str, Key]]) -> set[tuple[str, Key]]:
    """The messages (queue, key) that ids mean, each one of those that were found. Raises OptionError."""
    all_meant = set()
    for id in ids:
        same = sorted(one for one in found if one[1].id == id)
        meant = same or sorted(one for one in found if one[1].begins(id))
        if not meant:
            raise OptionError(f"no failed message has the id {id}", hint="'esb dlq list' shows those there are")
        if len(meant) > 1:
            # Where it is the id itself that several have, only the mark tells them apart.
            twice = Counter((queue, key.id) for queue, key in meant)
            names = [str(key) if twice[queue, key.id] > 1 else key.id for queue, key in meant]
            shown = ", ".join(f"{name} on {queue}" for name, (queue, _) in zip(names[:5], meant, strict=False))
            raise OptionError(
                f"the id {id} may mean {len(meant)} messages ({shown})",
                hint="write more of it, as it is shown here, or name the queue",
            )
        all_meant.update(meant)
    return all_meant


def _has(letter: DeadLetter, name: str, text: str | None) -> bool:
    value: Any = letter.headers.get(name, letter.content_type if name.lower() == "content-type" else None)
    return value is not None if text is None else str(value) == text


def _age(letter: DeadLetter, now: dt.datetime) -> float:
    try:
        failed = dt.datetime.fromisoformat(letter.failed_at)
    except ValueError:
        failed = dt.datetime.fromtimestamp(letter.published_at or now.timestamp(), dt.UTC)
    return (now - failed).total_seconds()
