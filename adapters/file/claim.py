"""The claim on a file: one reader at a time, over all processes of the host, and none for ever.

The file itself is locked (``flock``): the kernel drops the lock with the process, however it ends, and nothing is left in the folder. A marker file
(``name.camelLock``, as Camel's) is made beside it where Camel's own readers share the folder, or where the file will be renamed before it is read; it
is locked too, so that one whose owner is dead is known as such at once. ``flock`` works between processes of one host and, on Linux, over NFS.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import Final

MARKER: Final = ".camelLock"
_OURS: Final = b"esb\n"
"""How a marker of ours begins."""
_NOT_OURS: Final = frozenset({errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EEXIST, errno.EWOULDBLOCK, errno.ENOTDIR})
"""Gone, a link, a socket, marked by another, locked by another: nothing to tell anybody about."""


class Claim:
    """A claimed file; hold on to it until the file is moved, deleted or given back. Not thread-safe."""

    __slots__ = ("_file", "_marker", "_marker_path", "facts")

    def __init__(self, file: int, facts: os.stat_result) -> None:
        self._file = file
        self._marker = -1
        self._marker_path = ""
        self.facts = facts
        """Of the file as it was when it was claimed."""

    def note(self, path: str) -> None:
        """Write into the marker what a successor must know if this process dies: the name that the file is given meanwhile."""
        os.pwrite(self._marker, _OURS + os.fsencode(path), 0)

    def release(self) -> None:
        """Let others have the file. Idempotent."""
        if self._marker >= 0:
            with contextlib.suppress(OSError):
                Path(self._marker_path).unlink()
            os.close(self._marker)
            self._marker = -1
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def mark(self, path: str, *, older_than: float) -> bool:
        """Make the marker file too; whether nobody else has it.

        One of ours whose owner is dead is taken over. One of Camel's tells nothing of its owner: it is taken over if it is older than the time given.
        """
        marker_path = path + MARKER
        marker = locked(marker_path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        if marker is None:
            marker = locked(marker_path, os.O_RDWR)
            if marker is not None and left_by_us(marker) is None and os.fstat(marker).st_mtime >= older_than:
                os.close(marker)
                return False
        if marker is None:
            return False
        os.ftruncate(marker, 0)
        os.pwrite(marker, _OURS, 0)
        self._marker, self._marker_path = marker, marker_path
        return True

    def written_under_lock(self) -> bool:
        """Whether a program holds the other kind of lock (``lockf``, Java's FileLock) to write to the file."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.lockf(self._file, fcntl.LOCK_UN)
        return False

    def really_at(self, path: str) -> bool:
        """Whether the claimed file stands under this path without any link on the way."""
        return str(Path(f"/proc/self/fd/{self._file}").readlink()) == path


def claim(path: str, *, shared: bool = False) -> Claim | None:
    """Claim a file; None if it is gone, is no regular file, or belongs to another. Raises OSError if it may not be read or locked.

    ``shared``: with others who only look and leave the file where it is.
    """
    file = locked(path, shared=shared)
    if file is None:
        return None
    facts = os.fstat(file)
    if not stat.S_ISREG(facts.st_mode):
        os.close(file)
        return None
    return Claim(file, facts)


def left_by_us(marker: int) -> str | None:
    """The name that a marker of ours notes (see :meth:`Claim.note`), empty if it notes none; None if the marker is Camel's."""
    content = os.pread(marker, len(_OURS) + 4096, 0)
    return os.fsdecode(content.removeprefix(_OURS)) if content.startswith(_OURS) else None


def locked(path: str, flags: int = os.O_RDONLY, *, shared: bool = False) -> int | None:
    """Open and lock a file; None if it is gone or another's. What was opened is still what stands under the path. Raises OSError."""
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not block us
    try:
        file = os.open(path, flags, 0o600)
    except OSError as error:
        if error.errno in _NOT_OURS:
            return None
        raise
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), os.lstat(path)):
            return file
    except OSError as error:
        if error.errno not in _NOT_OURS:
            os.close(file)
            raise
    os.close(file)
    return None
