"""One look into the folder: list, filter, sort, claim, and hand over file by file."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.file.claim import MARKER, Claim, claim
from adapters.file.disposal import Disposal
from adapters.file.found import Found
from adapters.file.listing import Listing
from adapters.file.naming import compiled
from adapters.file.postponed import Postponed
from adapters.file.recovery import Recovery
from adapters.file.references import repository, state_folder
from adapters.file.sorting import order
from adapters.file.steadiness import Steadiness
from adapters.file.taken import Taken
from esb.coerce import text
from esb.stores.contract import Opened, Standing
from esb.unit import ReturningUnit, UnitOfWork

if TYPE_CHECKING:
    from adapters.file.endpoint import FileEndpoint

log = logging.getLogger("esb.file")

_CLOCK = 0.1
"""How far behind the time of a file may be."""
MARKED = frozenset({"markerFile", "changed", "rename", "fileLock"})
"""Kinds of readLock for which Camel's readers make a marker file."""


class Poller:
    """Finds and claims files for one consumer (or for pollEnrich). :meth:`poll` is for one thread at a time; files settle in any thread."""

    def __init__(self, endpoint: FileEndpoint) -> None:
        self.endpoint = endpoint
        by_key = endpoint.idempotent or endpoint.noop or endpoint.read_lock.startswith("idempotent")
        self._keys = repository(endpoint.context, endpoint.idempotent_repository, endpoint.at) if by_key else None
        self._key = endpoint.idempotent_key and compiled(endpoint.context, endpoint.idempotent_key, endpoint.at)
        self._order = order(endpoint)
        self._disposal = Disposal(endpoint, self._keys, self._finished)
        self._steadiness = (
            Steadiness(endpoint.read_lock_check_interval, endpoint.read_lock_min_age, endpoint.read_lock_min_length)
            if "changed" in endpoint.read_lock
            else None
        )
        self._marks = endpoint.pre_move is not None or (
            endpoint.read_lock in MARKED and (endpoint.read_lock_marker_file or endpoint.read_lock == "markerFile")
        )
        self._recovery = Recovery(endpoint)
        self._listing = Listing(endpoint, self._recovery.clear if self._marks else lambda _: True)
        # As Camel does at its start: a marker that was there before us is nobody's.
        self._orphans_before = time.time() - _CLOCK if endpoint.read_lock_delete_orphan_lock_files else 0.0
        self._postponed = Postponed(endpoint.delay)
        self._working: set[str] = set()
        self._idle = threading.Condition()

    # -- life cycle --------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Make the repository ready."""
        if isinstance(self._keys, Opened):
            self._keys.open(state_folder(self.endpoint.context), f"file:{self.endpoint.folder}")

    def close(self) -> None:
        """Let go of the repository."""
        if isinstance(self._keys, Opened):
            self._keys.close()

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing that was taken is under way; whether that came true."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._working, timeout)

    # -- polling -----------------------------------------------------------------------------------------------------------

    def poll(self, limit: int, wait: Callable[[float], bool]) -> list[Found]:
        """What may be read now, in order, at most ``limit`` files (0: all). ``wait`` sleeps up to some seconds and tells whether to give up.

        Raises OSError if the folder cannot be read.
        """
        self._disposal.settle_owed()
        eager = limit > 0 and self.endpoint.eager_max_messages_per_poll
        # What is still being written must not keep steady files from being seen, so all are looked at there.
        found = list(itertools.islice(self._candidates(), limit if eager and self._steadiness is None else None))
        if not eager:
            self._postponed.forget_all_but(file.path for file in found)
        if self._steadiness is not None:
            found = self._steady(found, wait)
        if eager:
            del found[limit:]
        if self._order is not None:
            self._order(found)
        return found[:limit] if limit > 0 else found

    def _candidates(self) -> Iterator[Found]:
        for file in self._listing.files():
            if file.path in self._working or self._postponed.waits(file):
                continue
            if self._keys is None or self._keys.standing(self._key_of(file)) is Standing.NEW:
                yield file

    def _steady(self, found: list[Found], wait: Callable[[float], bool]) -> list[Found]:
        """The files nobody writes to. All that are new are watched together, for one interval at most; the next poll sees the rest."""
        watch = self._steadiness
        assert watch is not None
        watch.forget_all_but(file.path for file in found)
        steady = {file.path for file in found if watch.steady(file)}
        if len(steady) < len(found) and not wait(self.endpoint.read_lock_check_interval):
            for file in found:
                if file.path not in steady:
                    file.look_again()
                    if watch.steady(file):
                        steady.add(file.path)
        return [file for file in found if file.path in steady]

    def _key_of(self, found: Found) -> str:
        if self._key:
            return text(self._key(found.as_exchange)) or ""
        return found.path

    # -- taking ------------------------------------------------------------------------------------------------------------

    def take(self, found: Found) -> Taken | None:
        """Claim a file that a poll found, with its exchange and unit; None if it is gone, changed, or another's."""
        with self._idle:
            if found.path in self._working:
                return None
            self._working.add(found.path)
        taken = None
        try:
            taken = self._claimed(found)
        finally:
            if taken is None:
                self._leave(found.path)
        return taken

    def _claimed(self, found: Found) -> Taken | None:
        held = claim(found.path, shared=self.endpoint.noop and not self._marks)
        if held is None:
            return None
        if not self._still(found, held):
            held.release()
            return None
        key = None
        try:
            if self._marks and not self._mark(found, held):
                held.release()
                return None
            if self._keys is not None:
                key = self._key_of(found)
                if self._keys.begin(key) is not Standing.NEW:
                    held.release()
                    return None
            taken = Taken(found, held, key, self._disposal)
            taken.begin()
            exchange = taken.message()
            stays = self.endpoint.move_failed is None
            exchange.unit = (ReturningUnit if stays else UnitOfWork)(taken.settled)
        except BaseException:
            if key is not None and self._keys is not None:
                self._keys.abandon(key)
            held.release()
            raise
        return taken

    def _mark(self, found: Found, held: Claim) -> bool:
        """Make the marker; what a dead process noted in one is done before it is overwritten."""
        return self._recovery.clear(found.path + MARKER) and held.mark(found.path, older_than=self._orphans_before)

    def _still(self, found: Found, held: Claim) -> bool:
        """Whether the file is what the poll saw; its facts are renewed. One that is written to again must be steady anew."""
        before = found.fingerprint
        found.look_again(held.facts)
        if self.endpoint.read_lock == "fileLock" and held.written_under_lock():
            return False
        if "/" in found.name and not held.really_at(f"{self._real_folder()}/{found.name}"):
            return False
        return self._steadiness is None or before == found.fingerprint

    def _real_folder(self) -> str:
        return str(Path(self.endpoint.folder).resolve())

    def postpone(self, found: Found) -> None:
        """Leave a file alone for a while."""
        self._postponed.failed(found)

    def _finished(self, taken: Taken) -> None:
        if taken.failed:
            self._postponed.failed(taken.original)
        else:
            self._postponed.succeeded(taken.original)
        self._leave(taken.original.path)

    def _leave(self, path: str) -> None:
        with self._idle:
            self._working.discard(path)
            self._idle.notify_all()


def pause_until(deadline: float | None, stop: threading.Event, at_most: float) -> bool:
    """Sleep up to ``at_most`` seconds, not beyond the deadline of the monotonic clock; whether there is no time left."""
    left = at_most if deadline is None else min(at_most, deadline - time.monotonic())
    return left <= 0 or stop.wait(left)
