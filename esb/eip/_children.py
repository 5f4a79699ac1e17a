"""Exchanges derived from one message (parts of a split, branches of a multicast): running them, waiting for their units, gathering their results.

Every child has a unit of its own, so that a final send inside its steps may be pipelined: sending goes on while confirms come in. The step waits at
its end until all children have settled, and so the parent's delivery is acknowledged after them. Where nobody needs the outcome (the step is the last
thing its message does here), it does not wait: the parent's unit does.

Meaning is Camel's MulticastProcessor, from which its split and recipient list derive, held against recorded behaviour.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any, Final, Protocol

from esb.errors import graver, unknown_outcome
from esb.exchange import Exchange, current
from esb.javanames import CamelExchangeException, java_name
from esb.program import Step
from esb.strategies import Strategy
from esb.unit import UnitOfWork

_log = logging.getLogger("esb.route")

OUTSTANDING: Final = 1000
"""Children of one message that may be under way at once: bounds memory, and is the back-pressure of a streaming split."""


class Pool(Protocol):
    """What runs children of a parallel step: ``concurrent.futures.Executor.submit``."""

    def submit(self, call: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Run it on a thread. Raises RuntimeError after the stop."""


class Gather(Protocol):
    """What becomes of the children's results. Called by one thread at a time."""

    waits: bool
    """Whether the outcome is needed even where the step stands last."""

    @property
    def clean(self) -> bool:
        """Whether all results so far were good."""

    def add(self, child: Exchange) -> None:
        """Take the next result."""

    def missing(self, index: int, total: int, seconds: float) -> None:
        """Note that a child did not end in time."""

    def outcome(self) -> Exchange | None:
        """The finished outcome; None leaves the parent as it is."""


class Part(UnitOfWork):
    """The unit of one child."""

    __slots__ = ("child", "index")

    def __init__(self, settled: Callable[[UnitOfWork], None], parent: UnitOfWork, child: Exchange, index: int) -> None:
        # What UnitOfWork's constructor does, said again: this runs for every row of a file.
        self._holds = 1
        self._lock = threading.Lock()
        self._on_settle = [settled]
        self.error = None
        self.parent = parent
        self.child = child
        self.index = index

    def settle_alone(self, error: BaseException | None) -> bool:
        """Settle at once if nobody but the caller holds the unit or has something to do then, without telling ``settled``.

        No lock: no other thread can know it then.
        """
        if self._holds != 1 or len(self._on_settle) > 1:
            return False
        self.error = error
        self._holds = 0
        return True


class Failures:
    """Without a strategy the message stays as it was: only failures count, the last one first."""

    waits = False

    def __init__(self, parent: Exchange) -> None:
        self._parent = parent
        self._error: BaseException | None = None

    @property
    def clean(self) -> bool:
        return self._error is None

    def add(self, child: Exchange) -> None:
        if child.error is not None:
            self._error = child.error
        caught = child.properties.get("CamelExceptionCaught")
        if caught is not None:
            self._parent.properties["CamelExceptionCaught"] = caught

    def missing(self, index: int, total: int, seconds: float) -> None:
        pass

    def outcome(self) -> Exchange | None:
        self._parent.error = self._error
        return self._parent


class Results:
    """Results put together by a strategy. ``shared`` (shareUnitOfWork) carries a child's failure or handled failure to the outcome."""

    def __init__(self, strategy: Strategy, *, shared: bool = False, waits: bool = True) -> None:
        self._strategy = strategy
        self._shared = shared
        self._outcome: Exchange | None = None
        self.waits = waits

    @property
    def clean(self) -> bool:
        outcome = self._outcome
        return outcome is None or (outcome.error is None and not outcome.halted)

    def add(self, child: Exchange) -> None:
        outcome = self._outcome = self._strategy.aggregate(self._outcome, child)
        if self._shared and outcome is not None and (child.error is not None or child.handled):
            outcome.error = child.error or outcome.error
            outcome.handled = child.handled
            outcome.halted = outcome.halted or child.handled
            for name in ("CamelExceptionCaught", "CamelFailureEndpoint", "CamelFailureRouteId"):
                if name in child.properties:
                    outcome.properties[name] = child.properties[name]

    def missing(self, index: int, total: int, seconds: float) -> None:
        timed_out = getattr(self._strategy, "timeout", None)
        if timed_out is not None:
            timed_out(self._outcome, index, total, seconds)

    def outcome(self) -> Exchange | None:
        completed = getattr(self._strategy, "on_completion", None)
        if completed is not None and self._outcome is not None:
            completed(self._outcome)
        return self._outcome


def take(exchange: Exchange, result: Exchange | None) -> None:
    """Make a result the outcome of ``exchange``, but for its failure: message, properties, variables and whether it goes on."""
    if result is None or result is exchange:
        return
    exchange.message = result.message
    exchange.properties.update(result.properties)
    exchange.variables.update(result.variables)
    exchange.halted = result.halted
    exchange.handled = result.handled


class Children:
    """The children of one message. Made per message, used by the thread that runs the step; units settle on any thread."""

    def __init__(
        self,
        parent: Exchange,
        gather: Gather,
        *,
        stop_on_exception: bool = False,
        in_order: bool = True,
        final: bool = True,
        own_originals: bool = True,
        outstanding: int = OUTSTANDING,
    ) -> None:
        """``final``: a failure that comes out of here has had its error handler; false inside doTry.

        ``own_originals``: to useOriginalMessage the original of a child is the child as it was made, not the parent's.
        """
        self._parent = parent
        # Children need a parent unit, since what outlives the step holds it; a message that nobody acknowledges gets one for show.
        self._unit = parent.unit or UnitOfWork()
        self._gather = gather
        self._stop = stop_on_exception
        self._own_originals = own_originals and parent.original is not None
        self._in_order = in_order
        self._final = final
        self._limit = outstanding
        self._started = 0
        self._added = 0
        self._arrived: deque[Part] = deque()
        self._early: dict[int, Part] = {}
        self._failed: Part | None = None
        self._broken: Exception | None = None
        self._unknown: BaseException | None = None
        """Of a child: a call that may have had its effect. The message must not be tried again over another's failure."""
        self._waiting = False
        self._wake = threading.Event()
        self._tasks: deque[tuple[Future[Any], Part, Step]] = deque()
        self._left: _Left | None = None

    # --- running -----------------------------------------------------------------------------------------------------------------------------

    def run(self, pairs: Iterable[tuple[Exchange, Step]]) -> None:
        """Run the children one after the other. Raises what making them raises, after those under way have settled."""
        settled, unit, add, stop = self._settled, self._unit, self._gather.add, self._stop
        own_originals = self._own_originals
        try:
            for index, (child, program) in enumerate(pairs):
                part = child.unit = Part(settled, unit, child, index)  # type: ignore[arg-type]  # only parts come back
                self._started = index + 1
                if own_originals:
                    child.original = child.message.copy()
                failure: Exception | None = None
                try:
                    program(child)
                except Exception as error:
                    failure = child.error = error
                if failure is None and self._added == index and not stop and part.settle_alone(None):
                    # Nothing is under way and nothing failed: a row of a file, as a rule.
                    self._added = index + 1
                    # Unit and child know each other: untied, the row is freed now, not at some collection.
                    child.unit = None
                    try:
                        add(child)
                    except Exception as error:
                        self._broken = error
                        break
                elif self._settle_slowly(part, failure):
                    break
        except Exception as error:
            self._wait(0)
            raise self._weighed(error)  # noqa: B904 -- the same, or what the parts have left open

    def _settle_slowly(self, part: Part, failure: Exception | None) -> bool:
        """Settle a child among others that wait, or that failed; whether to end here."""
        if part.settle_alone(failure):
            self._settle(part)
        else:
            part.release(failure)
        if self._arrived:
            self._collect()
        if self._stop:
            self._wait(0)
        elif self._started - self._added >= self._limit:
            self._wait(self._limit - 1)
        return self._failed is not None or self._broken is not None

    def run_parallel(self, pairs: Iterable[tuple[Exchange, Step]], pool: Pool, timeout: float = 0.0) -> None:
        """Run the children on a pool; this thread takes over those that no thread of the pool has begun, so that nesting cannot starve.

        With a ``timeout`` in seconds, those that have not ended by then are left behind: their results count no more.
        """
        clock = _Deadline(timeout) if timeout > 0 else None
        try:
            for child, program in pairs:
                part = Part(self._settled, self._unit, child, self._started)  # type: ignore[arg-type]  # only parts come back
                self._started += 1
                child.unit = part
                if self._own_originals:
                    child.original = child.message.copy()
                self._submit(part, program, pool)
                if self._arrived:
                    self._collect()
                while self._started - self._added >= self._limit and not self._over(clock):
                    self._help_or_wait(clock)
                if self._over(clock):
                    break
            while self._started > self._added and not self._over(clock):
                self._help_or_wait(clock)
        except Exception as error:
            self._cancel(settle=True)
            self._wait(0)
            raise self._weighed(error)  # noqa: B904 -- as in run
        late = clock is not None and clock.passed and self._failed is None
        if self._over(clock):
            # What no thread has begun when the time is over is no result: left unsettled, it counts as missing.
            self._cancel(settle=not late)
        if late:
            self._give_up(timeout)

    def finish(self, *, may_leave: bool = False) -> None:
        """Wait for all children and give the outcome to the parent. Raises their failure, final unless inside doTry.

        ``may_leave``: nobody needs the outcome here, so children that wait for a confirm are left to the parent's unit.
        """
        if self._failed is not None:
            if self._failed.child.error is None and self._started > self._added:
                self._wait(0)  # those under way may still fail
            self._stopped(self._failed)
            return
        if self._started > self._added and self._left is None:
            if may_leave and self._may_leave():
                self._leave()
                return
            self._wait(0)
        if self._broken is not None:
            raise self._weighed(self._broken)
        outcome = self._gather.outcome()
        take(self._parent, outcome)
        error = None if outcome is None else outcome.error
        if error is not None:
            self._parent.exhausted = self._final
            raise self._weighed(error)

    def _weighed(self, error: BaseException) -> BaseException:
        """The step's failure, or the one of a child that outweighs it, which has had its error handler."""
        if self._unknown is None:
            return error
        self._parent.exhausted = self._final
        return graver(error, self._unknown)

    # --- inside ------------------------------------------------------------------------------------------------------------------------------

    def _settled(self, part: Part) -> None:
        self._arrived.append(part)
        left = self._left
        if left is not None:
            left.collect(self._arrived)
        elif self._waiting:
            self._wake.set()

    def _collect(self) -> None:
        arrived = self._arrived
        while arrived:
            self._settle(arrived.popleft())

    def _settle(self, part: Part) -> None:
        child = part.child
        if part.error is not None:
            child.error = graver(child.error, part.error)
        if child.error is not None and self._unknown is None and unknown_outcome(child.error):
            self._unknown = child.error
        if self._stop and (child.error is not None or child.halted):
            known = self._failed
            # A part that only stopped makes way for one that failed meanwhile: the delivery must not be acknowledged over it.
            if known is None or (child.error is not None and graver(known.child.error, child.error) is child.error):
                self._failed = part
        if not self._in_order or part.index == self._added:
            self._add(child)
            while self._early and self._added in self._early:
                self._add(self._early.pop(self._added).child)
        else:
            self._early[part.index] = part

    def _add(self, child: Exchange) -> None:
        self._added += 1
        child.unit = None
        if self._broken is not None or self._failed is not None:
            return
        try:
            self._gather.add(child)
        except Exception as error:
            self._broken = error

    def _wait(self, allowed: int, clock: _Deadline | None = None) -> None:
        """Wait until at most ``allowed`` children are under way, or the clock runs out."""
        self._waiting = True
        while self._started - self._added > allowed and not (clock is not None and clock.passed):
            if not self._arrived:
                self._wake.wait(None if clock is None else clock.left)
            self._wake.clear()
            self._collect()
        self._waiting = False

    def _submit(self, part: Part, program: Step, pool: Pool) -> None:
        tasks = self._tasks
        while tasks and tasks[0][0].done():
            tasks.popleft()
        try:
            tasks.append((pool.submit(_run_on_thread, part, program), part, program))
        except RuntimeError:  # the pool has stopped: what came in before the stop is still done
            _run(part, program)

    def _help_or_wait(self, clock: _Deadline | None) -> None:
        # With a deadline this thread must stay free to see it.
        while clock is None and self._tasks and not self._arrived:
            future, part, program = self._tasks.popleft()
            if future.cancel():
                _run(part, program)
        self._wait(max(self._started - self._added - 1, 0), clock)

    def _over(self, clock: _Deadline | None) -> bool:
        return self._failed is not None or self._broken is not None or (clock is not None and clock.passed)

    def _cancel(self, *, settle: bool) -> None:
        for future, part, _ in self._tasks:
            if future.cancel() and settle:
                part.release()
        self._tasks.clear()

    def _give_up(self, timeout: float) -> None:
        self._collect()
        total, seen = self._started, self._early
        _log.warning(
            "%d of %d parts did not end within %g s: their results do not count",
            total - self._added - len(seen),
            total,
            timeout,
        )
        for index in range(self._added, total):
            part = seen.get(index)
            if part is None:
                self._gather.missing(index, total, timeout)
            else:
                self._gather.add(part.child)
        self._early, self._added = {}, self._started

    def _stopped(self, part: Part) -> None:
        child = part.child
        if (
            child.error is None
        ):  # a stop, or a failure that a handler took over: it is the outcome, and ends the parent too
            take(self._parent, child)
            return
        self._parent.exhausted = self._final
        raise CamelExchangeException(
            f"Multicast processing failed for number {part.index}. Exchange[{child.id}]."
            f" Caused by: [{java_name(type(child.error))} - {child.error}]"
        ) from child.error

    def _may_leave(self) -> bool:
        gather = self._gather
        if (
            self._parent.unit is None
            or gather.waits
            or self._broken is not None
            or not gather.clean
            or self._unknown is not None
        ):
            return False
        # A known failure is raised by the step itself, where its route counts and logs it.
        return all(part.child.error is None for part in self._early.values())

    def _leave(self) -> None:
        left = _Left(self._unit, self._started - self._added - len(self._early), self._gather, self._early)
        self._left = left
        left.collect(self._arrived)


class _Left:
    """Children that the step did not wait for: the parent's unit is held until the last one has settled."""

    def __init__(self, unit: UnitOfWork, count: int, gather: Gather, early: dict[int, Part]) -> None:
        self._unit = unit
        self._count = count
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        unit.hold()
        for part in early.values():
            gather.add(part.child)
        outcome = gather.outcome()
        if outcome is not None:
            self._error, outcome.error = outcome.error, None

    def collect(self, arrived: deque[Part]) -> None:
        """Count those that have settled; release the parent's unit after the last."""
        with self._lock:
            while arrived:
                part = arrived.popleft()
                self._count -= 1
                for error in (part.child.error, part.error):
                    if error is not None:
                        self._error = graver(self._error, error)
            if self._count:
                return
            self._count = -1  # never again
        self._unit.release(self._error)


class _Deadline:
    """How much time is left for all children together."""

    def __init__(self, seconds: float) -> None:
        import time

        self._clock = time.monotonic
        self._end = self._clock() + seconds

    @property
    def left(self) -> float:
        """Seconds."""
        return max(self._end - self._clock(), 0.0)

    @property
    def passed(self) -> bool:
        """Whether none is."""
        return self._clock() >= self._end


def _run(part: Part, program: Step) -> None:
    try:
        program(part.child)
    except Exception as error:
        part.child.error = error
        part.release(error)
    else:
        part.release()


def _run_on_thread(part: Part, program: Step) -> None:
    current.exchange = part.child
    try:
        _run(part, program)
    finally:
        current.exchange = None
