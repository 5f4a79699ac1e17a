"""All messages of one broker to another, for ``esb bus move``: nothing is lost, wherever it is killed, and running it again goes on.

A message is removed here only after the other broker has confirmed it, and keeps its id, age and attempts. What an earlier run had published and not
yet removed is found on the other side, by id, headers and body, and only removed here: one message there for one here.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from esb.broker.contract import Broker, Outgoing, Stored
from esb.errors import Rejected, TransportError

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
    Raises Rejected if the target turns out to be the source under another name, as far as RabbitMQ shows it.
    """
    told = Moved(queue)
    there = _marks(target, queue) if target.depth(queue) else Counter[bytes]()
    held = target.depth(queue) if there else 0

    def judge(page: Sequence[Stored]) -> list[int]:
        known: list[int] = []
        fresh: list[int] = []
        for place, stored in enumerate(page):
            mark = _mark(stored) if stored.id and there else b""
            if there[mark]:
                there[mark] -= 1  # used up: a second one like it was not sent
                known.append(place)
            else:
                fresh.append(place)
        if known and not told.moved and target.depth(queue) < held:
            # Of RabbitMQ, which hides what a sweep has in hand: one cluster under two names, where all would be found there, and removed.
            raise Rejected(
                f"what is taken from {queue} here is gone on the other broker too: it is the same one by another name, or somebody works there",
                endpoint=queue,
            )
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


def _marks(broker: Broker, queue: str) -> Counter[bytes]:
    marks: Counter[bytes] = Counter()

    def judge(page: Sequence[Stored]) -> tuple[int, ...]:
        marks.update(_mark(stored) for stored in page if stored.id)
        return ()

    broker.sweep(queue, judge, page=_PAGE)
    return marks


def _mark(stored: Stored) -> bytes:
    """What a message's copy is known by. Not by the id alone: an exchange keeps it from channel to channel, so that several on one queue have it.

    As text and without what brokers keep to themselves (``x-…``): the two sides need not agree on the type of a value.
    """
    headers = sorted((name, str(value)) for name, value in stored.headers.items() if not name.startswith("x-"))
    told = repr((stored.id, headers)).encode()
    return hashlib.blake2b(b"%d:%b%b" % (len(told), told, stored.body), digest_size=16).digest()


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
