"""Bodies that are not in memory, and readers that are watched."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from esb.errors import Malformed
from esb.exchange import Exchange


def refusal(made: Any, data: Any) -> str | None:
    """What a format says about data that it refuses; None if it reads them."""
    try:
        made.unmarshal(Exchange(), data)
    except Malformed as refused:
        return str(refused)
    return None


class Lines(io.RawIOBase):
    """Makes its bytes as they are read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = b""
        self.read_so_far = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._rest:
            try:
                self._rest = next(self._chunks)
            except StopIteration:
                return 0
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        self.read_so_far += len(taken)
        return len(taken)


class Made:
    """A source whose content is made while it is read."""

    charset = "utf-8"

    def __init__(self, chunks: Callable[[], Iterator[bytes]]) -> None:
        self._chunks = chunks
        self.opened: Lines | None = None

    def open(self) -> BinaryIO:
        self.opened = Lines(self._chunks())
        return io.BufferedReader(self.opened)
