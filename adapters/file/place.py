"""Where a message is written: a name that was checked, in a folder that is held open."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from adapters.file.claim import MARKER
from adapters.file.errors import NotStored, Refused, shown
from esb.javanames import IllegalArgumentException

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_LONGEST_NAME = 255
_LONGEST_PATH = 4095


class BadName(IllegalArgumentException):
    """A file name that will not be written to. Camel throws IllegalArgumentException for it."""

    retriable = False


def checked(name: str, folder: str, *, jailed: bool) -> str:
    """A name in canonical form. Raises BadName for one that leaves the folder, or that no file can have."""
    what = f"{shown(name)!r} is refused as the name of a file in {shown(folder)}"
    if not name.strip("/") or "\0" in name or name.endswith("/"):
        raise BadName(f"{what}: it is empty, ends with a slash or has a NUL in it")
    if os.path.normpath(name).endswith(MARKER):
        raise BadName(
            f"{what}: names with this end are those of marker files, which readers obey; mend it where the name is made"
        )
    if not jailed:
        return name
    if "\\" in name or any(ord(sign) < 32 or ord(sign) == 127 for sign in name):
        raise BadName(f"{what}: a backslash or control character is no part of a name; mend it where the name is made")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith("/") or ".." in parts or not parts:
        raise BadName(
            f"{what}: the name leads out of the folder, and jailStartingDirectory keeps it in; "
            "set it to false only where no message can choose the name"
        )
    encoded = [len(os.fsencode(part)) for part in parts]
    if max(encoded) > _LONGEST_NAME or sum(encoded) + len(parts) + len(os.fsencode(folder)) > _LONGEST_PATH:
        raise BadName(
            f"{shown(name)[:80]!r}... is refused as a name in {shown(folder)}: it is too long for a file system"
        )
    return "/".join(parts)


class Folder:
    """Makes and opens folders below an endpoint's own. Links below it are not followed, so that none leads out."""

    def __init__(self, base: str, *, create: bool, mode: int | None) -> None:
        self._base = base
        self._create = create
        self._mode = mode

    @contextlib.contextmanager
    def opened(self, inside: str) -> Iterator[int]:
        """A handle of the folder ``inside`` (relative; empty: the endpoint's own). Raises NotStored."""
        handle = self.open(inside)
        try:
            yield handle
        finally:
            os.close(handle)

    def open(self, inside: str) -> int:
        """As :meth:`opened`, but the caller closes the handle."""
        try:
            handle = self._open_base()
            for part in inside.split("/") if inside else ():
                try:
                    below = self._enter(handle, part)
                finally:
                    os.close(handle)
                handle = below
        except OSError as error:
            raise NotStored(
                f"cannot store a file in {shown(self._base)}/{shown(inside)}: {error.strerror or error}"
                + ("; links are not followed there" if error.errno in {errno.ELOOP, errno.ENOTDIR} else "")
                + ("" if self._create else "; the folder is not made, since autoCreate is false")
            ) from error
        return handle

    def _open_base(self) -> int:
        try:
            return os.open(self._base, _FOLDER)
        except FileNotFoundError:
            if not self._create:
                raise
        base = Path(self._base)
        base.mkdir(parents=True, exist_ok=True)
        if self._mode is not None:
            base.chmod(self._mode)
        return os.open(self._base, _FOLDER)

    def _enter(self, handle: int, part: str) -> int:
        try:
            return os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)
        except FileNotFoundError:
            if not self._create:
                raise
        with contextlib.suppress(FileExistsError):
            os.mkdir(part, dir_fd=handle)
            os.fsync(handle)
            if self._mode is not None:
                os.chmod(part, self._mode, dir_fd=handle)
        return os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)


def exists(name: str, folder: int) -> bool:
    """Whether there is something under a name. Raises Refused for what is no regular file: a folder, a link, a device."""
    try:
        facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(facts.st_mode):
        raise Refused(f"cannot store file: {shown(name)} exists and is no regular file")
    return True
