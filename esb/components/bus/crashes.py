"""Which message a process was working on when it died: so that the one that kills is told from those that were only in hand.

A broker knows that a message came back unsettled; with 250 in hand, 249 of them are innocent. So a message that came back is marked while its route
runs: its digest in a slot of this process's file, which outlives the process (not a power cut, which is nobody's fault). The file is locked as long
as the process lives; whoever meets a suspect next looks for files that nobody locks, and counts what they hold. A message that never came back costs
nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from esb.broker.contract import Delivery

_SIZE: Final = 32
_EMPTY: Final = bytes(_SIZE)
_ALONE: Final = 30.0
"""Seconds that a suspect waits for another to be done."""
_KEPT: Final = 7 * 86400.0
"""Seconds for which a crash counts: who comes back later was mended, or is replayed by hand."""


class CrashMarks:
    """The marks of this process and the counts of all on this host, in one folder. Thread-safe. Nothing is opened until the first mark."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._alone = threading.RLock()
        self._file = -1
        self._free: list[int] = []
        self._slots = itertools.count()

    def begin(self, key: str) -> int:
        """Mark a message as being worked on; returns the mark, for :meth:`end`."""
        with self._lock:
            if self._file < 0:
                self._open()
            slot = self._free.pop() if self._free else next(self._slots)
        os.pwrite(self._file, key.encode(), slot * _SIZE)
        return slot

    def end(self, mark: int) -> None:
        """The route has ended, in whatever way, and the process lives."""
        with self._lock:
            if self._file >= 0:
                os.pwrite(self._file, _EMPTY, mark * _SIZE)
                self._free.append(mark)

    def count(self, key: str) -> int:
        """How often a process died while it worked on the message, as far as it was marked."""
        with self._lock:
            dead = [file for file in self._folder.glob("*.marks") if not _alive(file)]
            counts = self._collect(dead) if dead else self._read()
        return int(counts.get(key, (0, 0.0))[0])

    @contextmanager
    def beside(self, key: str) -> Iterator[None]:
        """Run one suspect at a time: of two that run when the process dies, nobody could say which one it was. Others run as ever."""
        # A suspect that waits for another (a request and its reply) must not wait for ever.
        alone = self.count(key) > 0 and self._alone.acquire(timeout=_ALONE)
        try:
            yield
        finally:
            if alone:
                self._alone.release()

    def forget(self, key: str) -> None:
        """Start anew: the message was put aside, and may be replayed."""
        with self._lock, self._counting():
            counts = self._read()
            if counts.pop(key, None) is not None:
                self._write(counts)

    def close(self) -> None:
        """Nothing is marked any more. Idempotent."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1
                self._free.clear()
                self._slots = itertools.count()
                (self._folder / f"{os.getpid()}.marks").unlink(missing_ok=True)

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{os.getpid()}.marks"
        while True:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            # Somebody may have taken it for a dead process's between the two, and removed it.
            if path.exists() and path.stat().st_ino == os.fstat(self._file).st_ino:
                return
            os.close(self._file)

    def _collect(self, dead: list[Path]) -> dict[str, tuple[int, float]]:
        with self._counting():
            counts = self._read()
            now = time.time()
            for file in dead:
                with suppress(FileNotFoundError):  # another process has just counted it
                    marks = file.read_bytes()
                    for start in range(0, len(marks), _SIZE):
                        mark = marks[start : start + _SIZE]
                        if mark != _EMPTY:
                            key = mark.decode("ascii", "replace")
                            counts[key] = (int(counts.get(key, (0, 0.0))[0]) + 1, now)
            self._write({key: told for key, told in counts.items() if now - told[1] < _KEPT})
            for file in dead:
                file.unlink(missing_ok=True)
        return counts

    def _counting(self) -> _Lock:
        return _Lock(self._folder / "counts.lock")

    def _read(self) -> dict[str, tuple[int, float]]:
        try:
            told = dict(json.loads((self._folder / "counts.json").read_bytes()))
            return {str(key): (int(count), float(at)) for key, (count, at) in told.items()}
        except (OSError, ValueError, TypeError):
            return {}  # not there yet, or not ours: counting begins anew

    def _write(self, counts: dict[str, tuple[int, float]]) -> None:
        made = self._folder / f"counts.json.{os.getpid()}"
        made.write_text(json.dumps(counts))
        made.replace(self._folder / "counts.json")


def key_of(delivery: Delivery) -> str:
    """What a message is known by here: its queue and id; by its body if a foreign sender gave it none."""
    told = hashlib.blake2b(delivery.queue.encode(), digest_size=_SIZE // 2)
    told.update(delivery.id.encode() or delivery.body)
    return told.hexdigest()


class _Lock:
    """One process at a time counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def _alive(file: Path) -> bool:
    """Whether the process whose marks these are lives: it keeps them locked."""
    try:
        handle = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
