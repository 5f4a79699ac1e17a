"""A small table that survives: what the partner systems of the reference deployment keep their records in."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class Table:
    """Records (plain data) by key, with a version that grows with each change. Thread-safe; one file, committed with fsync.

    ``effects`` counts how often a key was written: a repeated message with one effect leaves it at one.
    """

    def __init__(self, path: str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS record (key TEXT PRIMARY KEY, version INTEGER NOT NULL, effects INTEGER NOT NULL, value TEXT NOT NULL)"
        )
        self._connection.execute("CREATE INDEX IF NOT EXISTS by_version ON record (version)")

    def put(self, key: str, value: Any) -> dict[str, Any]:
        """Write a record; returns it."""
        self.put_all([(key, value)])
        found: dict[str, Any] = value if isinstance(value, dict) else {"value": value}
        return found

    def put_all(self, records: Iterable[tuple[str, Any]]) -> int:
        """Write many records in one transaction; returns how many."""
        rows = [(str(key), json.dumps(value, default=str)) for key, value in records]
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            version = self._connection.execute("SELECT COALESCE(MAX(version), 0) FROM record").fetchone()[0]
            for number, (key, text) in enumerate(rows, start=1):
                self._connection.execute(
                    "INSERT INTO record VALUES (?, ?, 1, ?) ON CONFLICT (key) DO UPDATE "
                    "SET version = excluded.version, effects = effects + 1, value = excluded.value",
                    (key, version + number, text),
                )
            self._connection.execute("COMMIT")
        return len(rows)

    def add_once(self, key: str, value: Any) -> dict[str, Any]:
        """Write a record unless the key is there; returns what is there then."""
        with self._lock:
            self._connection.execute(
                "INSERT INTO record SELECT ?, COALESCE(MAX(version), 0) + 1, 1, ? FROM record WHERE true ON CONFLICT (key) DO NOTHING",
                (str(key), json.dumps(value, default=str)),
            )
        found = self.get(key)
        assert isinstance(found, dict)
        return found

    def get(self, key: str) -> Any | None:
        """A record, or None."""
        with self._lock:
            row = self._connection.execute("SELECT value FROM record WHERE key = ?", (str(key),)).fetchone()
        return json.loads(row[0]) if row else None

    def all(self) -> list[dict[str, Any]]:
        """All records, oldest change first, each with its key, version and effects."""
        return self.since(0)

    def since(self, version: Any) -> list[dict[str, Any]]:
        """Records changed after a version."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT key, version, effects, value FROM record WHERE version > ? ORDER BY version",
                (int(version or 0),),
            ).fetchall()
        return [
            {"key": key, "version": number, "effects": effects, "value": json.loads(value)}
            for key, number, effects, value in rows
        ]

    def count(self) -> dict[str, int]:
        """How many records there are, and how many effects they had."""
        with self._lock:
            records, effects = self._connection.execute(
                "SELECT COUNT(*), COALESCE(SUM(effects), 0) FROM record"
            ).fetchone()
        return {"records": records, "effects": effects}

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Tables:
    """Several tables in one folder, by names that are fixed here: a name from a request must not choose a file."""

    def __init__(self, folder: str, names: str) -> None:
        self._tables = {name: Table(f"{folder}/{name}.db") for name in names.split()}

    def put(self, table: str, key: str, value: Any) -> dict[str, Any]:
        """See :meth:`Table.put`."""
        return self._tables[table].put(key, value)

    def put_all(self, table: str, records: Iterable[tuple[str, Any]]) -> int:
        """See :meth:`Table.put_all`."""
        return self._tables[table].put_all(records)

    def add_once(self, table: str, key: str, value: Any) -> dict[str, Any]:
        """See :meth:`Table.add_once`."""
        return self._tables[table].add_once(key, value)

    def get(self, table: str, key: str) -> Any | None:
        """See :meth:`Table.get`."""
        return self._tables[table].get(key)

    def all(self, table: str) -> list[dict[str, Any]]:
        """See :meth:`Table.all`; an unknown table is empty."""
        return self._tables[table].all() if table in self._tables else []

    def count(self, table: str) -> dict[str, int]:
        """See :meth:`Table.count`."""
        return self._tables[table].count() if table in self._tables else {"records": 0, "effects": 0}

    def close(self) -> None:
        """Close the files."""
        for table in self._tables.values():
            table.close()
