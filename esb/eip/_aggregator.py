"""The running part of aggregate: groups, when they are complete, and what becomes of their outcomes.

Meaning is Camel's AggregateProcessor, held against recorded behaviour; who acknowledges what is our own (see the step's page).
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from esb.component import Context, Timer
from esb.eip._gathering import WorkerPool
from esb.eip._timeouts import Timeouts
from esb.errors import EsbError, StepFailed
from esb.exchange import IN_ONLY, Exchange, current
from esb.expression import Expression, Predicate
from esb.javanames import CamelExchangeException, ClosedCorrelationKeyException
from esb.program import Step
from esb.step import Builder
from esb.stores.contract import AggregationRepository, Group
from esb.strategies import Strategy
from esb.unit import UnitOfWork

_log = logging.getLogger("esb.route")

SIZE: Final = "CamelAggregatedSize"
COMPLETED_BY: Final = "CamelAggregatedCompletedBy"
KEY: Final = "CamelAggregatedCorrelationKey"
TIMEOUT: Final = "CamelAggregatedTimeout"
BATCH_SIZE: Final = "CamelBatchSize"
CURRENT_GROUP: Final = "CamelAggregationCompleteCurrentGroup"
ALL_GROUPS: Final = "CamelAggregationCompleteAllGroups"
_SIGNALS: Final = (ALL_GROUPS, "CamelAggregationCompleteAllGroupsInclusive")


@dataclass(frozen=True, slots=True)
class Completion:
    """When a group is complete."""

    size: int = 0
    size_of: Expression | None = None
    timeout: float = 0.0
    timeout_of: Expression | None = None
    interval: float = 0.0
    predicate: Predicate | None = None
    batch: bool = False
    on_new_group: bool = False
    eager: bool = False
    discard_on_timeout: bool = False
    at_most_every: float = 1.0
    force_on_stop: bool = False
    all_on_stop: bool = False

    def seconds(self, exchange: Exchange) -> float:
        """After which time without a message the group times out; 0 for never."""
        if self.timeout_of is not None:
            milliseconds = self.timeout_of(exchange)
            if milliseconds and milliseconds > 0:
                return float(milliseconds) / 1000
        return self.timeout

    @property
    def times_out(self) -> bool:
        """Whether groups may time out."""
        return self.timeout > 0 or self.timeout_of is not None


@dataclass(slots=True)
class _Outcome:
    """A complete group on its way out."""

    id: str
    key: str
    exchange: Exchange
    units: list[UnitOfWork]
    deadline: float | None = None
    """What the group was waiting for when it was closed."""


class Aggregator:
    """One aggregate step. Thread-safe; the strategy is called by one thread at a time."""

    def __init__(
        self,
        builder: Builder,
        strategy: Strategy,
        groups: AggregationRepository,
        completion: Completion,
        program: Step,
        *,
        pool: WorkerPool | None,
        remembered: int | None,
        discard_failed: bool,
    ) -> None:
        self._context: Context = builder.context
        self._route = builder.route_id
        self._strategy: Any = strategy
        self._groups = groups
        self._completion = completion
        self._program = program
        self._pool = pool
        self._discard_failed = discard_failed
        self._closed = _ClosedKeys(remembered) if remembered is not None else None
        self._pre_complete = getattr(strategy, "pre_complete", None)
        self._batch: dict[str, None] = {}
        self._batch_count = 0
        self._running = _Running()
        self._started = False
        self._timeouts = Timeouts(self._context, completion.at_most_every, self._timed_out)
        self._waited_for: dict[str, float] = {}  # the deadline, as its group tells it, that a key's timeout stands for
        self._interval: Timer | None = None
        builder.on_start(self._start)
        builder.on_stop(self._stop)

    # --- messages ----------------------------------------------------------------------------------------------------------------------------

    def add(self, key: str, exchange: Exchange) -> None:
        """Put a message to its group; run what it completes. Raises CamelExchangeException when it cannot be taken."""
        if self._closed is not None and key in self._closed:
            raise ClosedCorrelationKeyException(f"The correlation key [{key}] has been closed. {exchange!r}")
        copy = exchange.derive()
        copy.properties["CamelCorrelationId"] = exchange.id
        copy.properties.pop(CURRENT_GROUP, None)
        for signal in _SIGNALS:
            copy.message.headers.pop(signal)
        self._change(lambda outcomes: self._add(key, copy, self._held(exchange), outcomes))

    def _change(self, change: Callable[[list[_Outcome]], object]) -> None:
        """Change groups under their lock; what that closes is run outside it, also where something after it fails: nobody else has it any more."""
        outcomes: list[_Outcome] = []
        try:
            with self._groups.lock():
                change(outcomes)
        except Exception:
            if self._groups.durable:  # the transaction was rolled back: the groups are open as before
                self._reopened(outcomes)
                outcomes = []
            raise
        finally:
            for outcome in outcomes:
                self._submit(outcome)

    def _reopened(self, outcomes: list[_Outcome]) -> None:
        for outcome in outcomes:
            if self._closed is not None:
                self._closed.discard(outcome.key)
            if outcome.deadline is not None:
                self._waited_for.setdefault(outcome.key, outcome.deadline)
                self._timeouts.again(outcome.key, _left(outcome.deadline, outcome.exchange))

    def _held(self, exchange: Exchange) -> UnitOfWork | None:
        """The unit whose delivery is kept open until the group's outcome; a sender who waits is not kept waiting for messages of others."""
        if self._groups.durable or exchange.unit is None or exchange.pattern != IN_ONLY:
            return None
        return exchange.unit

    def _add(self, key: str, new: Exchange, unit: UnitOfWork | None, outcomes: list[_Outcome]) -> None:
        completion = self._completion
        group = self._groups.get(key)
        size = 1 if group is None else int(group.exchange.properties.get(SIZE, 0)) + 1
        complete = self._asked_before(key, group, new, size)
        if complete is not None and self._pre_complete is not None and group is not None:
            self._complete(key, group, complete, outcomes)
            group, size, complete = None, 1, None
        # May fail: before the strategy has the message, which would be in the group twice when it comes again.
        seconds = completion.seconds(new) if complete is None and completion.times_out else 0.0
        old = None if group is None else group.exchange
        try:
            answer = self._strategy.aggregate(old, new)
        except Exception as error:
            if not self._discard_failed:
                raise CamelExchangeException(f"Error occurred during aggregation: {error}") from error
            if group is not None:
                _log.warning("%s: the group %r is discarded, as its strategy failed: %s", self._route, key, error)
                self._discard(key, group)
            return
        if answer is None:
            raise CamelExchangeException(
                f"AggregationStrategy {type(self._strategy).__name__} returned null which is not allowed"
            )
        if answer.properties.pop(ALL_GROUPS, None) in {True, "true"} or (completion.on_new_group and group is None):
            self._complete_open("force", outcomes)
            group = None  # it was one of them, and its deliveries are with its outcome
        answer.properties[SIZE] = size
        if self._pre_complete is None and not completion.eager:
            complete = self._asked_after(key, group, answer, outcomes)
        kept = Group(answer, None, [] if group is None else group.units)
        if unit is not None:
            kept.units.append(unit.hold_delivery())
        if complete is None:
            self._keep(key, kept, seconds)
        elif complete == "consumer":
            self._groups.put(key, kept)
            self._complete_batch(outcomes)
        else:
            self._complete(key, kept, complete, outcomes)

    def _asked_before(self, key: str, group: Group | None, new: Exchange, size: int) -> str | None:
        """What the strategy (pre-completion) or the eager check says about a message that is not in its group yet."""
        if self._pre_complete is None and not self._completion.eager:
            return None
        new.properties[SIZE], new.properties[KEY] = size, key
        try:
            if self._pre_complete is None:
                return self._is_complete(key, new)
            return "strategy" if self._pre_complete(None if group is None else group.exchange, new) else None
        finally:
            del new.properties[SIZE], new.properties[KEY]

    def _asked_after(self, key: str, group: Group | None, answer: Exchange, outcomes: list[_Outcome]) -> str | None:
        """What the rules say about a group that has its message."""
        try:
            return self._is_complete(key, answer)
        except Exception as error:
            # The message fails and may come again, but the strategy has it: it would be in the group twice. So the others come again too, if all can.
            if group is not None and len(group.units) == answer.properties[SIZE] - 1:
                answer.error = error
                self._close(key, Group(answer, None, group.units), outcomes)
            raise

    def _is_complete(self, key: str, exchange: Exchange) -> str | None:
        completion = self._completion
        if completion.batch:
            self._batch[key] = None
            self._batch_count += 1
            total = int(exchange.properties.get(BATCH_SIZE) or 0)
            if 0 < total <= self._batch_count:
                self._batch_count = 0
                return "consumer"
        if exchange.properties.pop(CURRENT_GROUP, None) in {True, "true"}:
            return "strategy"
        if completion.predicate is not None and completion.predicate(exchange):
            return "predicate"
        wanted = completion.size_of(exchange) if completion.size_of is not None else None
        if not wanted or wanted <= 0:
            wanted = completion.size
        return "size" if 0 < wanted <= exchange.properties.get(SIZE, 1) else None

    def _keep(self, key: str, group: Group, seconds: float) -> None:
        if seconds > 0:
            group.exchange.properties[TIMEOUT] = round(seconds * 1000)
            group.deadline = self._waited_for[key] = time.time() + seconds
            self._timeouts.set(key, seconds)
        self._groups.put(key, group)

    # --- completion --------------------------------------------------------------------------------------------------------------------------

    def _complete(self, key: str, group: Group, by: str, outcomes: list[_Outcome]) -> None:
        """Close a group that is complete, under the lock; what is to be run then, outside it, is added to ``outcomes``."""
        exchange = group.exchange
        exchange.properties[KEY] = key
        exchange.properties[COMPLETED_BY] = by
        if by == "timeout":
            told = self._tell("timeout", exchange, -1, -1, self._completion.timeout)
            if told and self._completion.discard_on_timeout:
                self._discard(key, group)
                if self._closed is not None:
                    self._closed.add(key)
                return
        self._tell("on_completion", exchange)
        self._close(key, group, outcomes)
        if self._closed is not None:
            self._closed.add(key)

    def _tell(self, name: str, exchange: Exchange, *more: Any) -> bool:
        """Tell the strategy, if it wants to know. If it fails, so does this outcome, and no other that is closed with it; false then."""
        told = getattr(self._strategy, name, None)
        if told is not None:
            try:
                told(exchange, *more)
            except Exception as error:
                exchange.error = error
                return False
        return True

    def _close(self, key: str, group: Group, outcomes: list[_Outcome]) -> None:
        outcome = self._groups.complete(key, group)
        outcomes.append(_Outcome(outcome, key, group.exchange, group.units, self._waited_for.get(key)))
        self._forget_time(key)

    def _complete_batch(self, outcomes: list[_Outcome]) -> None:
        batch, self._batch = self._batch, {}
        for key in batch:
            group = self._groups.get(key)
            if group is not None:
                self._complete(key, group, "consumer", outcomes)

    def _complete_open(self, by: str, outcomes: list[_Outcome]) -> None:
        for key in self._groups.open_keys():
            group = self._groups.get(key)
            if group is not None:
                self._complete(key, group, by, outcomes)

    def complete_all(self, by: str) -> None:
        """Complete all open groups."""
        self._change(lambda outcomes: self._complete_open(by, outcomes))

    def _discard(self, key: str, group: Group) -> None:
        self._groups.confirm(self._groups.complete(key, group))
        self._forget_time(key)
        for unit in group.units:
            unit.release()

    def _timed_out(self, key: str) -> None:
        self._change(lambda outcomes: self._expired(key, outcomes))

    def _expired(self, key: str, outcomes: list[_Outcome]) -> None:
        if key in self._timeouts:
            return  # a message came just now, and put it off
        group = self._groups.get(key)
        if group is None:
            self._waited_for.pop(key, None)
            return
        # Another process may have put a message to the group meanwhile. What was waited for here is over, whatever the wall clock says now.
        if group.deadline is not None and group.deadline != self._waited_for.get(key):
            self._wait_for(key, group)
            return
        self._complete(key, group, "timeout", outcomes)

    # --- outcomes ----------------------------------------------------------------------------------------------------------------------------

    def _submit(self, outcome: _Outcome) -> None:
        self._running.enter()
        if self._pool is not None:
            try:
                self._pool.submit(self._run, outcome)
            except RuntimeError:  # the pool has stopped: what is complete is still run
                self._run(outcome)
        else:
            self._run(outcome)

    def _run(self, outcome: _Outcome) -> None:
        exchange = outcome.exchange
        exchange.halted = exchange.handled = exchange.exhausted = False
        exchange.waits = 0
        failure, exchange.error = exchange.error, None
        if exchange.original is not None:
            exchange.original = exchange.message.copy()
        unit = exchange.unit = UnitOfWork(lambda unit: self._settled(outcome, unit))
        before, current.exchange = current.exchange, exchange
        try:
            if failure is not None:  # what a strategy left as the group's failure
                raise failure
            self._program(exchange)
        except Exception as error:
            exchange.error = error
            _log.error(
                "%s: the outcome of group %r failed: %s: %s", self._route, outcome.key, type(error).__name__, error
            )
            unit.release(error)
        else:
            unit.release()
        finally:
            current.exchange = before

    def _settled(self, outcome: _Outcome, unit: UnitOfWork) -> None:
        try:
            if unit.error is None:
                self._groups.confirm(outcome.id)
            else:
                self._groups.release(outcome.id)
        except EsbError:
            _log.exception("%s: the outcome of group %r could not be confirmed", self._route, outcome.key)
        for held in outcome.units:
            held.release(unit.error)
        self._running.leave()

    # --- life --------------------------------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._started = True
        self._timeouts.open()
        if self._groups.durable:
            self._context.background(self._recover)
        if self._completion.interval > 0:
            self._interval = self._context.later(self._completion.interval, self._tick)

    def _recover(self) -> None:
        for outcome, key, exchange in self._groups.recover():
            exchange.message.headers["CamelRedelivered"] = True
            self._submit(_Outcome(outcome, key, exchange, []))
        if not self._completion.times_out:
            return
        for key in self._groups.open_keys():
            with self._groups.lock():
                group = self._groups.get(key)
            if group is not None and group.deadline is not None:
                self._wait_for(key, group)

    def _forget_time(self, key: str) -> None:
        self._timeouts.drop(key)
        self._waited_for.pop(key, None)

    def _wait_for(self, key: str, group: Group) -> None:
        """Wait for a deadline that was put by another process: as long as the wall clock says, but never longer than the whole time."""
        assert group.deadline is not None
        self._waited_for[key] = group.deadline
        self._timeouts.set(key, _left(group.deadline, group.exchange))

    def _tick(self) -> None:
        if not self._started:
            return
        self._interval = self._context.later(self._completion.interval, self._tick)
        self.complete_all("interval")

    def _stop(self) -> None:
        self._started = False
        if self._interval is not None:
            self._interval.cancel()
        self._timeouts.close()
        completion = self._completion
        if completion.force_on_stop:
            self.complete_all("force")
        elif completion.all_on_stop and (completion.times_out or completion.interval):
            # Camel waits for the time to pass; nothing can come any more, so it need not.
            self.complete_all("timeout" if completion.times_out else "interval")
        self._running.wait(30.0)
        if not self._groups.durable:
            self._give_back()

    def _give_back(self) -> None:
        with self._groups.lock():
            for key in self._groups.open_keys():
                group = self._groups.get(key)
                if group is None:
                    continue
                self._groups.complete(key, group)
                for unit in group.units:
                    unit.release(StepFailed(f"the group {key!r} was not complete when the route {self._route} stopped"))


def _left(deadline: float, exchange: Exchange) -> float:
    whole = float(exchange.properties.get(TIMEOUT) or 0) / 1000
    return min(
        max(deadline - time.time(), 0.0), whole or math.inf
    )  # a clock that was set back makes no group wait for longer than its timeout


class _ClosedKeys:
    """Keys that take no more messages; the newest ``size`` of them, all with 0. Used under the groups' lock, read without it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._keys: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """Remember a key."""
        self._keys[key] = None
        if self._size > 0 and len(self._keys) > self._size:
            self._keys.popitem(last=False)

    def discard(self, key: str) -> None:
        """Take a key's closing back."""
        self._keys.pop(key, None)


class _Running:
    """How many outcomes are under way."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def enter(self) -> None:
        with self._changed:
            self._count += 1

    def leave(self) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Until there are none."""
        with self._changed:
            self._changed.wait_for(lambda: not self._count, seconds)
