"""Which failed messages a command means: by id, queue, route, error and age; nothing at all is no selection."""

from __future__ import annotations

import datetime as dt
import functools
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from esb.broker.contract import Broker
from esb.broker.dead_letters import DEAD, DeadLetter, FailedQueue, failed_queues, letters
from esb.errors import Unroutable, did_you_mean
from esb.fields import seconds


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters that all must hold. ``ids`` may be beginnings of ids."""

    ids: tuple[str, ...] = ()
    queue: str = ""
    route: str = ""
    error: str = ""
    older_than: float | None = None
    everything: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing was chosen; a queue alone is not enough to change its messages."""
        return not (self.ids or self.route or self.error or self.older_than is not None or self.everything)

    def holds(self, letter: DeadLetter, now: dt.datetime) -> bool:
        """Whether a message is meant."""
        if self.ids and not any(letter.id.startswith(id) for id in self.ids):
            return False
        if self.route and letter.route != self.route:
            return False
        told = f"{letter.error_class}: {letter.error}".lower()
        if self.error and self.error.lower() not in told:
            return False
        return self.older_than is None or _age(letter, now) >= self.older_than


def options(function: Any) -> Any:
    """The options of a selection, handed over as ``selection``."""

    @functools.wraps(function)
    def chosen(*args: Any, **values: Any) -> Any:
        names = ("ids", "queue", "route", "error", "older_than", "everything")
        selection = Selection(**{name: values.pop(name) for name in names})
        return function(*args, selection=selection, **values)

    for option in (
        click.option("--all", "everything", is_flag=True, help="All of them (in the queue, with --queue)."),
        click.option(
            "--older-than", callback=_duration, metavar="TIME", help="Failed longer ago than this: 30m, 2h, 1d."
        ),
        click.option("--error", default="", metavar="TEXT", help="With this text in the error's class or message."),
        click.option("--route", default="", metavar="ID", help="That failed in this route."),
        click.option("--queue", default="", metavar="NAME", help="On this queue, such as orders.dlq."),
        click.option(
            "--id", "ids", multiple=True, metavar="ID", help="With this id, or this beginning of it; may be repeated."
        ),
    ):
        chosen = option(chosen)
    return chosen


def queues(broker: Broker, selection: Selection) -> list[FailedQueue]:
    """The queues to look at. Raises UsageError for one that holds no failed messages."""
    found = failed_queues(broker)
    if not selection.queue:
        return found
    chosen = [one for one in found if one.name == selection.queue]
    if not chosen:
        if _holds_failures(broker, selection.queue):  # a broker without a list of its queues may have it all the same
            return [FailedQueue(selection.queue, DEAD, broker.depth(selection.queue))]
        hint = did_you_mean(selection.queue, [one.name for one in found])
        raise click.UsageError(f"there is no queue of failed messages {selection.queue!r}; {hint}".rstrip("; "))
    return chosen


def _holds_failures(broker: Broker, queue: str) -> bool:
    """Whether a queue is there and is one of failed messages: never one whose messages are still to be worked on."""
    try:
        broker.depth(queue)
        return queue.endswith((".dlq", ".invalid")) or any(one.origin for one in letters(broker, queue, limit=1))
    except Unroutable:
        return False


def select(
    broker: Broker, selection: Selection, looked: Callable[[int], None] = lambda _count: None
) -> Iterator[DeadLetter]:
    """The messages that are meant, queue by queue, oldest first; ``looked`` is told how many were looked at."""
    now = dt.datetime.now(dt.UTC)
    count = 0
    for queue in queues(broker, selection):
        for letter in letters(broker, queue.name, limit=queue.depth):
            count += 1
            looked(count)
            if selection.holds(letter, now):
                yield letter


def chosen_by_queue(broker: Broker, selection: Selection, looked: Callable[[int], None]) -> dict[str, list[str]]:
    """Ids by queue. Raises UsageError for an empty selection, an id that is not there and one that may mean several messages."""
    if selection.empty:
        raise click.UsageError("say which messages: --id, --route, --error, --older-than, or --all")
    found = list(select(broker, selection, looked))
    unambiguous(selection.ids, found)
    by_queue: dict[str, list[str]] = defaultdict(list)
    for letter in found:
        by_queue[letter.queue].append(letter.id)
    return dict(by_queue)


def unambiguous(ids: Sequence[str], found: Sequence[DeadLetter]) -> None:
    """Each id must mean one message. Raises UsageError."""
    for id in ids:
        meant = [one for one in found if one.id == id] or [one for one in found if one.id.startswith(id)]
        if not meant:
            raise click.UsageError(f"no failed message has the id {id}; 'esb dlq list' shows those there are")
        if len(meant) > 1:
            shown = ", ".join(f"{one.id} on {one.queue}" for one in meant[:5])
            raise click.UsageError(
                f"the id {id} may mean {len(meant)} messages ({shown}); write more of it, or name the --queue"
            )


def _age(letter: DeadLetter, now: dt.datetime) -> float:
    try:
        failed = dt.datetime.fromisoformat(letter.failed_at)
    except ValueError:
        failed = dt.datetime.fromtimestamp(letter.published_at or now.timestamp(), dt.UTC)
    return (now - failed).total_seconds()


def _duration(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        return seconds(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
