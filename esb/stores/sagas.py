"""What is known of sagas: in memory, or in a SQLite file that survives a crash and is shared by the processes of one host."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from esb.errors import NotConnected
from esb.exchange import Exchange
from esb.stores.codec import decode, encode
from esb.stores.contract import Enlisted, SagaStatus, Unfinished
from esb.stores.owner import Owner
from esb.stores.transaction import transaction

_ENDED: Final = {True: SagaStatus.COMPLETING, False: SagaStatus.COMPENSATING}


class MemorySagaLog:
    """Sagas in a dict: they end with the process, undone by nobody. Thread-safe."""

    durable = False

    def __init__(self) -> None:
        self._sagas: dict[str, tuple[SagaStatus, list[Enlisted]]] = {}
        self._lock = threading.Lock()

    def begin(self, *, automatic: bool) -> str:
        del automatic
        saga = uuid.uuid4().hex
        with self._lock:
            self._sagas[saga] = (SagaStatus.RUNNING, [])
        return saga

    def status(self, saga: str) -> SagaStatus | None:
        known = self._sagas.get(saga)
        return known[0] if known else None

    def enlist(self, saga: str, step: str, options: Mapping[str, Any], deadline: float | None) -> bool:
        del deadline
        with self._lock:
            status, steps = self._sagas[saga]
            if status is not SagaStatus.RUNNING:
                return False
            steps.append(Enlisted(len(steps), step, dict(options)))
            return True

    def end(self, saga: str, *, completing: bool) -> list[Enlisted] | None:
        with self._lock:
            status, steps = self._sagas[saga]
            if status is not SagaStatus.RUNNING:
                return None
            self._sagas[saga] = (_ENDED[completing], steps)
            return list(steps)

    def left(self, saga: str) -> list[Enlisted]:
        with self._lock:
            return list(self._sagas[saga][1])

    def acted(self, saga: str, number: int) -> None:
        with self._lock:
            steps = self._sagas[saga][1]
            steps[:] = [step for step in steps if step.number != number]

    def finish(self, saga: str, *, failed: bool) -> None:
        del failed  # nobody could try again
        with self._lock:
            self._sagas.pop(saga, None)

    def recover(self) -> list[Unfinished]:
        return []

    def open(self, folder: Path) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""


_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS saga (id TEXT PRIMARY KEY, status TEXT NOT NULL, completing INTEGER NOT NULL, automatic INTEGER NOT NULL,
    owner TEXT NOT NULL, deadline REAL) STRICT;
CREATE TABLE IF NOT EXISTS saga_step (saga TEXT NOT NULL REFERENCES saga, number INTEGER NOT NULL, step TEXT NOT NULL, options TEXT NOT NULL,
    acted INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (saga, number)) WITHOUT ROWID, STRICT;
"""


class SqliteSagaLog:
    """Sagas in a file: write-ahead log, ``synchronous=FULL``. Thread-safe, and safe between processes of one host.

    ``path`` is the file, below the project's state folder unless absolute. Raises NotConnected where the file fails.
    """

    durable = True

    def __init__(self, path: str = "saga.db") -> None:
        self.path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._owner: Owner | None = None

    def open(self, folder: Path) -> None:
        """Make ready. Idempotent."""
        with self._lock:
            if self._connection is not None:
                return
            path = folder / self.path
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_SCHEMA)
            self._owner = Owner(Path(f"{path}-owners"))
            self._connection = connection

    def close(self) -> None:
        """Let go of the file: what is not finished is the next process's. Idempotent."""
        with self._lock:
            if self._connection is None or self._owner is None:
                return
            self._connection.close()
            self._connection = None
            self._owner.leave()
            self._owner = None

    def begin(self, *, automatic: bool) -> str:
        saga = uuid.uuid4().hex
        with self._transaction() as file:
            file.execute(
                "INSERT INTO saga VALUES (?, ?, 0, ?, ?, NULL)", (saga, SagaStatus.RUNNING.value, automatic, self._name)
            )
        return saga

    def status(self, saga: str) -> SagaStatus | None:
        with self._transaction() as file:
            return self._status(file, saga)

    def enlist(self, saga: str, step: str, options: Mapping[str, Any], deadline: float | None) -> bool:
        written = encode(Exchange(None, options))
        with self._transaction() as file:
            status = self._status(file, saga)
            if status is None:
                raise KeyError(saga)
            if status is not SagaStatus.RUNNING:
                return False
            [number] = file.execute("SELECT count(*) FROM saga_step WHERE saga = ?", (saga,)).fetchone()
            file.execute("INSERT INTO saga_step VALUES (?, ?, ?, ?, 0)", (saga, number, step, written))
            if deadline is not None:
                file.execute(
                    "UPDATE saga SET deadline = min(coalesce(deadline, ?1), ?1) WHERE id = ?2", (deadline, saga)
                )
            return True

    def end(self, saga: str, *, completing: bool) -> list[Enlisted] | None:
        with self._transaction() as file:
            status = self._status(file, saga)
            if status is None:
                raise KeyError(saga)
            if status is not SagaStatus.RUNNING:
                return None
            file.execute(
                "UPDATE saga SET status = ?, completing = ?, owner = ? WHERE id = ?",
                (_ENDED[completing].value, completing, self._name, saga),
            )
            return self._left(file, saga)

    def left(self, saga: str) -> list[Enlisted]:
        with self._transaction() as file:
            return self._left(file, saga)

    def acted(self, saga: str, number: int) -> None:
        with self._transaction() as file:
            file.execute("UPDATE saga_step SET acted = 1 WHERE saga = ? AND number = ?", (saga, number))

    def finish(self, saga: str, *, failed: bool) -> None:
        with self._transaction() as file:
            if failed:
                file.execute("UPDATE saga SET status = ?, owner = '' WHERE id = ?", (SagaStatus.FAILED.value, saga))
            else:
                file.execute("DELETE FROM saga_step WHERE saga = ?", (saga,))
                file.execute("DELETE FROM saga WHERE id = ?", (saga,))

    def recover(self) -> list[Unfinished]:
        with self._transaction() as file:
            rows = file.execute(
                "SELECT id, status, completing, automatic, deadline, owner FROM saga WHERE owner <> ?", (self._name,)
            ).fetchall()
            assert self._owner is not None
            free = [row for row in rows if not row[5] or not self._owner.lives(row[5])]
            for saga, *_ in free:
                file.execute("UPDATE saga SET owner = ? WHERE id = ?", (self._name, saga))
        return [
            Unfinished(saga, SagaStatus(status), bool(completing), bool(automatic), deadline)
            for saga, status, completing, automatic, deadline, _ in free
        ]

    @property
    def _name(self) -> str:
        if self._owner is None:
            raise RuntimeError(f"the saga log {self.path} is not open: it opens when its route starts")
        return self._owner.name

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._connection
            if connection is None:
                raise RuntimeError(f"the saga log {self.path} is not open: it opens when its route starts")
            try:
                with transaction(connection):
                    yield connection
            except sqlite3.Error as error:
                raise NotConnected(f"the saga log {self.path} failed: {error}") from error

    @staticmethod
    def _status(file: sqlite3.Connection, saga: str) -> SagaStatus | None:
        row = file.execute("SELECT status FROM saga WHERE id = ?", (saga,)).fetchone()
        return SagaStatus(row[0]) if row else None

    @staticmethod
    def _left(file: sqlite3.Connection, saga: str) -> list[Enlisted]:
        rows = file.execute(
            "SELECT number, step, options FROM saga_step WHERE saga = ? AND NOT acted ORDER BY number", (saga,)
        )
        return [Enlisted(number, step, dict(decode(options).message.headers)) for number, step, options in rows]
