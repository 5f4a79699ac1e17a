"""The one thread that writes to the embedded broker's file: group commit.

Everything that is waiting (publishes, settlements, leases for whoever has room) goes into one transaction with one fsync; then the callbacks are
called. While a commit runs the next group gathers, so the groups grow with the load and a lone message waits for nobody.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from esb.broker.contract import Release
from esb.broker.handover import Handover
from esb.broker.sqlite_books import Books, enter
from esb.broker.sqlite_errors import explained
from esb.broker.sqlite_ops import Call, Publish, Settings, Settle
from esb.broker.sqlite_owner import Owner
from esb.broker.sqlite_store import Store
from esb.broker.window import Window
from esb.errors import NotConnected, TransportError

log = logging.getLogger(__name__)

T = TypeVar("T")

_GROUP = 2000  # operations a transaction at most
_FASTEST_POLL = 0.002
_UPKEEP = 1.0


class Writer:
    """Owns the connection and the owner's row. :meth:`post`, :meth:`call` and :meth:`attend` may be called from any thread."""

    def __init__(self, path: str, settings: Settings, on_state: Callable[[str], None] | None) -> None:
        self.path = path
        self.settings = settings
        self.window = Window(settings.window)
        self.state = "waiting"
        self.subscriptions: list[Handover[int]] = []
        self.declarations: dict[tuple[str, ...], Callable[[Store], None]] = {}
        self._on_state = on_state
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ops: deque[Publish | Settle | Call] = deque()
        self._callbacks: deque[Callable[[], None]] = deque()
        self._books = Books()
        self._attend = False
        self._closing_by: float | None = None
        self._thread = threading.Thread(target=self._run, name="esb-broker-sqlite", daemon=True)
        self._pid = 0
        self._store: Store | None = None
        self._owner: Owner | None = None
        self._seen_version = 0
        self._next_due: float | None = None
        self._next_upkeep = 0.0
        self._next_renewal = 0.0
        self._dead: list[int] = []
        self._poll = _FASTEST_POLL
        self._failures = 0

    # -- any thread ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread, once."""
        with self._lock:
            if self._pid or self._closing_by is not None:
                return
            self._pid = os.getpid()
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Let the thread finish what was posted, give back what is in hand, and end it."""
        with self._lock:
            if self._closing_by is None:
                self._closing_by = time.monotonic() + timeout
        for handover in list(self.subscriptions):
            handover.stop()
        self._wake.set()
        if not self._pid:
            self._set_state("closed")
        elif not self.is_current:
            self._thread.join(timeout + 1.0)
            if self._thread.is_alive():
                log.error("%s: still writing %.0f s after the close; the disk may hang", self.path, timeout)

    @property
    def is_current(self) -> bool:
        """Whether this is the writer's own thread, which must never wait for itself."""
        return threading.current_thread() is self._thread

    def post(self, ops: list[Publish | Settle | Call]) -> bool:
        """Hand operations to the thread; False if it takes none any more."""
        with self._lock:
            if self._closing_by is not None or self._pid not in (0, os.getpid()):
                return False
            self._ops.extend(ops)
        if not self._wake.is_set():
            self._wake.set()
        return True

    def call(self, change: Callable[[Store], T]) -> T:
        """Make a change in the next transaction and return its result. Raises what the change raises, or the transaction's failure."""
        if self.is_current:
            return self._inline(change)
        future: Future[T] = Future()
        if not self.post([Call(change, future)]):
            raise NotConnected(f"{self.path}: the broker is closed, or was opened before a fork", endpoint=self.path)
        try:
            return future.result(self.settings.publish_timeout)
        except TimeoutError:
            raise NotConnected(
                f"{self.path}: not written within {self.settings.publish_timeout} s", endpoint=self.path
            ) from None

    def attend(self) -> None:
        """Look after the subscriptions: one has room again, or gives up its queue."""
        self._attend = True
        self._wake.set()

    def register(self, handover: Handover[int]) -> None:
        """Start leasing for a subscription."""
        with self._lock:
            self.subscriptions = [*self.subscriptions, handover]
        self.attend()

    def later(self, callback: Callable[[], None]) -> None:
        """Call back on the writer's thread; here and now if it is not running."""
        with self._lock:
            running = self._closing_by is None and self._pid == os.getpid()
            if running:
                self._callbacks.append(callback)
        if running:
            self.attend()
        else:
            callback()

    # -- the writer's thread -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            try:
                self._call_back()
                store = self._store or self._open()
                if self._due_or_woken(store):
                    self._group(store)
                if self._closing_by is not None and not self._ops and not self._books.unsettled:
                    return self._leave(store)
            except Exception as exc:
                self._failed(exc)
            if self._closing_by is not None and time.monotonic() > self._closing_by:
                return self._leave(None)

    def _open(self) -> Store:
        store = Store(self.path, self.settings.busy_timeout)
        try:
            owner = self._owner = self._owner or Owner(self.path, self.settings.lease)
            store.begin()
            declared = list(self.declarations.values())
            for declare in declared:
                declare(store)
            self._renew(store, owner)
            store.commit()
        except BaseException:
            store.close()
            raise
        self._store = store
        self._next_upkeep = 0.0
        self._next_due = store.next_due()
        self._attend = True
        if self.state == "waiting":
            self._set_state("connected")
        # Whoever declared while we did saw no connection and left it to us; who comes now sees one.
        missed = [declare for declare in list(self.declarations.values()) if declare not in declared]
        if missed:
            store.begin()
            for declare in missed:
                declare(store)
            store.commit()
        return store

    def _due_or_woken(self, store: Store) -> bool:
        """Wait for something to do; whether there is."""
        if self._ops or self._books.unsettled or self._attend or self._closing_by is not None:
            self._poll = _FASTEST_POLL
            self._wake.clear()
            return True
        consuming = any(handover.credit > 0 for handover in self.subscriptions)
        wait = self._next_upkeep - time.monotonic()
        if consuming:
            wait = min(wait, self._poll)
            self._poll = min(self._poll * 1.5, self.settings.idle_poll)
        if self._next_due is not None:
            wait = min(wait, self._next_due - store.now())
        if self._wake.wait(max(0.0, wait)):
            self._wake.clear()
            return True
        if self._next_due is not None and self._next_due <= store.now():
            return True
        if consuming and self._changed_elsewhere(store):
            self._poll = _FASTEST_POLL
            return True
        return self._upkeep_due(store)

    def _upkeep_due(self, store: Store) -> bool:
        """Look for owners that died, once a second; whether there is something to write about."""
        now = time.monotonic()
        if now < self._next_upkeep:
            return False
        assert self._owner is not None
        self._next_upkeep = now + min(_UPKEEP, self.settings.lease / 3)
        self._dead = self._owner.find_dead(store)
        return bool(self._dead) or now >= self._next_renewal

    def _changed_elsewhere(self, store: Store) -> bool:
        version = store.data_version
        if version == self._seen_version:
            return False
        self._seen_version = version
        self._next_due = store.next_due()
        owner = self._owner.id if self._owner is not None else 0
        return any(each.credit > 0 and store.may_take(store.queue_id(each.queue), owner) for each in self.subscriptions)

    def _group(self, store: Store) -> None:
        """One transaction with all that waits, then the callbacks."""
        self._attend = False
        publishes: list[Publish] = []
        calls: list[Call] = []
        for _ in range(min(len(self._ops), _GROUP)):
            match self._ops.popleft():
                case Publish() as publish:
                    publishes.append(publish)
                case Settle() as settle:
                    self._books.unsettled.append(settle)
                case Call() as call:
                    calls.append(call)
        results: list[tuple[Call, Any, TransportError | None]] = []
        owner = self._owner
        assert owner is not None
        try:
            store.begin()
            self._upkeep(store, owner)
            enter(store, publishes)
            self._books.settle(store, owner.id)
            for call in calls:
                try:
                    results.append((call, call.change(store), None))
                except TransportError as exc:
                    results.append((call, None, exc))
            if self._next_due is not None and self._next_due <= store.now():
                store.promote()
            with self._lock:
                self.subscriptions = [each for each in self.subscriptions if not each.stopped or each.in_hand]
            batches = self._books.lease(store, owner.id, self.subscriptions)
            store.commit()
        except BaseException as exc:
            self._undo(store, publishes, calls, exc)
            raise
        self._books.committed()
        self._next_due = store.next_due()
        self._failures = 0
        self._set_state("connected")
        for call, result, error in results:
            _resolve(call.future, result, error)
        self._answer(publishes)
        for handover, batch in batches:
            refused = handover.deliver(batch)
            failed = not (handover.paused or handover.stopped)
            self._books.unsettled += [Settle(seq, Release(), put_off=failed) for seq in refused]

    def _upkeep(self, store: Store, owner: Owner) -> None:
        if time.monotonic() >= self._next_renewal or not owner.registered(store):
            self._renew(store, owner)
        for dead in self._dead:
            owner.bury(store, dead)
        self._dead = []

    def _renew(self, store: Store, owner: Owner) -> None:
        known = owner.id != 0
        self._next_renewal = time.monotonic() + self.settings.lease / 3
        if not owner.renew(store) and known:
            log.warning(
                "%s: this process stalled and lost its leases; what it had in hand is delivered again", self.path
            )
            self._books.lost()
            for handover in self.subscriptions:
                handover.forget()

    def _answer(self, publishes: list[Publish]) -> None:
        if not publishes:
            return
        self.window.leave(len(publishes), sum(len(publish.row[4]) for publish in publishes))
        for publish in publishes:
            try:
                publish.done(publish.error)
            except Exception:
                log.exception("a publisher's callback failed")

    def _inline(self, change: Callable[[Store], T]) -> T:
        store = self._store or self._open()
        store.begin()
        try:
            result = change(store)
            store.commit()
        except sqlite3.Error as exc:
            store.rollback()
            raise explained(exc, self.path) from exc
        except BaseException:
            store.rollback()
            raise
        return result

    # -- failures ------------------------------------------------------------------------------------------------------

    def _undo(self, store: Store, publishes: list[Publish], calls: list[Call], cause: BaseException) -> None:
        """Nothing of the group happened: say so to those who wait; settlements stay for the next group."""
        self._set_state("blocked")
        self._next_renewal = 0.0  # a small write, which shows when the disk takes writes again
        self._books.undone()
        try:
            store.rollback()
        except sqlite3.Error:
            log.debug("rollback failed; closing the connection rolls back too", exc_info=True)
        error = explained(cause, self.path)
        for publish in publishes:
            publish.error = error
        self._answer(publishes)
        for call in calls:
            _resolve(call.future, None, error)

    def _failed(self, cause: Exception) -> None:
        """After an I/O error the handle is not trusted again: close it, and open a new one after a pause."""
        if self._store is not None:
            self._store.close()
            self._store = None
        if not isinstance(cause, TransportError | sqlite3.Error | OSError):
            log.error("%s: a defect in the broker; it goes on with a new connection", self.path, exc_info=cause)
        elif self._failures == 0:
            log.error("%s", explained(cause, self.path))
        self._failures += 1
        if self.state != "blocked":
            self._set_state("waiting")
        pause = time.monotonic() + min(0.05 * 2**self._failures, 2.0)
        if self._closing_by is not None:
            self._wake.wait(0.02)
            self._wake.clear()
        while self._closing_by is None and (left := pause - time.monotonic()) > 0:
            self._wake.wait(left)
            self._wake.clear()
            self._expire()
            self._call_back()

    def _call_back(self) -> None:
        while self._callbacks:
            try:
                self._callbacks.popleft()()
            except Exception:
                log.exception("a publisher's callback failed")

    def _expire(self) -> None:
        """Answer the senders whose time is over, wherever in the queue they wait: behind a settlement, too. All else stays."""
        now = time.monotonic()
        late: list[Publish] = []
        kept: list[Publish | Settle | Call] = []
        with self._lock:
            first = next((op for op in self._ops if isinstance(op, Publish)), None)
            if first is None or first.deadline > now:  # they stand in the order of their deadlines, or nearly
                return
            for op in self._ops:
                if isinstance(op, Publish) and op.deadline <= now:
                    late.append(op)
                else:
                    kept.append(op)
            self._ops = deque(kept)
        for publish in late:
            publish.error = NotConnected(
                f"{self.path}: not opened within the publish timeout", endpoint=publish.receiver
            )
        self._answer(late)

    def _leave(self, store: Store | None) -> None:
        """Give everything back and end; without a store as well as one can."""
        for handover in self.subscriptions:
            handover.stop()
            handover.forget()
        try:
            if store is not None and self._owner is not None:
                store.begin()
                self._owner.leave(store)
                store.commit()
        except Exception as exc:
            log.warning("%s: leases could not be given back (%s); they are freed with the lock", self.path, exc)
        finally:
            if self._store is not None:
                self._store.close()
            if self._owner is not None:
                self._owner.unlock()
            error = NotConnected(f"{self.path}: closed before it could be written", endpoint=self.path)
            left = list(self._ops)
            self._ops.clear()
            publishes = [op for op in left if isinstance(op, Publish)]
            for publish in publishes:
                publish.error = error
            self._answer(publishes)
            self._call_back()
            for op in left:
                if isinstance(op, Call):
                    _resolve(op.future, None, error)
            self._set_state("closed")

    def _set_state(self, state: str) -> None:
        if state != self.state:
            self.state = state
            if self._on_state is not None:
                try:
                    self._on_state(state)
                except Exception:
                    log.exception("an observer of the broker's state failed")


def _resolve(future: Future[Any], result: Any, error: TransportError | None) -> None:
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
