"""The coordinator of sagas: who takes part, and at the end every step's completion or compensation, the last step's first.

Camel's names (``maxRetryAttempts``, ``retryDelayInMilliseconds``) and its manner: what is left to do at the end is done on the context's
threads while the message goes on, each action tried several times; a failing one does not keep the others from being done. With a durable log,
what a crash interrupts goes on when the routes start again: actions may then run twice, so they must be idempotent (their headers tell which
business they belong to).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from esb.component import Context
from esb.exchange import Exchange
from esb.javanames import IllegalStateException
from esb.stores.contract import Enlisted, SagaLog, Unfinished
from esb.stores.sagas import MemorySagaLog, SqliteSagaLog
from esb.unit import UnitOfWork

_log = logging.getLogger("esb.saga")
HEADER: Final = "Long-Running-Action"
"""Carries the saga's id along with the message, also to other routes and services."""
_WAIT: Final = 30.0

Send = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True)
class Actions:
    """What a step does when its saga ends."""

    compensate: Send | None
    complete: Send | None


class SagaService:
    """Coordinates sagas over a log. Thread-safe. One may serve many routes; it opens with the first of them and closes with the last."""

    def __init__(self, log: Any = None) -> None:
        self.log: SagaLog = log or MemorySagaLog()
        self.max_retry_attempts = 5
        self.retry_delay_in_milliseconds = 5000
        self._steps: dict[str, Actions] = {}
        self._context: Context | None = None
        self._users = 0
        self._under_way = 0
        self._changed = threading.Condition()

    # -- life cycle ------------------------------------------------------------------------------------------------------------

    def register(self, step: str, actions: Actions) -> None:
        """Make a step's actions known by its name; called while routes are built, so that a restart finds them again."""
        self._steps[step] = actions

    def open(self, context: Context, folder: Path) -> None:
        """Called when a route that uses it starts. The first call takes up what a dead process had in hand."""
        with self._changed:
            self._users += 1
            if self._users > 1:
                return
            self._context = context
            self._opened().open(folder)
        for saga in self.log.recover():
            self._take_up(saga)

    def close(self) -> None:
        """Called when a route that uses it stops; waits a while for what is under way."""
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way, _WAIT)
            self._users -= 1
            if not self._users:
                self._opened().close()

    def _opened(self) -> Any:
        return self.log

    def _running(self) -> Context:
        if self._context is None:
            raise RuntimeError("the saga service is not open: it opens when its route starts")
        return self._context

    # -- sagas -----------------------------------------------------------------------------------------------------------------

    def begin(self, *, automatic: bool) -> str:
        """A new saga's id."""
        return self.log.begin(automatic=automatic)

    def knows(self, saga: str) -> bool:
        """Whether there is such a saga that is not finished."""
        return self.log.status(saga) is not None

    def enlist(self, saga: str, step: str, options: Mapping[str, Any], timeout: float | None) -> None:
        """Let a step take part, before it does anything. Raises IllegalStateException if the saga runs no more."""
        deadline = None if timeout is None else time.time() + timeout
        try:
            taken = self.log.enlist(saga, step, options, deadline)
        except KeyError:
            taken = False
        if not taken:
            raise IllegalStateException(f"Cannot begin: {self._told(saga)}")
        if timeout is not None:
            self._running().later(timeout, lambda: self._timed_out(saga))

    def complete(self, saga: str) -> None:
        """End the saga well. Raises IllegalStateException if it was undone."""
        self._end(saga, completing=True)

    def compensate(self, saga: str) -> None:
        """Undo the saga. Raises IllegalStateException if it was completed."""
        self._end(saga, completing=False)

    def _end(self, saga: str, *, completing: bool) -> None:
        try:
            steps = self.log.end(saga, completing=completing)
        except KeyError:
            raise IllegalStateException(f"No coordinator found for saga id {saga}") from None
        if steps is None:
            status = self.log.status(saga)
            if status is not None and status.value != ("completing" if completing else "compensating"):
                raise IllegalStateException(f"Cannot {'complete' if completing else 'compensate'}: {self._told(saga)}")
            return
        self._finalize(saga, steps, completing=completing)

    def _told(self, saga: str) -> str:
        status = self.log.status(saga)
        return f"status is {status.name if status else 'unknown, it has ended'}"

    def _timed_out(self, saga: str) -> None:
        try:
            steps = self.log.end(saga, completing=False)
        except KeyError:
            return  # it has ended long ago
        if steps is not None:
            _log.warning("saga %s was not ended in time: it is undone", saga)
            self._finalize(saga, steps, completing=False)

    def _take_up(self, left: Unfinished) -> None:
        """Go on where a dead process stopped."""
        if left.status.value != "running":
            self._finalize(left.saga, self.log.left(left.saga), completing=left.completing)
        elif left.automatic:
            # The message that began it died with its process; it comes again from its source and begins a saga of its own.
            _log.warning("saga %s was interrupted: it is undone", left.saga)
            self._timed_out(left.saga)
        elif left.deadline is not None:
            self._running().later(max(0.0, left.deadline - time.time()), lambda: self._timed_out(left.saga))

    # -- actions ---------------------------------------------------------------------------------------------------------------

    def _finalize(self, saga: str, steps: list[Enlisted], *, completing: bool) -> None:
        end = _End(self, saga, steps[::-1], completing=completing)
        with self._changed:
            self._under_way += 1
        self._running().background(end.run)

    def _put_off(self, call: Callable[[], None]) -> None:
        """Between two tries nothing is under way, so that a stop need not wait for them."""
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

        def again() -> None:
            with self._changed:
                if not self._users:
                    return  # closed: a durable log knows what is left
                self._under_way += 1
            call()

        self._running().later(self.retry_delay_in_milliseconds / 1000, again)

    def _finished(self, saga: str, *, failed: bool) -> None:
        try:
            self.log.finish(saga, failed=failed)
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()


class _End:
    """The end of one saga: action after action, each tried again later if it fails."""

    def __init__(self, service: SagaService, saga: str, steps: list[Enlisted], *, completing: bool) -> None:
        self._service = service
        self._saga = saga
        self._steps = steps
        self._completing = completing
        self._attempts = 0
        self._failed = False

    def run(self) -> None:
        """Do what is left, until an action fails."""
        service = self._service
        while self._steps:
            step = self._steps[0]
            try:
                self._act(step)
            except Exception as error:
                self._attempts += 1
                what = "completion" if self._completing else "compensation"
                _log.warning(
                    "saga %s: %s of %s failed, try %d of %d: %s: %s",
                    self._saga,
                    what,
                    step.step,
                    self._attempts,
                    service.max_retry_attempts,
                    type(error).__name__,
                    error,
                )
                if self._attempts < service.max_retry_attempts:
                    service._put_off(self.run)  # noqa: SLF001 -- the two are one
                    return
                _log.error("saga %s: %s of %s did not succeed: look after it by hand", self._saga, what, step.step)
                self._failed = True
            self._attempts = 0
            del self._steps[0]
        service._finished(self._saga, failed=self._failed)  # noqa: SLF001 -- the two are one

    def _act(self, step: Enlisted) -> None:
        actions = self._service._steps.get(step.step)  # noqa: SLF001 -- the two are one
        if actions is None:
            raise IllegalStateException(f"no route has the step {step.step} any more: bring it back, or act by hand")
        send = actions.complete if self._completing else actions.compensate
        if send is not None:
            exchange = Exchange(None, {HEADER: self._saga, **step.options})
            unit = exchange.unit = UnitOfWork()
            exchange.waits = 1  # every effect must be there when the call returns
            send(exchange)
            unit.release()
            if unit.error is not None:
                raise unit.error
        self._service.log.acted(self._saga, step.number)


class MemorySagaService(SagaService):
    """The coordinator for sagas that end with the process (Camel's InMemorySagaService)."""


class SqliteSagaService(SagaService):
    """The coordinator for sagas that survive it: ``path`` is the log's file, below the project's state folder unless absolute."""

    def __init__(self, path: str = "saga.db") -> None:
        super().__init__(SqliteSagaLog(path))
