"""The tables of the embedded broker and what is done to them. One connection, one thread; the caller brackets transactions.

A message is a row of ``message`` (its state, small, rewritten by leases) and one of ``body`` (written once): a lease then dirties a few pages however
big the bodies are. ``owner`` 0 means free, ``due`` 0 means ready now.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from esb.broker import headers
from esb.broker.contract import Stored
from esb.broker.sqlite_clock import steady_clock
from esb.broker.sqlite_schema import prepare
from esb.errors import NotConnected, Unroutable

LEASE_BYTES = 16 << 20
"""A lease stops growing here, so that a queue of big files does not fill the memory."""

Row = tuple[int, str, bytes, str, str | None, int, int, int, float]
"""seq, id, body, headers, content_type, attempts, returns, redelivered, published_at"""

_COLUMNS = "m.seq, m.id, b.body, m.headers, m.content_type, m.attempts, m.returns, m.redelivered, m.published_at"
_MANY = 64  # rows a statement: every statement costs a change of hands of the interpreter's lock


def connect(path: str, busy_timeout: float) -> sqlite3.Connection:
    """A connection with the settings that the promises rest on."""
    connection = sqlite3.connect(path, timeout=busy_timeout, isolation_level=None, cached_statements=256)
    try:
        [mode] = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise NotConnected(
                f"{path}: SQLite cannot use a write-ahead log here (it chose {mode!r}); put the file on a local disk",
                endpoint=path,
            )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = FAST")  # zeroing deleted pages would double the writes
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute("PRAGMA cache_size = -16000")
    except BaseException:
        connection.close()
        raise
    return connection


class Store:
    """The file, opened; made if it is not there. Raises :class:`NotConnected` or sqlite3's errors.

    ``prepare=False`` for a connection that only reads a file which is there.
    """

    now: Callable[[], float]
    """The clock that ``due`` counts on, not for one that only reads: see :mod:`esb.broker.sqlite_clock`."""

    def __init__(self, path: str, busy_timeout: float = 10.0, *, prepare: bool = True) -> None:
        folder = Path(path).parent
        if not folder.is_dir():
            raise NotConnected(
                f"{path}: the folder {folder} does not exist; create it, or name another file", endpoint=path
            )
        self.path = path
        self.connection = connect(path, busy_timeout)
        self.execute = self.connection.execute
        self._queues: dict[str, int] = {}
        try:
            if prepare:
                self._prepare()
        except BaseException:
            self.connection.close()
            raise

    def _prepare(self) -> None:
        self.begin()
        prepare(self.connection, self.path)
        self.now = steady_clock(self.connection)
        self.commit()

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""
        self.connection.close()

    def begin(self) -> None:
        """Start a transaction that may write, waiting for other processes' to end."""
        self.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit with fsync."""
        self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, if SQLite has not done it already. Queue ids seen in it are forgotten."""
        self._queues.clear()
        if self.connection.in_transaction:
            self.execute("ROLLBACK")

    @property
    def data_version(self) -> int:
        """Changes when another connection has committed. Reads shared memory only."""
        version: int = self.execute("PRAGMA data_version").fetchone()[0]
        return version

    # -- queues and topics ---------------------------------------------------------------------------------------------

    def declare(self, name: str, *, exclusive: bool) -> None:
        """Declare a queue; its exclusiveness may change."""
        self.execute(
            "INSERT INTO queue (name, exclusive) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET exclusive = ?2 WHERE exclusive <> ?2",
            (name, exclusive),
        )

    def declare_topic(self, name: str) -> None:
        """Declare a topic."""
        self.execute("INSERT OR IGNORE INTO topic VALUES (?)", (name,))

    def bind(self, topic: str, subscription: str, queue: str) -> None:
        """Declare a topic's subscription and its queue."""
        self.declare_topic(topic)
        self.declare_missing(queue)
        self.execute("INSERT OR IGNORE INTO binding VALUES (?, ?, ?)", (topic, subscription, queue))

    def declare_missing(self, name: str) -> None:
        """Declare a queue unless it is there; its exclusiveness stays."""
        self.execute("INSERT OR IGNORE INTO queue (name, exclusive) VALUES (?, 0)", (name,))

    def queue_id(self, name: str) -> int:
        """The id of a queue. Raises :class:`Unroutable`."""
        known = self._queues.get(name)
        if known is None:
            row = self.execute("SELECT id FROM queue WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise Unroutable(f"queue {name!r} does not exist; declare it before it is used", endpoint=name)
            known = self._queues[name] = row[0]
        return known

    def receivers(self, topic: str) -> list[int]:
        """Ids of the queues behind a topic. Raises :class:`Unroutable`."""
        bound = self.execute("SELECT queue FROM binding WHERE topic = ?", (topic,)).fetchall()
        if not bound and not self.execute("SELECT 1 FROM topic WHERE name = ?", (topic,)).fetchone():
            raise Unroutable(f"topic {topic!r} does not exist; declare it before it is used", endpoint=topic)
        return [self.queue_id(name) for (name,) in bound]

    def queues(self) -> list[str]:
        """Names of all queues."""
        return [name for (name,) in self.execute("SELECT name FROM queue ORDER BY name")]

    # -- messages ------------------------------------------------------------------------------------------------------

    def insert(self, rows: Sequence[tuple[int, float, int, str, str | None, str, bytes]]) -> None:
        """Append messages: queue, published_at, attempts, id, content_type, headers, body each."""
        seq = self._take_sequence(len(rows))
        states: list[Any] = []
        bodies: list[Any] = []
        for queue, published_at, attempts, key, content_type, text, body in rows:
            states += (seq, queue, attempts, attempts > 0, published_at, key, content_type, text)
            bodies += (seq, body)
            seq += 1
        into = "INSERT INTO message (seq, queue, owner, due, attempts, returns, redelivered, published_at, id, content_type, headers) VALUES "
        self._insert_many(into, "(?, ?, 0, 0, ?, 0, ?, ?, ?, ?, ?)", 8, states)
        self._insert_many("INSERT INTO body VALUES ", "(?, ?)", 2, bodies)

    def _insert_many(self, into: str, one: str, width: int, values: list[Any]) -> None:
        chunk = width * _MANY
        whole = len(values) - len(values) % chunk
        for start in range(0, whole, chunk):
            self.execute(into + ",".join([one] * _MANY), values[start : start + chunk])
        for start in range(whole, len(values), width):
            self.execute(into + one, values[start : start + width])

    def _take_sequence(self, count: int) -> int:
        [[after]] = self.execute("UPDATE sequence SET next = next + ? RETURNING next", (count,)).fetchall()
        first: int = after - count
        return first

    def may_take(self, queue: int, owner: int) -> bool:
        """Whether a message waits that this owner could have. Needs no transaction."""
        found = self.execute(
            "SELECT 1 FROM message m JOIN queue q ON q.id = m.queue WHERE m.queue = ? AND m.owner = 0 AND m.due = 0 "
            "AND (q.exclusive = 0 OR q.active IN (0, ?)) LIMIT 1",
            (queue, owner),
        )
        return found.fetchone() is not None

    def lease(self, queue: int, owner: int, count: int) -> list[Row]:
        """Take the oldest ready messages, at most ``count``."""
        rows: list[Row] = []
        size = 0
        found = self.execute(
            f"SELECT {_COLUMNS} FROM message m CROSS JOIN body b ON b.seq = m.seq "  # noqa: S608 - a constant of ours
            "WHERE m.queue = ? AND m.owner = 0 AND m.due = 0 ORDER BY m.seq LIMIT ?",
            (queue, count),
        )
        for row in found:
            rows.append(row)
            size += len(row[2])
            if size > LEASE_BYTES:
                break
        found.close()
        if rows:
            self.execute(
                "UPDATE message SET owner = ? WHERE queue = ? AND owner = 0 AND due = 0 AND seq <= ?",
                (owner, queue, rows[-1][0]),
            )
        return rows

    def ack(self, owner: int, seqs: Sequence[int]) -> None:
        """Forget messages that this owner still has."""
        for start in range(0, len(seqs), _MANY):
            some = seqs[start : start + _MANY]
            marks = ",".join("?" * len(some))
            self.execute(f"DELETE FROM message WHERE seq IN ({marks}) AND owner = ?", (*some, owner))  # noqa: S608 - marks only

    def retry(self, owner: int, seq: int, due: float, extra: Mapping[str, Any], *, counted: bool = True) -> None:
        """Give a message back, with one more attempt if it is counted, visible from ``due`` (0: now)."""
        text = self._merged(seq, extra)
        self.execute(
            "UPDATE message SET owner = 0, due = ?, attempts = attempts + ?, redelivered = 1, headers = ? WHERE seq = ? AND owner = ?",
            (due, int(counted), text, seq, owner),
        )

    def release(self, owner: int, seq: int) -> None:
        """Give a message back untouched."""
        self.execute("UPDATE message SET owner = 0, redelivered = 1 WHERE seq = ? AND owner = ?", (seq, owner))

    def put_off(self, owner: int, seq: int, due: float) -> None:
        """As :meth:`release`, but visible from ``due`` only: the consumer could not take it just now."""
        self.execute(
            "UPDATE message SET owner = 0, due = ?, redelivered = 1 WHERE seq = ? AND owner = ?",
            (due, seq, owner),
        )

    def move(self, owner: int, seq: int, target: int, extra: Mapping[str, Any]) -> None:
        """Put a message at the end of another queue, as new there."""
        text = self._merged(seq, extra)
        last = self._take_sequence(1)
        moved = self.execute(
            "UPDATE message SET seq = ?, queue = ?, owner = 0, attempts = 0, returns = 0, redelivered = 0, headers = ? WHERE seq = ? AND owner = ?",
            (last, target, text, seq, owner),
        )
        if moved.rowcount:
            self.execute("UPDATE body SET seq = ? WHERE seq = ?", (last, seq))

    def _merged(self, seq: int, extra: Mapping[str, Any]) -> str:
        row = self.execute("SELECT headers FROM message WHERE seq = ?", (seq,)).fetchone()
        stored: str = row[0] if row else ""
        return headers.dumps(headers.loads(stored) | dict(extra)) if extra else stored

    def next_due(self) -> float | None:
        """When the next delayed message becomes ready, on the clock :attr:`now`. Needs no transaction."""
        due: float | None = self.execute("SELECT min(due) FROM message WHERE due > 0").fetchone()[0]
        return due

    def promote(self) -> None:
        """Make delayed messages ready whose time has come."""
        self.execute("UPDATE message SET due = 0 WHERE due > 0 AND due <= ?", (self.now(),))

    # -- exclusive queues ----------------------------------------------------------------------------------------------

    def is_exclusive(self, queue: int) -> bool:
        """Whether the queue has one active consumer at a time."""
        [exclusive] = self.execute("SELECT exclusive FROM queue WHERE id = ?", (queue,)).fetchone()
        return bool(exclusive)

    def activate(self, queue: int, owner: int) -> bool:
        """Make this owner the active consumer if there is none; whether it is it now."""
        taken = self.execute("UPDATE queue SET active = ?1 WHERE id = ?2 AND active IN (0, ?1)", (owner, queue))
        return taken.rowcount > 0

    def deactivate(self, queue: int, owner: int) -> None:
        """Let another owner become the active consumer."""
        self.execute("UPDATE queue SET active = 0 WHERE id = ? AND active = ?", (queue, owner))

    # -- looking in ----------------------------------------------------------------------------------------------------

    def browse(self, queue: str, limit: int, after: str | None) -> Iterator[Stored]:
        """Messages, oldest first."""
        start: int | None = 0
        if after is not None:
            [start] = self.execute(
                "SELECT max(seq) FROM message WHERE queue = ? AND id = ?", (self.queue_id(queue), after)
            ).fetchone()
        if start is not None:
            yield from (stored for _, stored in self.rows(queue, start, limit))

    def rows(self, queue: str, after: int, limit: int, last: int = 2**62) -> Iterator[tuple[int, Stored]]:
        """Messages with their places in the file, oldest first: those behind place ``after``, up to place ``last``."""
        for seq, key, body, text, content_type, attempts, _, _, published_at in self.execute(
            f"SELECT {_COLUMNS} FROM message m CROSS JOIN body b ON b.seq = m.seq "  # noqa: S608 - a constant of ours
            "WHERE m.queue = ? AND m.seq > ? AND m.seq <= ? ORDER BY m.seq LIMIT ?",
            (self.queue_id(queue), after, last, limit),
        ):
            yield seq, Stored(key, body, headers.loads(text), content_type, attempts, published_at)

    def last(self, queue: str) -> int:
        """The place of the newest message of a queue; 0 if there is none."""
        [seq] = self.execute("SELECT max(seq) FROM message WHERE queue = ?", (self.queue_id(queue),)).fetchone()
        return seq or 0

    def remove_rows(self, queue: str, seqs: Sequence[int]) -> int:
        """Remove messages by their places."""
        number = self.queue_id(queue)
        return sum(
            self.execute("DELETE FROM message WHERE seq = ? AND queue = ?", (seq, number)).rowcount for seq in seqs
        )

    def remove(self, queue: str, ids: Sequence[str]) -> int:
        """Remove messages by id."""
        number = self.queue_id(queue)
        return sum(
            self.execute("DELETE FROM message WHERE queue = ? AND id = ?", (number, key)).rowcount for key in set(ids)
        )

    def depth(self, queue: str) -> int:
        """Messages on the queue."""
        count: int = self.execute("SELECT count(*) FROM message WHERE queue = ?", (self.queue_id(queue),)).fetchone()[0]
        return count
