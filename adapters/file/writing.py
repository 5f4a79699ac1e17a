"""Writing a file so that nobody ever sees half of it: a temporary name, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.file.claim import locked
from adapters.file.errors import NotStored, shown
from adapters.file.moving import NO_LINKS
from adapters.file.place import exists
from esb.exchange import new_id

_TEMPORARY: Final = ".esb-tmp"
_YOUNG: Final = 60.0
_PLAIN: Final = os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Writing:
    """How files are written."""

    force: bool = True
    mode: int | None = None
    checksum: str | None = None

    def write(
        self,
        folder: int,
        name: str,
        pieces: Iterable[bytes],
        *,
        temporary: str = "",
        fresh: bool = False,
        modified: int | None = None,
    ) -> bool:
        """Write a file into the open folder and return whether that was done: with ``fresh`` it is not if the name is taken.

        ``modified``: the file's time in milliseconds. Raises NotStored; then neither the name nor the temporary file is there.
        """
        temporary = temporary or _hidden(name)
        digest = hashlib.new(self.checksum) if self.checksum else None
        try:
            handle = _alone(temporary, folder)
            try:
                self._fill(handle, pieces, digest, modified)
                placed = self._place(folder, temporary, name, fresh=fresh)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
                raise
            finally:
                os.close(handle)
            if self.force:
                os.fsync(folder)
        except NotStored:
            raise
        except OSError as error:
            raise NotStored(f"cannot store file {shown(name)}: {error.strerror or error}") from error
        if digest is not None and placed:
            Writing(self.force, self.mode).write(
                folder, f"{name}.{self.checksum}", [f"{digest.hexdigest()}\n".encode()]
            )
        return placed

    def _fill(self, handle: int, pieces: Iterable[bytes], digest: hashlib._Hash | None, modified: int | None) -> None:
        for piece in pieces:
            write_all(handle, piece)
            if digest is not None:
                digest.update(piece)
        if self.mode is not None:
            os.fchmod(handle, self.mode)
        if modified is not None:
            os.utime(handle, ns=(modified * 1_000_000, modified * 1_000_000))
        if self.force:
            os.fsync(handle)

    @staticmethod
    def _place(folder: int, temporary: str, name: str, *, fresh: bool) -> bool:
        if not fresh:
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            return True
        try:
            # A link fails if the name is taken, even if it was taken a moment ago; a rename would replace.
            os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            os.unlink(temporary, dir_fd=folder)
            return False
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            if exists(name, folder):
                os.unlink(temporary, dir_fd=folder)
                return False
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            return True
        os.unlink(temporary, dir_fd=folder)
        return True


def _alone(temporary: str, folder: int) -> int:
    """Make the temporary file, locked until it has its final name: sweep sees by that that we live, and who writes under the same name waits.

    What a dead writer left there is removed. Raises OSError.
    """
    while True:
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN, 0o666, dir_fd=folder)
        except FileExistsError:
            _outwait(temporary, folder)
            continue
        ours = False
        try:
            ours = _locked_there(handle, temporary, folder)
        finally:
            if not ours:  # another took it for a dead writer's before it was locked
                os.close(handle)
        if ours:
            return handle


def _outwait(temporary: str, folder: int) -> None:
    """Wait for the writer of a temporary file, and remove it if it still stands there then: its writer is dead. Raises OSError."""
    try:
        handle = os.open(temporary, os.O_RDONLY | os.O_NONBLOCK | _PLAIN, dir_fd=folder)
    except FileNotFoundError:
        return
    except OSError:
        os.unlink(temporary, dir_fd=folder)  # a link, a socket: no writer's
        return
    try:
        if _locked_there(handle, temporary, folder):
            os.unlink(temporary, dir_fd=folder)
    finally:
        os.close(handle)


def _locked_there(handle: int, name: str, folder: int) -> bool:
    """Wait for the lock of an open file; whether it stands under its name then."""
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        return os.path.samestat(os.fstat(handle), os.stat(name, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return False


def write_all(handle: int, piece: bytes) -> None:
    """Write every byte. Raises OSError."""
    view = memoryview(piece)
    while view:
        view = view[os.write(handle, view) :]


def _hidden(name: str) -> str:
    """A name that no file consumer reads."""
    told = f".{name}.{new_id()}{_TEMPORARY}"
    return told if len(os.fsencode(told)) <= 255 else f".{new_id()}{_TEMPORARY}"


def sweep(folder: str) -> None:
    """Remove temporary files whose writers are dead: nobody locks them, and they are older than the moment between making and locking one."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(_TEMPORARY):
                _remove_dead(entry)


def _remove_dead(entry: os.DirEntry[str]) -> None:
    with contextlib.suppress(OSError):
        if time.time() - entry.stat(follow_symlinks=False).st_mtime < _YOUNG:
            return
        handle = locked(entry.path)
        if handle is not None:
            try:
                Path(entry.path).unlink()
            finally:
                os.close(handle)
