"""Who holds leases in the embedded broker's file, and what becomes of the leases of the dead.

Every open broker is an owner: a row, and a lock file that it keeps locked (``flock``). The kernel drops the lock with the process, however it ends,
so a dead owner's messages are free again within a second. An owner that lives but has not renewed its row (a stopped process, a stuck disk) loses its
leases when the row expires. Expiry counts on the monotonic clock, which all processes of a host share: setting the time changes nothing.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
import uuid
from pathlib import Path

from esb.broker.sqlite_store import Store

log = logging.getLogger(__name__)


class Owner:
    """This broker's own row and lock. Used by the writer's thread only."""

    def __init__(self, path: str, lease: float) -> None:
        self._folder = Path(path + "-owners")
        self._lease = lease
        self._name = uuid.uuid4().hex
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._lock = os.open(self._folder / self._name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.id = 0

    def renew(self, store: Store) -> bool:
        """Keep the leases for another term; False if they were taken away meanwhile and this owner has a new id."""
        expires = time.monotonic() + self._lease
        if store.execute("UPDATE owner SET expires = ? WHERE id = ?", (expires, self.id)).rowcount:
            return True
        row = store.execute(
            "INSERT INTO owner (name, pid, expires) VALUES (?, ?, ?) RETURNING id", (self._name, os.getpid(), expires)
        ).fetchall()
        self.id = row[0][0]
        return False

    def registered(self, store: Store) -> bool:
        """Whether the row is still there. Nothing may be leased under an id without a row: nobody would ever free it."""
        return store.execute("SELECT 1 FROM owner WHERE id = ?", (self.id,)).fetchone() is not None

    def find_dead(self, store: Store) -> list[int]:
        """Ids of owners that ended without leaving, or have expired. Needs no transaction."""
        now = time.monotonic()
        others = store.execute("SELECT id, name, expires FROM owner WHERE id <> ?", (self.id,)).fetchall()
        return [number for number, name, expires in others if expires < now or _is_unlocked(self._folder / name)]

    def bury(self, store: Store, number: int) -> None:
        """Free what another owner held. In a transaction."""
        freed = store.execute(
            "UPDATE message SET owner = 0, returns = returns + 1, redelivered = 1 WHERE owner = ?", (number,)
        ).rowcount
        store.execute("UPDATE queue SET active = 0 WHERE active = ?", (number,))
        gone = store.execute("DELETE FROM owner WHERE id = ? RETURNING name, pid", (number,)).fetchall()
        for name, pid in gone:
            log.warning("process %d ended or stalled with %d messages in hand; they are delivered again", pid, freed)
            if _is_unlocked(self._folder / name):  # a stalled owner goes on with its lock when it wakes, under a new id
                (self._folder / name).unlink(missing_ok=True)

    def leave(self, store: Store) -> None:
        """Free what is still held and forget this owner. In a transaction."""
        store.execute("UPDATE message SET owner = 0, redelivered = 1 WHERE owner = ?", (self.id,))
        store.execute("UPDATE queue SET active = 0 WHERE active = ?", (self.id,))
        store.execute("DELETE FROM owner WHERE id = ?", (self.id,))

    def unlock(self) -> None:
        """Let go of the lock file."""
        (self._folder / self._name).unlink(missing_ok=True)
        os.close(self._lock)


def is_open(path: str) -> bool:
    """Whether a living process has the broker's file open, whoever it is."""
    return not all(_is_unlocked(file) for file in Path(path + "-owners").glob("*"))


def _is_unlocked(file: Path) -> bool:
    try:
        lock = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)
