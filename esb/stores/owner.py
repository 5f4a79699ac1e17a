"""Who holds what in a store's file: a name, and a lock file that lives exactly as long as the process.

The kernel drops the lock with the process however it ends, so what a dead one held is seen as free at once; process ids, which are used again, are
not asked.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from pathlib import Path


class Owner:
    """One open store. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self.name = uuid.uuid4().hex
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self._file = os.open(folder / self.name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def lives(self, name: str) -> bool:
        """Whether the owner of that name still runs."""
        if name == self.name:
            return True
        try:
            file = os.open(self._folder / name, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            (self._folder / name).unlink(missing_ok=True)
            return False
        finally:
            os.close(file)

    def leave(self) -> None:
        """Let go: what is still held counts as free."""
        (self._folder / self.name).unlink(missing_ok=True)
        os.close(self._file)
