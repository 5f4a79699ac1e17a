"""The body of a message that came from a file: read when asked for, never held."""

from __future__ import annotations

import os
from typing import BinaryIO

from adapters.file.errors import FileGone, shown


class FileBody:
    """A file that a consumer has claimed (:class:`esb.coerce.Source`). ``path`` follows the file when it is moved in the end.

    Only the very file that was claimed is opened: neither a link nor another file that someone put in its place. Thread-safe.
    """

    __slots__ = ("_identity", "charset", "length", "name", "path")

    def __init__(self, path: str, name: str, length: int, charset: str, identity: tuple[int, int]) -> None:
        self.path = path
        self.name = name
        self.length = length
        self.charset = charset
        self._identity = identity

    def open(self) -> BinaryIO:
        """A new reader from the start. Raises FileGone if the file is no more there or no more the same."""
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise FileGone(f"the file {shown(self.path)} cannot be read any more: {error.strerror}") from error
        stat = os.fstat(handle)
        if (stat.st_dev, stat.st_ino) != self._identity:
            os.close(handle)
            raise FileGone(f"the file {shown(self.path)} was replaced by another while the route was reading it")
        return os.fdopen(handle, "rb")

    def __repr__(self) -> str:
        return f"<FileBody {shown(self.name)}, {self.length} bytes>"
