"""What was seen already: nonces and signatures, shared by the workers of the project."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final, Protocol

from adapters.soap.security.refusal import Refused
from esb.component import Context
from esb.errors import ReferenceFault
from esb.stores.contract import IdempotentRepository, Standing
from esb.stores.sqlite import SqliteIdempotentRepository

_SWEEP: Final = 10_000
_RETENTION: Final = 86400.0


class Seen(Protocol):
    """Remembers keys."""

    def once(self, key: str, seconds: float) -> None:
        """Raise :class:`Refused` if the key came before; it is remembered for ``seconds`` at least. Thread-safe."""


class SeenHere:
    """In this process only: for tests, and for a bus without a state folder."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def once(self, key: str, seconds: float) -> None:
        now = time.monotonic()
        with self._lock:
            if self._until.get(key, 0.0) > now:
                raise Refused("FailedAuthentication", "it came before (a replay)")
            self._until[key] = now + seconds
            if len(self._until) > _SWEEP:
                self._until = {known: until for known, until in self._until.items() if until > now}


class SeenByAll:
    """In the project's state store, which all workers share. The store's retention is longer than any message is good for."""

    def __init__(self, repository: IdempotentRepository) -> None:
        self._repository = repository

    def once(self, key: str, seconds: float) -> None:
        _ = seconds
        if self._repository.begin(key) is not Standing.NEW:
            raise Refused("FailedAuthentication", "it came before (a replay)")
        self._repository.complete(key)  # at once: what was merely begun would be forgotten with this process


class Replays:
    """The memory of a service: in the project's state folder, so that all workers share it; in this process where there is no project."""

    seen: Seen

    def __init__(self, context: Context) -> None:
        self._context = context
        self._repository: SqliteIdempotentRepository | None = None
        try:
            self._folder: Path | None = context.service("project").state_folder
        except ReferenceFault:
            self._folder = None
        if self._folder is None:
            self.seen = SeenHere()
        else:
            self._repository = SqliteIdempotentRepository("soap-replays.db", scope="soap", retention=_RETENTION)
            self.seen = SeenByAll(self._repository)

    def open(self) -> None:
        """Make ready; undone by :meth:`close`."""
        if self._repository is not None and self._folder is not None:
            self._repository.open(self._folder, "soap")

    def close(self) -> None:
        """Let go of the file."""
        if self._repository is not None:
            self._repository.close()
