"""All messages of one broker to another, for ``esb bus move``: nothing is lost, wherever it is killed, and running it again goes on.

A message is removed here only after the other broker has confirmed it, and keeps its id, age and attempts. What an earlier run had published and not
yet removed is found by its id on the other side and only removed here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from esb.broker.contract import Broker, Outgoing, Stored
from esb.errors import TransportError

_PAGE: Final = 200
"""Messages under way at once: as many may have been published and not removed when a run dies."""
_TOPIC: Final = "topic:"


@dataclass(slots=True)
class Moved:
    """What became of one queue's messages. ``there`` were on the other side already; ``failed`` are still here, with the reason of each."""

    queue: str
    moved: int = 0
    there: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def declare(target: Broker, queue: str) -> None:
    """Declare a queue of the other broker, or a topic's subscription with its topic. What routes have declared already stays as they want it."""
    if queue in set(target.queues()):
        return
    if queue.startswith(_TOPIC):
        topic, _, subscription = queue.removeprefix(_TOPIC).rpartition(":")
        target.bind(topic, subscription)
    else:
        target.queue(queue)


def move(source: Broker, target: Broker, queue: str, progress: Callable[[int], None] = lambda _done: None) -> Moved:
    """Move what is on a queue now; it is declared on both. Raises TransportError if a broker is lost; the result of a next run completes it.

    Nobody should work on the queue on either side: what a consumer takes on the target while an interrupted move is repeated may be published again.
    """
    told = Moved(queue)
    there = _ids(target, queue) if target.depth(queue) else frozenset[str]()

    def judge(page: Sequence[Stored]) -> list[int]:
        known = [place for place, stored in enumerate(page) if stored.id and stored.id in there]
        fresh = [place for place, stored in enumerate(page) if not (stored.id and stored.id in there)]
        errors = _publish(target, queue, [page[place] for place in fresh])
        sent = [place for place, error in zip(fresh, errors, strict=True) if error is None]
        for place, error in zip(fresh, errors, strict=True):
            if error is not None:
                told.failed[page[place].id] = str(error)
        told.there += len(known)
        told.moved += len(sent)
        progress(told.moved + told.there + len(told.failed))
        return sorted([*known, *sent])

    source.sweep(queue, judge, page=_PAGE)
    return told


def _ids(broker: Broker, queue: str) -> frozenset[str]:
    ids: set[str] = set()

    def judge(page: Sequence[Stored]) -> tuple[int, ...]:
        ids.update(stored.id for stored in page)
        return ()

    broker.sweep(queue, judge, page=_PAGE)
    return frozenset(ids)


def _publish(target: Broker, queue: str, page: Sequence[Stored]) -> list[TransportError | None]:
    answered = threading.Semaphore(0)
    errors: list[TransportError | None] = [None] * len(page)
    for place, stored in enumerate(page):

        def done(error: TransportError | None, place: int = place) -> None:
            errors[place] = error
            answered.release()

        message = Outgoing(
            stored.id,
            stored.body,
            stored.headers,
            stored.content_type,
            attempts=stored.attempts,
            published_at=stored.published_at,
        )
        target.publish(queue, message, done)
    for _ in page:
        answered.acquire()
    return errors
