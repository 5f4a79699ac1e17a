"""The embedded broker: one SQLite file, any number of processes on one host, nothing to install.

Write-ahead log with ``synchronous=FULL``: what ``done(None)`` confirmed survives a killed process, and a power cut as far as the disk keeps its word.
The file must be on a local disk (network file systems do not lock reliably). Open it after a fork, never before.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial

from esb.broker import headers
from esb.broker.contract import Delivery, Done, Judge, Outcome, Outgoing, Stored, subscription_queue
from esb.broker.handover import Handover
from esb.broker.sqlite_ops import Publish, Settings, Settle
from esb.broker.sqlite_store import Store
from esb.broker.sqlite_turn import Turn
from esb.broker.sqlite_writer import Writer
from esb.errors import NotConnected, TransportError


class SqliteSubscription:
    """See :class:`esb.broker.contract.Subscription`."""

    def __init__(self, writer: Writer, handover: Handover[int]) -> None:
        self._writer = writer
        self._handover = handover

    def settle(self, outcomes: Iterable[tuple[Delivery, Outcome]]) -> None:
        """Settle deliveries: in the file within the next group commit."""
        taken = self._handover.take(outcomes)
        if taken:
            self._writer.post([Settle(seq, outcome) for seq, outcome in taken])

    def pause(self) -> None:
        """Stop new deliveries."""
        self._handover.pause()
        self._writer.attend()

    def resume(self) -> None:
        """Undo :meth:`pause`."""
        self._handover.resume()
        self._writer.attend()

    def stop(self) -> None:
        """Stop for good."""
        self._handover.stop()
        self._writer.attend()


class SqliteBroker:
    """See :class:`esb.broker.contract.Broker`."""

    def __init__(
        self, path: str, settings: Settings | None = None, *, on_state: Callable[[str], None] | None = None
    ) -> None:
        self._path = path
        self._settings = settings or Settings()
        self._writer = Writer(path, self._settings, on_state)

    def open(self) -> None:
        """Start the writer's thread; it makes the file if it is not there, and tries again while it cannot."""
        self._writer.start()

    def close(self, timeout: float = 10.0) -> None:
        """Commit what was handed over, give back what is in hand, and stop."""
        self._writer.close(timeout)

    @property
    def state(self) -> str:
        """``blocked``: the last transaction failed (a full disk); ``waiting``: the file cannot be opened."""
        return self._writer.state

    def queue(self, name: str, *, exclusive: bool = False) -> None:
        """Declare a queue; its exclusiveness may be changed."""
        self._declare(("queue", name), lambda store: store.declare(name, exclusive=exclusive))

    def topic(self, name: str) -> None:
        """Declare a topic."""
        self._declare(("topic", name), lambda store: store.declare_topic(name))

    def bind(self, topic: str, subscription: str) -> str:
        """Declare a durable subscription of a topic."""
        queue = subscription_queue(topic, subscription)
        self._declare(("queue", queue), lambda store: store.bind(topic, subscription, queue))
        return queue

    def _declare(self, key: tuple[str, ...], declare: Callable[[Store], None]) -> None:
        # Remembered first: if the file is opened just now, one of the two ways declares it.
        self._writer.declarations[key] = declare
        if self._writer.state in {"connected", "blocked"}:
            self._writer.call(declare)

    def publish(self, queue: str, message: Outgoing, done: Done) -> None:
        """Publish to a queue."""
        self._publish(queue, message, done, topic=False)

    def publish_topic(self, topic: str, message: Outgoing, done: Done) -> None:
        """Publish to every subscription of a topic, in one transaction."""
        self._publish(topic, message, done, topic=True)

    def _publish(self, receiver: str, message: Outgoing, done: Done, *, topic: bool) -> None:
        writer, body = self._writer, message.body
        try:
            headers.check(message, receiver)
            timeout = 0.0 if writer.is_current else self._settings.publish_timeout
            if not writer.window.enter(len(body), timeout):
                raise NotConnected(
                    f"{self._path}: no room for the message within {timeout} s: the disk is slow or full",
                    endpoint=receiver,
                )
        except TransportError as exc:
            writer.later(partial(done, exc))
            return
        row = (message.attempts, message.id, message.content_type, headers.dumps(message.headers), body)
        now = time.monotonic()
        publish = Publish(
            receiver, topic, message.published_at or time.time(), row, done, now + self._settings.publish_timeout
        )
        if not writer.post([publish]):
            writer.window.leave(1, len(body))
            done(NotConnected(f"{self._path}: the broker is closed, or was opened before a fork", endpoint=receiver))

    def subscribe(
        self, queue: str, on_batch: Callable[[list[Delivery]], None], *, prefetch: int = 250
    ) -> SqliteSubscription:
        """Start delivering."""
        handover: Handover[int] = Handover(queue, on_batch, prefetch)
        if ("queue", queue) not in self._writer.declarations:
            self._writer.call(lambda store: store.queue_id(queue))
        self._writer.register(handover)
        return SqliteSubscription(self._writer, handover)

    def browse(self, queue: str, *, limit: int = 100, after: str | None = None) -> Sequence[Stored]:
        """Look at messages, oldest first."""
        with self._reading() as store:
            return list(store.browse(queue, limit, after))

    def sweep(self, queue: str, judge: Judge, *, page: int = 100) -> int:
        """Go once over the messages; other sweeps come in between two pages."""
        with self._reading() as store:
            last = store.last(queue)
        after = removed = 0
        turn = Turn(self._path, self._settings.publish_timeout)
        while True:
            with turn.page():
                with self._reading() as store:
                    rows = list(store.rows(queue, after, page, last))
                if not rows:
                    return removed
                after = rows[-1][0]
                seqs = [rows[position][0] for position in judge([stored for _, stored in rows])]
                if seqs:
                    removed += self._writer.call(lambda store, seqs=seqs: store.remove_rows(queue, seqs))  # type: ignore[misc]  # a bound default

    def remove(self, queue: str, ids: Sequence[str]) -> int:
        """Remove messages by id."""
        return self._writer.call(lambda store: store.remove(queue, ids))

    def depth(self, queue: str) -> int:
        """Messages on the queue."""
        with self._reading() as store:
            return store.depth(queue)

    def held_up(self) -> dict[str, str]:
        """Nothing: a move is one transaction, and no queue is ever full."""
        return {}

    def queues(self) -> Sequence[str]:
        """Names of all queues in the file, whoever declared them."""
        with self._reading() as store:
            return store.queues()

    @contextmanager
    def _reading(self) -> Iterator[Store]:
        # A connection of its own: looking in works in any thread, and while the writer is stuck.
        if self._writer.state == "waiting":
            raise NotConnected(f"{self._path}: the file is not open (yet)", endpoint=self._path)
        try:
            with closing(Store(self._path, self._settings.busy_timeout, prepare=False)) as store:
                yield store
        except sqlite3.Error as exc:
            raise NotConnected(f"{self._path}: cannot be read: {exc}", endpoint=self._path) from exc
