"""Writing a file so that nobody ever sees half of it: a temporary name, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

from adapters.file.errors import NotStored, shown
from esb.exchange import new_id


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
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
            handle = os.open(
                temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666, dir_fd=folder
            )
            try:
                self._fill(handle, pieces, digest, modified)
                placed = self._place(folder, temporary, name, fresh=fresh)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
                raise
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
        try:
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
        finally:
            os.close(handle)

    @staticmethod
    def _place(folder: int, temporary: str, name: str, *, fresh: bool) -> bool:
        if not fresh:
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            return True
        try:
            # A link fails if the name is taken, even if it was taken a moment ago; a rename would replace.
            os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            return False
        finally:
            os.unlink(temporary, dir_fd=folder)
        return True


def write_all(handle: int, piece: bytes) -> None:
    """Write every byte. Raises OSError."""
    view = memoryview(piece)
    while view:
        view = view[os.write(handle, view) :]


def _hidden(name: str) -> str:
    """A name that no file consumer reads."""
    told = f".{name}.{new_id()}.esb-tmp"
    return told if len(os.fsencode(told)) <= 255 else f".{new_id()}.esb-tmp"
