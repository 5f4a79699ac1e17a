"""Failed messages on a broker: look at them, send them back to where they came from, throw them away. Used by ``esb dlq``.

Everything works on any :class:`esb.broker.contract.Broker` that is open, in one pass over a queue. A message keeps its id from channel to channel,
so that several on one queue may share it (a topic's subscriptions with one dead letter queue, a chain of routes): :class:`Key` tells them apart.
Replaying and editing are safe to repeat: a message is removed only after its successor is confirmed, which has the same id, so that whoever gets it
twice after a crash between the two can tell.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

from esb.broker.contract import QUARANTINE, Broker, Outgoing, Stored
from esb.broker.history import (
    ATTEMPTS,
    EDITED,
    ERROR,
    ERROR_CLASS,
    FAILED_AT,
    ORIGIN,
    REPORT,
    ROUTE,
    STEP,
    STEP_AT,
    TRIED,
    tries,
)
from esb.edge import is_control, without_control
from esb.errors import NotConnected, TransportError

DEAD: Final = "dead"
INVALID: Final = "invalid"
QUARANTINED: Final = "quarantined"
_SUFFIXES: Final = {".dlq": DEAD, ".invalid": INVALID}
_NAMES: Final = {QUARANTINE: QUARANTINED, "poison": QUARANTINED}
"""What the bus, or RabbitMQ for it, has put aside as killing."""
_PAGE: Final = 100
"""Messages looked at, or under way, at once."""

Progress = Callable[[int], None]
"""Called with the number of messages done so far."""


class Key(NamedTuple):
    """Which message of a queue: its id, and a mark made of all else. Two with one key are the same message twice."""

    id: str
    mark: str

    def __str__(self) -> str:
        """As somebody can write it: the id, and as much of the mark as tells it from others."""
        return f"{self.id}~{self.mark[:8]}"

    def begins(self, text: str) -> bool:
        """Whether it may be meant by a text: the beginning of the id, or the id, ``~`` and the beginning of the mark."""
        return f"{self.id}~{self.mark}".startswith(text)


@dataclass(frozen=True, slots=True)
class FailedQueue:
    """A queue of failed messages: ``kind`` is ``dead`` (could not be processed), ``invalid`` (break their type) or ``quarantined`` (may kill)."""

    name: str
    kind: str
    depth: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A failed message and its history. The body and ``headers`` are as they were delivered."""

    id: str
    queue: str
    body: bytes
    headers: dict[str, Any]
    content_type: str | None
    published_at: float | None
    origin: str
    route: str
    step: str
    step_at: str
    error_class: str
    error: str
    attempts: int
    failed_at: str
    report: list[dict[str, Any]] = field(default_factory=list)
    tried: list[dict[str, Any]] = field(default_factory=list)
    """The failed attempts before the last: attempt, at, route, step, error."""
    edited: str = ""

    @property
    def key(self) -> Key:
        """What tells it from all others of its queue, and from itself before a change."""
        # What a broker may count up while the message lies there (x-...) is no part of the message.
        headers = sorted((name, repr(value)) for name, value in self.headers.items() if not name.startswith("x-"))
        where = (self.origin, self.route, self.step, self.step_at, self.failed_at, self.attempts, self.edited)
        told = repr((headers, self.content_type, where, self.error_class, self.error, self.report, self.tried))
        return Key(
            self.id, hashlib.blake2b(told.encode(errors="replace") + b"\0" + self.body, digest_size=16).hexdigest()
        )

    def named(self, text: str) -> bool:
        """Whether it may be meant by a text, as :meth:`Key.begins` says."""
        return self.id.startswith(text) or (text.startswith(f"{self.id}~") and self.key.begins(text))


@dataclass(slots=True)
class Result:
    """What a replay did: ids by outcome. ``failed`` are still where they were; the second of an id is told with its mark."""

    done: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def quarantined(queue: str) -> bool:
    """Whether a queue is one of messages that may kill the process that works on them."""
    return queue in _NAMES


def failed_queues(broker: Broker) -> list[FailedQueue]:
    """All queues of failed messages, empty ones too: by the endings .dlq and .invalid, or since the oldest message has a history."""
    found = []
    for name in broker.queues():
        kind = _NAMES.get(name) or next((kind for suffix, kind in _SUFFIXES.items() if name.endswith(suffix)), "")
        if not kind and any(ORIGIN in stored.headers for stored in broker.browse(name, limit=1)):
            kind = DEAD
        if kind:
            found.append(FailedQueue(name, kind, broker.depth(name)))
    return found


def letters(broker: Broker, queue: str, *, limit: int | None = None, after: str | None = None) -> Iterator[DeadLetter]:
    """The failed messages of a queue, oldest first. Raises Unroutable if there is no such queue."""
    if limit is None and after is None:
        # Not page by page: where several have an id, the next page by the id of the last one begins before or behind some of them.
        found: list[DeadLetter] = []
        visit(broker, queue, found.append)
        yield from found
        return
    left = limit
    while left is None or left > 0:
        page = broker.browse(queue, limit=_PAGE if left is None else min(_PAGE, left), after=after)
        for stored in page:
            yield _letter(queue, stored)
        if not page:
            return
        after = page[-1].id
        left = None if left is None else left - len(page)


def letter(broker: Broker, queue: str, id: str) -> DeadLetter | None:
    """One message by its id, or by the beginning of it, if that is unique."""
    found = [one for one in letters(broker, queue) if one.named(id)]
    found = [one for one in found if one.id == id] or found
    return found[0] if len({one.key for one in found}) == 1 else None


def replay(
    broker: Broker,
    queue: str,
    meant: Collection[str | Key] | None = None,
    *,
    to: str | None = None,
    bodies: Mapping[str, bytes] | None = None,
    progress: Progress = lambda _done: None,
) -> Result:
    """Send messages (None: all that are there now) back to the queue each came from, or to ``to``; ``bodies`` replaces bodies by id.

    An id means all that have it, a key only the one, as it was seen.
    Headers are as they were delivered, attempts start anew. Raises Unroutable if ``queue`` does not exist; what could not be sent is in the result.
    """
    result = Result()
    choose = _chooser(queue, meant)
    handled: set[str | Key] = set()

    def judge(page: Sequence[Stored]) -> list[int]:
        chosen = choose(page)
        handled.update(name for _, one in chosen for name in (one.id, one.key))
        sent = _publish(broker, chosen, to, bodies or {}, result)
        result.done += [letter.id for place, letter in chosen if place in sent]
        progress(len(result.done) + len(result.failed))
        return sent

    broker.sweep(queue, judge, page=_PAGE)
    result.missing = [one.id if isinstance(one, Key) else one for one in meant or () if one not in handled]
    return result


def discard(
    broker: Broker, queue: str, meant: Collection[str | Key] | None = None, *, progress: Progress = lambda _done: None
) -> int:
    """Throw messages away, named as for :func:`replay` (None: all that are there now); returns how many. Raises Unroutable."""
    choose = _chooser(queue, meant)
    done = 0

    def judge(page: Sequence[Stored]) -> list[int]:
        nonlocal done
        chosen = [place for place, _ in choose(page)]
        done += len(chosen)
        progress(done)
        return chosen

    return broker.sweep(queue, judge, page=_PAGE)


def visit(broker: Broker, queue: str, each: Callable[[DeadLetter], None]) -> None:
    """Show all failed messages of a queue to ``each``, oldest first, in one pass. Raises Unroutable."""

    def judge(page: Sequence[Stored]) -> tuple[int, ...]:
        for stored in page:
            each(_letter(queue, stored))
        return ()

    broker.sweep(queue, judge, page=_PAGE)


def edit(broker: Broker, before: DeadLetter, letter: DeadLetter, *, edited: str) -> bool:
    """Put ``letter``'s body, headers and content type in the place of ``before``'s; whether that was there, as it was seen.

    Its id and history stay, and so do others with its id. ``edited`` is noted on it: when, and by whom. It goes to the end of its queue. Raises the
    TransportError of the publish; then nothing has changed.
    """
    choose = _chooser(before.queue, [before.key])
    done = False

    def judge(page: Sequence[Stored]) -> list[int]:
        nonlocal done
        found = [] if done else choose(page)[:1]  # one successor for one message
        for place, _ in found:
            history = {name: value for name, value in page[place].headers.items() if is_control(name)}
            headers = dict(without_control(letter.headers)) | history | {EDITED: edited}
            message = Outgoing(before.id, letter.body, headers, letter.content_type, published_at=before.published_at)
            [error] = _sent(broker, [(before.queue, message)])
            if error is not None:
                raise error
            done = True
        return [place for place, _ in found]

    return broker.sweep(before.queue, judge, page=_PAGE) > 0


def data(letter: DeadLetter, *, body: bool) -> dict[str, Any]:
    """As JSON can hold it; a body that is no text as base64."""
    told = asdict(letter)
    content = told.pop("body")
    told["mark"] = letter.key.mark
    told["size"] = len(content)
    if body:
        try:
            told["body"] = content.decode()
        except UnicodeDecodeError:
            told["bodyBase64"] = base64.b64encode(content).decode()
    return told


def _chooser(
    queue: str, meant: Collection[str | Key] | None
) -> Callable[[Sequence[Stored]], list[tuple[int, DeadLetter]]]:
    """What picks those that are meant from a page, with their places. A mark is only made where an id needs it."""
    keys = {one for one in meant or () if isinstance(one, Key)}
    marked = {key.id for key in keys}
    ids = {one for one in meant or () if isinstance(one, str)}

    def choose(page: Sequence[Stored]) -> list[tuple[int, DeadLetter]]:
        chosen = []
        for place, stored in enumerate(page):
            if meant is None or stored.id in ids:
                chosen.append((place, _letter(queue, stored)))
            elif stored.id in marked and (one := _letter(queue, stored)).key in keys:
                chosen.append((place, one))
        return chosen

    return choose


def _publish(
    broker: Broker,
    page: Collection[tuple[int, DeadLetter]],
    to: str | None,
    bodies: Mapping[str, bytes],
    result: Result,
) -> list[int]:
    """Send a page's messages back; the places of those that are confirmed."""
    places, messages = [], []
    for place, one in page:
        target = to or one.origin
        if not target:
            _failed(result, one, "it does not say where it came from; name the queue to send it to")
        elif target == one.queue:
            # It would go round: its failure would bring it back here with its history lost.
            _failed(result, one, f"it is on {target} already; name another queue to send it to")
        else:
            headers = dict(without_control(one.headers))
            places.append((place, one))
            messages.append((target, Outgoing(one.id, bodies.get(one.id, one.body), headers, one.content_type)))
    sent = []
    for (place, one), error in zip(places, _sent(broker, messages), strict=True):
        if error is None:
            sent.append(place)
        else:
            _failed(result, one, str(error))
    return sent


def _failed(result: Result, letter: DeadLetter, why: str) -> None:
    result.failed[letter.id if letter.id not in result.failed else str(letter.key)] = why


def _sent(broker: Broker, messages: Sequence[tuple[str, Outgoing]]) -> list[TransportError | None]:
    """Publish messages to queues and wait for all answers."""
    waiting = threading.Semaphore(0)
    errors: list[TransportError | None] = [NotConnected("no answer")] * len(messages)
    for number, (queue, message) in enumerate(messages):

        def done(error: TransportError | None, number: int = number) -> None:
            errors[number] = error
            waiting.release()

        broker.publish(queue, message, done)
    for _ in messages:
        waiting.acquire()
    return errors


def _letter(queue: str, stored: Stored) -> DeadLetter:
    told = stored.headers
    return DeadLetter(
        id=stored.id,
        queue=queue,
        body=stored.body,
        headers=dict(without_control(told)),
        content_type=stored.content_type,
        published_at=stored.published_at,
        origin=_text(told, ORIGIN),
        route=_text(told, ROUTE),
        step=_text(told, STEP),
        step_at=_text(told, STEP_AT),
        error_class=_text(told, ERROR_CLASS),
        error=_text(told, ERROR),
        attempts=int(told.get(ATTEMPTS) or 0),
        failed_at=_text(told, FAILED_AT),
        report=_report(told.get(REPORT)),
        tried=tries(told.get(TRIED)),
        edited=_text(told, EDITED),
    )


def _text(headers: Mapping[str, Any], name: str) -> str:
    value = headers.get(name)
    return "" if value is None else str(value)


def _report(text: Any) -> list[dict[str, Any]]:
    if not isinstance(text, str):
        return []
    try:
        report = json.loads(text)
    except ValueError:
        return [{"path": "", "message": text}]
    return report if isinstance(report, list) else []
