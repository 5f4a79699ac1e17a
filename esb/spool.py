"""Bytes that arrive in pieces: in memory while they are few, in a file without a name once they are many."""

from __future__ import annotations

import mmap
import tempfile
from typing import IO


class Spool:
    """Takes pieces, then gives the whole: bytes, or a mapped file, which reads like bytes and is paged in as it is read. For one thread at a time."""

    def __init__(self, memory: int | None, limit: int) -> None:
        """``memory``: how many bytes are held before a file is made; None for any number. ``limit``: for :attr:`over`."""
        self._memory = memory
        self.limit = limit
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Take a piece."""
        self.size += len(piece)
        if self._file is None and (self._memory is None or self.size <= self._memory):
            self._pieces.append(piece)
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="esb-")  # noqa: SIM115 -- closed by close or done
            self._file.writelines(self._pieces)
            self._pieces = []
        self._file.write(piece)

    @property
    def over(self) -> bool:
        """Whether more has come than the limit says."""
        return self.size > self.limit

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return self.size if self._file is None else 0

    def done(self) -> bytes | mmap.mmap:
        """The whole. The file is gone when nobody refers to it any more."""
        if self._file is None:
            return b"".join(self._pieces)
        with self._file as file:
            file.flush()
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def close(self) -> None:
        """Forget what came. Idempotent."""
        self._pieces = []
        if self._file is not None:
            self._file.close()
