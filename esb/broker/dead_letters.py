"""Failed messages on a broker: look at them, send them back to where they came from, throw them away. Used by ``esb dlq``.

Everything works by message id, on any :class:`esb.broker.contract.Broker` that is open. Replaying is safe to repeat: a message is removed only after
the queue it came from has confirmed it, and it keeps its id, so that whoever gets it twice after a crash between the two can tell.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from esb.broker.contract import Broker, Outgoing, Stored
from esb.broker.history import ATTEMPTS, ERROR, ERROR_CLASS, FAILED_AT, ORIGIN, REPORT, ROUTE, STEP, STEP_AT
from esb.edge import without_control
from esb.errors import NotConnected, TransportError

DEAD: Final = "dead"
INVALID: Final = "invalid"
_SUFFIXES: Final = {".dlq": DEAD, ".invalid": INVALID}
_PAGE: Final = 100
"""Messages looked at, or under way, at once."""

Progress = Callable[[int], None]
"""Called with the number of messages done so far."""


@dataclass(frozen=True, slots=True)
class FailedQueue:
    """A queue of failed messages: ``kind`` is ``dead`` (could not be processed) or ``invalid`` (break their type)."""

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


@dataclass(slots=True)
class Result:
    """What a replay did: ids by outcome. ``failed`` are still where they were."""

    done: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def failed_queues(broker: Broker) -> list[FailedQueue]:
    """All queues of failed messages, empty ones too: by the endings .dlq and .invalid, or since the oldest message has a history."""
    found = []
    for name in broker.queues():
        kind = next((kind for suffix, kind in _SUFFIXES.items() if name.endswith(suffix)), "")
        if not kind and any(ORIGIN in stored.headers for stored in broker.browse(name, limit=1)):
            kind = DEAD
        if kind:
            found.append(FailedQueue(name, kind, broker.depth(name)))
    return found


def letters(broker: Broker, queue: str, *, limit: int | None = None, after: str | None = None) -> Iterator[DeadLetter]:
    """The failed messages of a queue, oldest first. Raises Unroutable if there is no such queue."""
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
    """One message by its id, or by the beginning of it if that is unique."""
    found = [one for one in letters(broker, queue) if one.id.startswith(id)]
    exact = [one for one in found if one.id == id]
    if exact:
        return exact[0]
    return found[0] if len(found) == 1 else None


def replay(
    broker: Broker,
    queue: str,
    ids: Collection[str] | None = None,
    *,
    to: str | None = None,
    bodies: Mapping[str, bytes] | None = None,
    progress: Progress = lambda _done: None,
) -> Result:
    """Send messages (None: all that are there now) back to the queue each came from, or to ``to``; ``bodies`` replaces bodies by id.

    Headers are as they were delivered, attempts start anew. Raises Unroutable if ``queue`` does not exist; what could not be sent is in the result.
    """
    result = Result(missing=list(ids or ()))
    for page in _pages(broker, queue, ids):
        confirmed = _publish(broker, page, to, bodies or {}, result)
        if confirmed:
            broker.remove(queue, confirmed)
        result.done += confirmed
        progress(len(result.done) + len(result.failed))
    handled = {*result.done, *result.failed}
    result.missing = [id for id in result.missing if id not in handled]
    return result


def discard(
    broker: Broker, queue: str, ids: Collection[str] | None = None, *, progress: Progress = lambda _done: None
) -> int:
    """Throw messages away (None: all that are there now); returns how many. Raises Unroutable."""
    done = 0
    for page in _pages(broker, queue, ids):
        done += broker.remove(queue, [one.id for one in page])
        progress(done)
    return done


def _pages(broker: Broker, queue: str, ids: Collection[str] | None) -> Iterator[list[DeadLetter]]:
    wanted = None if ids is None else set(ids)
    # As many as are there now: what fails again meanwhile, and so comes back here, is not done twice.
    left = broker.depth(queue)
    after: str | None = None
    kept: str | None = None
    while left > 0:
        page = broker.browse(queue, limit=min(_PAGE, left), after=after)
        if not page:
            return
        left -= len(page)
        chosen = [_letter(queue, stored) for stored in page if wanted is None or stored.id in wanted]
        if chosen:
            yield chosen
        # The caller may have removed messages: go on after the last one that is still there.
        kept = _last_kept(broker, queue, page, after)
        after = kept


def _last_kept(broker: Broker, queue: str, page: Collection[Stored], before: str | None) -> str | None:
    ids = {stored.id for stored in page}
    still = [stored.id for stored in broker.browse(queue, limit=len(ids), after=before) if stored.id in ids]
    return still[-1] if still else before


def _publish(
    broker: Broker, page: Collection[DeadLetter], to: str | None, bodies: Mapping[str, bytes], result: Result
) -> list[str]:
    waiting = threading.Semaphore(0)
    errors: dict[str, TransportError | None] = {}
    sent = []
    for one in page:
        target = to or one.origin
        if not target:
            result.failed[one.id] = "it does not say where it came from; name the queue to send it to"
            continue
        if target == one.queue:
            # Removing by id would take the new one with the old.
            result.failed[one.id] = f"it is on {target} already; name another queue to send it to"
            continue
        message = Outgoing(one.id, bodies.get(one.id, one.body), dict(without_control(one.headers)), one.content_type)

        def done(error: TransportError | None, id: str = one.id) -> None:
            errors[id] = error
            waiting.release()

        broker.publish(target, message, done)
        sent.append(one.id)
    for _ in sent:
        waiting.acquire()
    for id in sent:
        error = errors.get(id, NotConnected("no answer"))
        if error is not None:
            result.failed[id] = str(error)
    return [id for id in sent if id not in result.failed]


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
