"""A transaction on a store's SQLite file, ended in any case."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Exclusive against all other writers, from BEGIN to COMMIT; on disk as ``synchronous`` says. Not thread-safe: hold the connection's lock.

    Raises sqlite3.Error: of the statement or the commit that failed.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite undoes it by itself after some failures, such as a full disk, and to undo it twice is an error. After others it stays open, also when
        # it was the commit that failed: no other could ever begin.
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise
