"""Repositories in a SQLite file: they survive a crash and are shared by the processes of one host.

Write-ahead log with ``synchronous=FULL``: what is recorded as done, or put into a group, is on the disk when the call returns. Only the mark that
work *started* is not forced there: losing it means the same as never having had it.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from esb.errors import EsbError, NotConnected
from esb.exchange import Exchange, new_id
from esb.stores.codec import decode, encode
from esb.stores.contract import Group, Standing
from esb.stores.owner import Owner
from esb.stores.transaction import transaction

log = logging.getLogger(__name__)

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS seen (scope TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (scope, key)) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS seen_at ON seen (at);
CREATE TABLE IF NOT EXISTS open_group (scope TEXT NOT NULL, key TEXT NOT NULL, exchange TEXT NOT NULL, deadline REAL,
    PRIMARY KEY (scope, key)) STRICT;
CREATE TABLE IF NOT EXISTS outcome (id TEXT PRIMARY KEY, scope TEXT NOT NULL, key TEXT NOT NULL, exchange TEXT NOT NULL, owner TEXT NOT NULL) STRICT;
"""
"""``seen.owner`` is empty for a key that is done; ``outcome.owner`` for one that nobody works on."""

_DONE: Final = ""
_SWEEP_EVERY: Final = 10_000
DAY: Final = 86400.0


class _File:
    """The connection, opened once, used by one thread at a time."""

    def __init__(self, default_name: str, path: str | None, scope: str | None) -> None:
        self.path = path
        self.scope = scope
        self._default_name = default_name
        self.lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self.owner: Owner | None = None
        self.users = 0

    def open(self, folder: Path, scope: str) -> None:
        with self.lock:
            self.users += 1
            if self._connection is not None:
                return
            path = folder / (self.path or self._default_name)
            path.parent.mkdir(parents=True, exist_ok=True)
            self.scope = self.scope or scope
            connection = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_SCHEMA)
            self.owner = Owner(Path(f"{path}-owners"))
            self._connection = connection

    def close(self) -> None:
        with self.lock:
            self.users -= 1
            if self.users > 0 or self._connection is None:
                return
            self._connection.close()
            self._connection = None
            if self.owner is not None:
                self.owner.leave()

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Under the lock."""
        try:
            return self._opened().execute(statement, values)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Under the lock; see :func:`esb.stores.transaction.transaction`."""
        try:
            with transaction(self._opened()):
                yield
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError(
                f"the store {self.path or self._default_name} is not open: it opens when its route starts"
            )
        return self._connection

    def _failed(self, error: sqlite3.Error) -> NotConnected:
        return NotConnected(f"the store {self.path or self._default_name} failed: {error}")


class SqliteIdempotentRepository:
    """Message ids in a file, kept for ``retention`` seconds after they were done (30 days).

    ``path``: the file, below the project's state folder unless absolute. ``scope``: what separates this repository's keys from others in the file;
    the bean's name unless given, and the route and step where it is no bean. Completions of many threads at once go to disk together.
    """

    def __init__(self, path: str | None = None, *, scope: str | None = None, retention: float = 30 * DAY) -> None:
        self.path = path
        self.file_store: str | None = None
        """Another name of ``path``, as Camel's FileIdempotentRepository has it."""
        self.scope = scope
        self.retention = retention
        self.cache_size: int | None = None
        """Accepted for Camel's sake; the file has an index."""
        self.max_file_store_size: int | None = None
        """Accepted for Camel's sake; see ``retention``."""
        self._file: _File | None = None
        self._short = threading.Lock()
        self._waiting: list[list[Any]] = []
        self._pending: list[tuple[str, Callable[[Exception | None], None]]] = []
        self._wake = threading.Condition(self._short)
        self._writer: threading.Thread | None = None
        self._completed = 0

    def open(self, folder: Path, scope: str) -> None:
        with self._short:
            if self._file is None:
                self._file = _File("idempotent.db", self.path or self.file_store, self.scope)
        self._file.open(folder, scope)
        with self._file.lock:
            self._sweep(self._file)

    def close(self) -> None:
        if self._file is None:
            return
        if self._file.users == 1:
            with self._short:
                writer, self._writer = self._writer, None
                self._wake.notify()
            if writer is not None and writer is not threading.current_thread():
                writer.join()
        self._file.close()

    def _opened(self) -> _File:
        if self._file is None:
            raise RuntimeError("the idempotent repository is not open: it opens when its route starts")
        return self._file

    def begin(self, key: str) -> Standing:
        file = self._opened()
        with file.lock:
            standing, owner = self._look(file, key)
            if standing is not Standing.NEW:
                return standing
            file.execute("PRAGMA synchronous = NORMAL")
            try:
                # The condition keeps two processes from both taking what they both saw as new.
                taken = file.execute(
                    "INSERT INTO seen VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET owner = excluded.owner, at = excluded.at"
                    " WHERE owner = ?",
                    (file.scope, key, self._name(file), time.time(), owner),
                ).rowcount
            finally:
                file.execute("PRAGMA synchronous = FULL")
            return Standing.NEW if taken else self._look(file, key)[0]

    def standing(self, key: str) -> Standing:
        file = self._opened()
        with file.lock:
            return self._look(file, key)[0]

    def _look(self, file: _File, key: str) -> tuple[Standing, str | None]:
        row = file.execute("SELECT owner FROM seen WHERE scope = ? AND key = ?", (file.scope, key)).fetchone()
        if row is None:
            # No owner at all: not the empty one, or begin() would take a key that another process began and did in between.
            return Standing.NEW, None
        [owner] = row
        if owner == _DONE:
            return Standing.DONE, owner
        assert file.owner is not None
        return Standing.STARTED if file.owner.lives(owner) else Standing.NEW, owner

    def complete(self, key: str) -> None:
        # Not by way of the writer: it may be the writer that calls, from the callback of another key, or wait for whoever calls.
        file = self._opened()
        mine: list[Any] = [key, None]
        with self._short:
            self._waiting.append(mine)
        with file.lock:
            # Whoever comes first writes what all that wait here have to write: one flush of the disk for many.
            with self._short:
                batch, self._waiting = self._waiting, []
            if batch:
                error = self._written(file, [key for key, _ in batch])
                for entry in batch:
                    entry[1] = error
        if mine[1] is not None:
            raise mine[1]

    def complete_later(self, key: str, done: Callable[[Exception | None], None]) -> None:
        self._opened()
        with self._short:
            self._pending.append((key, done))
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_on, name="idempotent-writer", daemon=True)
                self._writer.start()
            self._wake.notify()

    def _write_on(self) -> None:
        """What came while the disk was busy goes to it together: one flush for many."""
        file = self._opened()
        while True:
            with self._short:
                while not self._pending and self._writer is threading.current_thread() and file.users > 0:
                    self._wake.wait()
                batch, self._pending = self._pending, []
                if not batch:
                    if self._writer is threading.current_thread():
                        self._writer = None
                    return
            with file.lock:
                error = self._written(file, [key for key, _ in batch])
            for key, done in batch:
                try:
                    done(error)
                except Exception:
                    log.exception("whoever waited for the key %r failed", key)

    def _written(self, file: _File, keys: list[str]) -> EsbError | None:
        """Write keys as done, under the lock; the failure of all of them, if they could not be."""
        now = time.time()
        try:
            with file.transaction():
                for key in keys:
                    file.execute(
                        "INSERT INTO seen VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET owner = excluded.owner, at = excluded.at",
                        (file.scope, key, _DONE, now),
                    )
            self._completed += len(keys)
            if self._completed >= _SWEEP_EVERY:
                self._sweep(file)
        except EsbError as error:
            return error
        except RuntimeError as error:  # closed meanwhile
            return NotConnected(str(error))
        return None

    def _sweep(self, file: _File) -> None:
        self._completed = 0
        file.execute("DELETE FROM seen WHERE owner = ? AND at < ?", (_DONE, time.time() - self.retention))

    def abandon(self, key: str) -> None:
        file = self._opened()
        with file.lock:
            file.execute("DELETE FROM seen WHERE scope = ? AND key = ?", (file.scope, key))

    def clear(self) -> None:
        file = self._opened()
        with file.lock:
            file.execute("DELETE FROM seen WHERE scope = ?", (file.scope,))

    @staticmethod
    def _name(file: _File) -> str:
        assert file.owner is not None
        return file.owner.name


class SqliteAggregationRepository:
    """Groups in a file. Each message of a group is on disk before its delivery is acknowledged; a group costs a rewrite of its exchange a message.

    ``path`` and ``scope`` as for :class:`SqliteIdempotentRepository`. What a process had under way when it died is recovered at the next start.
    """

    durable = True

    def __init__(self, path: str | None = None, *, scope: str | None = None) -> None:
        self.path = path
        self.scope = scope
        self._file: _File | None = None
        self._depth = 0

    def open(self, folder: Path, scope: str) -> None:
        if self._file is None:
            self._file = _File("aggregation.db", self.path, self.scope)
        self._file.open(folder, scope)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _opened(self) -> _File:
        if self._file is None:
            raise RuntimeError("the aggregation repository is not open: it opens when its route starts")
        return self._file

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        file = self._opened()
        with file.lock:
            if self._depth:
                yield
                return
            self._depth = 1
            try:
                with file.transaction():
                    yield
            finally:
                self._depth = 0

    def get(self, key: str) -> Group | None:
        file = self._opened()
        row = file.execute(
            "SELECT exchange, deadline FROM open_group WHERE scope = ? AND key = ?", (file.scope, key)
        ).fetchone()
        return Group(decode(row[0]), row[1]) if row else None

    def put(self, key: str, group: Group) -> None:
        file = self._opened()
        file.execute(
            "INSERT INTO open_group VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET exchange = excluded.exchange, deadline = excluded.deadline",
            (file.scope, key, encode(group.exchange), group.deadline),
        )

    def complete(self, key: str, group: Group) -> str:
        file = self._opened()
        assert file.owner is not None
        outcome = new_id()
        file.execute("DELETE FROM open_group WHERE scope = ? AND key = ?", (file.scope, key))
        file.execute(
            "INSERT INTO outcome VALUES (?, ?, ?, ?, ?)",
            (outcome, file.scope, key, encode(group.exchange), file.owner.name),
        )
        return outcome

    def confirm(self, outcome: str) -> None:
        file = self._opened()
        with file.lock:
            file.execute("DELETE FROM outcome WHERE id = ?", (outcome,))

    def release(self, outcome: str) -> None:
        file = self._opened()
        with file.lock:
            file.execute("UPDATE outcome SET owner = '' WHERE id = ?", (outcome,))

    def open_keys(self) -> list[str]:
        file = self._opened()
        with file.lock:
            return [key for (key,) in file.execute("SELECT key FROM open_group WHERE scope = ?", (file.scope,))]

    def recover(self) -> list[tuple[str, str, Exchange]]:
        file = self._opened()
        with self.lock():
            assert file.owner is not None
            rows = file.execute(
                "SELECT id, key, exchange, owner FROM outcome WHERE scope = ? AND owner <> ?",
                (file.scope, file.owner.name),
            ).fetchall()
            dead = [row for row in rows if not row[3] or not file.owner.lives(row[3])]
            for outcome, *_ in dead:
                file.execute("UPDATE outcome SET owner = ? WHERE id = ?", (file.owner.name, outcome))
            return [(outcome, key, decode(exchange)) for outcome, key, exchange, _ in dead]
