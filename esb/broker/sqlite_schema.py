"""The embedded broker's tables, their version, and how a file of an older version is brought up to date.

The version stands in the file's header (``user_version``). A file is changed in one transaction, by the first process that opens it: it is either as
it was or as it must be. A newer file is refused: what its tables mean is not known here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from esb import __version__
from esb.errors import NotConnected

VERSION: Final = 2
APPLICATION_ID: Final = 0x45534251  # "ESBQ": tells our files from other SQLite files

_SCHEMA: Final = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE queue (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, exclusive INTEGER NOT NULL, active INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE topic (name TEXT PRIMARY KEY) STRICT;
CREATE TABLE binding (topic TEXT NOT NULL, subscription TEXT NOT NULL, queue TEXT NOT NULL, PRIMARY KEY (topic, subscription)) STRICT;
CREATE TABLE owner (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, pid INTEGER NOT NULL, expires REAL NOT NULL) STRICT;
CREATE TABLE sequence (next INTEGER NOT NULL) STRICT;
INSERT INTO sequence VALUES (1);
CREATE TABLE message (
    seq INTEGER PRIMARY KEY, queue INTEGER NOT NULL, owner INTEGER NOT NULL, due REAL NOT NULL, attempts INTEGER NOT NULL, returns INTEGER NOT NULL,
    redelivered INTEGER NOT NULL,
    published_at REAL NOT NULL, id TEXT NOT NULL, content_type TEXT, headers TEXT NOT NULL) STRICT;
CREATE INDEX message_state ON message (queue, owner, due, seq);
CREATE INDEX message_due ON message (due) WHERE due > 0;
CREATE TABLE body (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TRIGGER message_gone AFTER DELETE ON message BEGIN DELETE FROM body WHERE seq = OLD.seq; END;
"""

_CHANGES: Final[dict[int, str]] = {
    2: "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;",
}
"""What makes a file of the version before into one of this version."""


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Make the tables, or bring them up to date. Within a transaction of the caller. Raises NotConnected for a file that is not, or not yet, ours."""
    execute = connection.execute
    [version] = execute("PRAGMA user_version").fetchone()
    [application] = execute("PRAGMA application_id").fetchone()
    [tables] = execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (version or application or tables):
        raise NotConnected(
            f"{path}: the file is another program's SQLite file, not a broker's; name another file", endpoint=path
        )
    if version > VERSION:
        maker = execute("SELECT value FROM about WHERE name = 'esb'").fetchone()
        raise NotConnected(
            f"{path}: the file has format {version}, of esb {maker[0] if maker else 'of unknown version'}; this is esb {__version__}, which "
            f"knows formats up to {VERSION}. Upgrade esb, or move the messages with the esb that made it ('esb bus move')",
            endpoint=path,
        )
    if version == VERSION:
        return
    for script in [_SCHEMA] if not version else [_CHANGES[number] for number in range(version + 1, VERSION + 1)]:
        for statement in _statements(script):
            execute(statement)
    execute("INSERT OR REPLACE INTO about VALUES ('esb', ?)", (__version__,))
    execute(f"PRAGMA application_id = {APPLICATION_ID}")
    execute(f"PRAGMA user_version = {VERSION}")


def _statements(script: str) -> Iterator[str]:
    # Not executescript: it commits first, and two processes may make the file at the same time.
    statement = ""
    for line in script.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
