"""How far a stream has been read: where to go on when the connection, or with a file the process, has to be made anew."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, Final

OFFSET: Final = "x-stream-offset"
"""Header that RabbitMQ gives each message of a stream, and the consumer's argument."""


class Offsets:
    """The offset before which all messages are settled. ``begin`` is where to start reading, unless a ``file`` says more. Thread-safe."""

    def __init__(self, begin: Any = None, file: Path | None = None) -> None:
        self._begin = begin
        self._file = file
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._open: dict[int, None] = {}
        self._highest: int | None = None
        self._next: int | None = None

    def load(self) -> None:
        """Read the file, if there is one; what is no number counts as none. Raises OSError if it cannot be read."""
        if self._file is not None and self._file.exists():
            told = self._file.read_text(encoding="ascii", errors="replace").strip()
            if told.isdigit():
                with self._lock:
                    self._next = int(told)

    def save(self) -> None:
        """Write the file, all of it or nothing. Raises OSError."""
        with self._writing:
            reached = self._next
            if self._file is None or reached is None:
                return
            self._file.parent.mkdir(parents=True, exist_ok=True)
            written = self._file.with_name(f"{self._file.name}.{os.getpid()}.part")
            written.write_text(f"{reached}\n", encoding="ascii")
            written.replace(self._file)

    def arguments(self) -> dict[str, Any]:
        """Where to consume from, now that consuming begins (again): what was in hand comes again."""
        with self._lock:
            self._open.clear()
            self._highest = None
            if self._next is not None:
                return {OFFSET: self._next}
            return {} if self._begin is None else {OFFSET: self._begin}

    def received(self, offset: Any) -> None:
        """A message was delivered, in the stream's order."""
        if isinstance(offset, int):
            with self._lock:
                self._open[offset] = None
                self._highest = offset

    def settled(self, offset: Any) -> None:
        """A message is done with."""
        if isinstance(offset, int):
            with self._lock:
                self._open.pop(offset, None)
                oldest = next(iter(self._open), None)
                if oldest is not None:
                    self._next = max(self._next or 0, oldest)
                elif self._highest is not None:
                    self._next = max(self._next or 0, self._highest + 1)
