"""How far a stream has been read: where to go on when the connection has to be made anew."""

from __future__ import annotations

import threading
from typing import Any, Final

OFFSET: Final = "x-stream-offset"
"""Header that RabbitMQ gives each message of a stream, and the consumer's argument."""


class Offsets:
    """The offset before which all messages are settled. ``begin`` is where to start reading. Thread-safe."""

    def __init__(self, begin: Any = None) -> None:
        self._begin = begin
        self._lock = threading.Lock()
        self._open: dict[int, None] = {}
        self._highest: int | None = None
        self._next: int | None = None

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
