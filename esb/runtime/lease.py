"""The lease of a project: exclusive sources (timer, cron, file) run in the one worker that holds it."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

_log = logging.getLogger("esb.lease")


class Lease:
    """A lock on a file, which the kernel gives back when its holder dies, however it dies. One a process; thread-safe.

    Calls given to :meth:`when_held` run once the lease is held: at once, or later on the lease's own thread.
    """

    def __init__(self, file: Path, retry: float = 0.5) -> None:
        self._file = file
        self._retry = retry
        self._lock = threading.Lock()
        self._waiting: list[Callable[[], None]] = []
        self._held: int | None = None
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def held(self) -> bool:
        """Whether this process holds it."""
        return self._held is not None

    def when_held(self, start: Callable[[], None], stop: Callable[[], None] | None = None) -> Callable[[], None]:
        """Call ``start`` once the lease is held. Returns a call that forgets it, if it has not run yet.

        ``stop`` is for leases that can be lost (:mod:`esb.runtime.cluster`); this one is held as long as the process lives.
        """
        with self._lock:
            if self._held is None:
                self._waiting.append(start)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._wait, name="lease", daemon=True)
                    self._thread.start()
                return lambda: self._forget(start)
        start()
        return lambda: None

    def _forget(self, start: Callable[[], None]) -> None:
        with self._lock:
            if start in self._waiting:
                self._waiting.remove(start)

    def _wait(self) -> None:
        while not self._closed.is_set():
            if self._try():
                with self._lock:
                    waiting, self._waiting = self._waiting, []
                for start in waiting:
                    try:
                        start()
                    except Exception:
                        _log.exception("an exclusive source did not start")
                return
            self._closed.wait(self._retry)

    def _try(self) -> bool:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        with self._lock:
            if self._closed.is_set():
                os.close(handle)
                return False
            self._held = handle
        _log.info("this worker runs the exclusive sources")
        return True

    def close(self) -> None:
        """Give the lease back. Idempotent."""
        self._closed.set()
        with self._lock:
            if self._held is not None:
                os.close(self._held)
                self._held = None
