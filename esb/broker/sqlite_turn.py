"""One sweep at a time of the embedded broker's file, of all processes and threads, from the look at a page to its removal.

What a judge sends on is removed only afterwards. Were two sweeps let in at once (two operators, or a click that was repeated), both would see a page
and both send it on. The lock is the folder of the owners, not a file in it: it needs nothing to be written, so that a full disk hinders nobody from
looking, and the kernel drops it with the process.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from esb.errors import NotConnected

_POLL: Final = 0.01
_TURN: Final = 0.5
"""Seconds of pages in a row until others are let in."""

_held = threading.local()  # the locks of this thread: a judge may sweep as well, and must not wait for itself


class Turn:
    """One sweep's turns, for the thread that sweeps."""

    def __init__(self, path: str, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._since = time.monotonic()

    @contextmanager
    def page(self) -> Iterator[None]:
        """Alone with the messages. Raises NotConnected if another sweep has had a page in hand for all of ``patience`` seconds.

        For mere looks too: that a judge removes nothing is known only when it has judged, and what it has sent on by then would be doubled. A look
        waits for one page of another sweep, not for all its pages.
        """
        folder = Path(self._path + "-owners")
        try:
            folder.mkdir(mode=0o700, exist_ok=True)  # the writer has made it, unless somebody has tidied up
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as exc:
            raise NotConnected(
                f"{self._path}: its folder {folder} cannot be opened: {exc}", endpoint=self._path
            ) from exc
        try:
            held: set[tuple[int, int]] = _held.__dict__.setdefault("locks", set())
            status = os.fstat(lock)
            identity = status.st_dev, status.st_ino
            if identity in held:
                yield
                return
            self._wait(lock)
            held.add(identity)
            try:
                yield
            finally:
                held.discard(identity)
                fcntl.flock(lock, fcntl.LOCK_UN)  # a process forked meanwhile has the handle too, and may keep it
        finally:
            os.close(lock)

    def _wait(self, lock: int) -> None:
        pause = threading.Event()
        now = time.monotonic()
        if now - self._since > _TURN:
            pause.wait(2 * _POLL)  # else whoever polls would hardly ever find it free
            self._since = now = time.monotonic()
        deadline = now + self._patience
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise NotConnected(
                        f"{self._path}: another pass over its messages (a replay, an edit, an export, a move) has had some in hand for "
                        f"{self._patience:g} s; let it go on, or end it, and try again",
                        endpoint=self._path,
                    ) from None
                pause.wait(_POLL)
                self._since = time.monotonic()
