"""What becomes of files that were read: ``move``, ``delete``, ``noop``, ``moveFailed``, done files, keys of the idempotent repository."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.file.errors import shown
from adapters.file.found import Found
from adapters.file.naming import Target, done_name, dynamic, target
from adapters.file.taken import Taken
from esb.stores.contract import IdempotentRepository

if TYPE_CHECKING:
    from adapters.file.endpoint import FileEndpoint

log = logging.getLogger("esb.file")

DEFAULT_MOVE = ".camel"
UNKNOWN = ".unknown"
"""Where a file waits for somebody to decide whether it is read again: a call that its route made may have had its effect."""


class Disposal:
    """Settles the files of one endpoint. Thread-safe: units settle in any thread."""

    def __init__(
        self, endpoint: FileEndpoint, keys: IdempotentRepository | None, done: Callable[[Taken], None]
    ) -> None:
        self.endpoint = endpoint
        self.keys = keys
        self._done = done
        self.move = self._target(endpoint.move or DEFAULT_MOVE)
        self.move_failed = self._target(endpoint.move_failed) if endpoint.move_failed else None
        self.unknown = self._target(UNKNOWN)
        self.pre_move = self._target(endpoint.pre_move) if endpoint.pre_move else None
        self._done_name = done_name(endpoint.done_file_name, endpoint.at) if endpoint.done_file_name else None
        self._lock = threading.Lock()
        self._owed: list[Taken] = []

    def _target(self, written: str) -> Target:
        endpoint = self.endpoint
        return target(endpoint.context, written, endpoint.folder, endpoint.at)

    def settle(self, taken: Taken) -> None:
        """The file's unit has settled. Where the file cannot be moved now, it is kept and not read again until it can. Never raises."""
        try:
            taken.finish()
        except Exception as error:
            # Whatever it is: to let go of the file would mean to read it again.
            self._tell(taken, f"{type(error).__name__}: {error}")
            with self._lock:
                self._owed.append(taken)
            return
        self._forget(taken)

    @staticmethod
    def _tell(taken: Taken, trouble: str) -> None:
        """Once, not at every attempt."""
        if trouble == taken.trouble:
            return
        taken.trouble = trouble
        log.error(
            "%s is %s but cannot be moved or deleted, and is not read again before that succeeds: %s",
            shown(taken.found.path),
            "failed" if taken.failed else "done",
            trouble,
        )

    def _forget(self, taken: Taken) -> None:
        try:
            self._record(taken)
        except Exception:
            log.exception("%s: the idempotent repository failed", shown(taken.found.path))
        taken.claim.release()
        self._done(taken)

    def _record(self, taken: Taken) -> None:
        if self.keys is None or taken.key is None:
            return
        endpoint = self.endpoint
        as_lock = endpoint.read_lock.startswith("idempotent")
        if taken.unknown:
            self.keys.complete(taken.key)
        elif taken.failed:
            if not as_lock or endpoint.read_lock_remove_on_rollback:
                self.keys.abandon(taken.key)
            else:
                self.keys.complete(taken.key)
        elif as_lock and endpoint.read_lock_remove_on_commit:
            self.keys.abandon(taken.key)
        else:
            self.keys.complete(taken.key)

    def settle_owed(self) -> None:
        """Try again to move what could not be moved."""
        with self._lock:
            owed, self._owed = self._owed, []
        for taken in owed:
            self.settle(taken)

    def remove_done_file(self, taken: Taken) -> None:
        """Remove the file that said this one is complete; one with a fixed name goes with the last file of the batch."""
        if self._done_name is None or not (dynamic(self.endpoint.done_file_name) or taken.last_of_batch):
            return
        if os.path.lexists(taken.original.path) and self.done_file(taken.original) != taken.done_file:
            return  # both are new
        self._done_path(taken.original).unlink(missing_ok=True)

    def done_file(self, found: Found) -> tuple[int, int] | None:
        """Which done file stands beside a file now: it is another one when it was written anew."""
        try:
            facts = None if self._done_name is None else os.lstat(self._done_path(found))
        except FileNotFoundError:
            return None
        return facts and (facts.st_ino, facts.st_mtime_ns)

    def _done_path(self, found: Found) -> Path:
        assert self._done_name is not None
        return Path(found.path).with_name(self._done_name(found.only_name))
