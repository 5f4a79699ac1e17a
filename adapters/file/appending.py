"""Appending to files: whole messages, one after the other, with one fsync for all that came meanwhile."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import struct
import threading
from collections.abc import Callable, Iterable

from adapters.file.errors import NotStored, shown
from adapters.file.writing import write_all
from esb.unit import UnitOfWork

log = logging.getLogger("esb.file")

_OPEN_FILES = 64
_IDLE = 5.0
_CROWD = 16
_GATHER = 0.02
"""Seconds that the next fsync waits for company where the last one served a crowd: rows of a file then take a quarter less CPU and half the time."""
_WHOLE_FILE = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
_NOTHING = struct.pack("hhqqi", fcntl.F_UNLCK, os.SEEK_SET, 0, 0, 0)
"""The kernel's ``struct flock``."""

Outcome = Callable[[BaseException | None], None]


class _Appended:
    """An open file, and who waits until it is on disk."""

    __slots__ = ("broken", "created", "folder", "handle", "identity", "lock", "path", "units", "waiting")

    def __init__(self, path: str, handle: int, folder: int, *, created: bool) -> None:
        self.path = path
        self.handle = handle
        self.folder = folder
        self.created = created
        self.broken: NotStored | None = None
        """The failure of an fsync: nothing that was written before may be believed to be on disk."""
        facts = os.fstat(handle)
        self.identity = facts.st_dev, facts.st_ino
        self.lock = threading.Lock()
        self.units: dict[UnitOfWork, None] = {}
        self.waiting: list[Outcome] = []

    def current(self) -> bool:
        """Whether the path still means this file: somebody may have taken it away or put another there."""
        try:
            facts = os.lstat(self.path)
        except OSError:
            return False
        return not self.broken and (facts.st_dev, facts.st_ino) == self.identity

    def write(self, pieces: Iterable[bytes]) -> None:
        """All pieces or nothing, kept apart from what other processes append."""
        # Not flock: that is a reader's claim, and a route may well append to the very file it is reading.
        fcntl.fcntl(self.handle, fcntl.F_OFD_SETLKW, _WHOLE_FILE)
        try:
            before = os.lseek(self.handle, 0, os.SEEK_END)
            try:
                for piece in pieces:
                    write_all(self.handle, piece)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.ftruncate(self.handle, before)
                raise
        finally:
            fcntl.fcntl(self.handle, fcntl.F_OFD_SETLK, _NOTHING)

    def close(self) -> None:
        os.close(self.handle)
        os.close(self.folder)


class _Waiting:
    """A sender without a unit of work, who waits for the disk himself."""

    def __init__(self) -> None:
        self._known = threading.Event()
        self._error: BaseException | None = None

    def told(self, error: BaseException | None) -> None:
        self._error = error
        self._known.set()

    def wait(self) -> None:
        self._known.wait()
        if self._error is not None:
            raise self._error


class Appender:
    """Appends for all endpoints of a process. Thread-safe.

    A message's unit of work is held until the fsync that covers its line: the source is told "done" only then, yet the route goes on at once. Lines
    that are appended while one fsync runs share the next one. A failed fsync is not tried again, since the kernel may have dropped the data: every
    unit that waited fails, and the file is opened anew.
    """

    def __init__(self) -> None:
        self._files: dict[str, _Appended] = {}
        self._dirty: dict[_Appended, None] = {}
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._closing = False
        self._appended = 0
        """Appends since the last fsync."""

    def append(
        self,
        path: str,
        open_folder: Callable[[], int],
        pieces: Iterable[bytes],
        unit: UnitOfWork | None,
        *,
        force: bool = True,
        mode: int | None = None,
    ) -> None:
        """Append to the file. Where ``force`` is asked for and there is no unit that could be held, waits for the disk. Raises NotStored.

        ``open_folder`` gives a handle of the file's folder, which is ours to close.
        """
        waiting: _Waiting | None = None
        file = self._file(path, open_folder, mode)
        try:
            try:
                file.write(pieces)
            except NotStored:
                raise
            except OSError as error:
                raise NotStored(f"cannot append to {shown(path)}: {error.strerror or error}") from error
            if force:
                if unit is None or not unit.delivery.open:  # a step that runs when the unit has settled
                    waiting = _Waiting()
                    file.waiting.append(waiting.told)
                else:
                    held = unit.hold_delivery()
                    if held in file.units:
                        held.release()  # one hold for all that the delivery appends until the next time on the disk
                    else:
                        file.units[held] = None
        finally:
            file.lock.release()
        if force:
            self._wake(file)
        if waiting is not None:
            if threading.current_thread() is self._thread:  # called by a unit that this very thread released
                self._sync(file)
            waiting.wait()

    def _file(self, path: str, open_folder: Callable[[], int], mode: int | None) -> _Appended:
        """The open file of a path, locked."""
        while True:
            with self._lock:
                file = self._files.get(path)
            if file is None:
                file = self._opened(path, open_folder, mode)
            file.lock.acquire()
            if self._files.get(path) is file and file.current():
                return file
            file.lock.release()
            self._drop(file)

    def _opened(self, path: str, open_folder: Callable[[], int], mode: int | None) -> _Appended:
        folder = open_folder()
        name = path.rpartition("/")[2]
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            try:
                handle, created = os.open(name, flags, dir_fd=folder), False
            except FileNotFoundError:
                handle, created = os.open(name, flags | os.O_CREAT, 0o666, dir_fd=folder), True
                if mode is not None:
                    os.fchmod(handle, mode)
        except OSError as error:
            os.close(folder)
            raise NotStored(f"cannot append to {shown(path)}: {error.strerror or error}") from error
        file = _Appended(path, handle, folder, created=created)
        with self._lock:
            known = self._files.setdefault(path, file)
            crowd = len(self._files) > _OPEN_FILES
        if known is not file:
            file.close()
        elif crowd:
            self._close_clean(but=file)
        return known

    def _drop(self, file: _Appended) -> None:
        """Forget an open file; who waits for it gets its fsync first."""
        with file.lock:
            with self._lock:
                if self._files.get(file.path) is not file:
                    return
                del self._files[file.path]
                self._dirty.pop(file, None)
            told = self._synced(file)
            file.close()
        _tell(*told)

    def _close_clean(self, but: _Appended) -> None:
        with self._lock:
            others = [file for file in self._files.values() if file is not but]
        for file in others[: len(others) - _OPEN_FILES // 2]:
            self._drop(file)

    # -- the thread that syncs -------------------------------------------------------------------------------------------

    def _wake(self, file: _Appended) -> None:
        with self._work:
            if self._files.get(file.path) is not file:
                return  # dropped meanwhile, and synced with it
            waits = not self._dirty
            self._dirty[file] = None
            self._appended += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="file-sync", daemon=True)
                self._thread.start()
            if waits:
                self._work.notify()

    def _run(self) -> None:
        while True:
            with self._work:
                if not self._work.wait_for(lambda: self._dirty or self._closing, _IDLE) or not self._dirty:
                    self._thread = None
                    idle = list(self._files.values())
                    break
                dirty, self._dirty = list(self._dirty), {}
                crowd, self._appended = self._appended >= _CROWD, 0
            for file in dirty:
                self._sync(file)
            if crowd:
                with self._work:
                    self._work.wait_for(lambda: self._closing, _GATHER)
        for file in idle:
            self._drop(file)

    def _sync(self, file: _Appended) -> None:
        """One fsync for all who wait now; who appends meanwhile waits for the next."""
        with file.lock:
            with self._lock:
                if self._files.get(file.path) is not file:
                    return
            units, waiting = file.units, file.waiting
            file.units, file.waiting = {}, []
            handle, folder = os.dup(file.handle), os.dup(file.folder) if file.created else -1
            file.created = False
        error: BaseException | None = None
        try:
            os.fsync(handle)
            if folder >= 0:
                os.fsync(folder)
        except OSError as failure:
            error = file.broken = _not_on_disk(file.path, failure)
            self._drop(file)
        finally:
            os.close(handle)
            if folder >= 0:
                os.close(folder)
        _tell(units, waiting, error)

    @staticmethod
    def _synced(file: _Appended) -> tuple[dict[UnitOfWork, None], list[Outcome], BaseException | None]:
        """Sync under the file's lock, for a file that is about to be closed."""
        units, waiting = file.units, file.waiting
        file.units, file.waiting = {}, []
        error: BaseException | None = file.broken
        if (units or waiting) and error is None:
            try:
                os.fsync(file.handle)
                if file.created:
                    os.fsync(file.folder)
            except OSError as failure:
                error = _not_on_disk(file.path, failure)
        return units, waiting, error

    def close(self) -> None:
        """Sync and close everything. Idempotent."""
        with self._work:
            self._closing = True
            self._work.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(30.0)
        with self._lock:
            self._closing = False
            left = list(self._files.values())
        for file in left:
            self._drop(file)


def _not_on_disk(path: str, failure: OSError) -> NotStored:
    log.error("%s: what was appended is not on disk: %s", shown(path), failure)
    return NotStored(f"what was appended to {shown(path)} is not on disk: {failure.strerror or failure}")


def _tell(units: dict[UnitOfWork, None], waiting: list[Outcome], error: BaseException | None) -> None:
    for unit in units:
        unit.release(error)
    for outcome in waiting:
        outcome(error)
