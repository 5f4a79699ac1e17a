"""The running part of resequence: what is held back, and when it goes on.

Meaning is Camel's Resequencer (batch) and StreamResequencer with its ResequencerEngine; who acknowledges what is our own (see the step's page).
"""

from __future__ import annotations

import bisect
import functools
import logging
import re
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from esb.coerce import inner, integer
from esb.component import Timer
from esb.errors import ConversionFailed
from esb.exchange import IN_ONLY, Exchange, current
from esb.javanames import CamelExchangeException, IllegalArgumentException
from esb.program import Step
from esb.step import Builder
from esb.unit import UnitOfWork

_log = logging.getLogger("esb.route")
_NUMBER: Final = re.compile(r"-?\d{1,300}(\.\d{1,300})?", re.ASCII)


class _Outlet:
    """Runs messages through the steps in the order they are given, one at a time, on a thread of the context."""

    def __init__(self, builder: Builder, program: Step) -> None:
        self._background = builder.background
        self._route = builder.route_id
        self._program = program
        self._queue: deque[Exchange] = deque()
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()

    @staticmethod
    def hold(exchange: Exchange) -> Exchange:
        """The copy of a message that goes on later; its delivery stays open until then, unless its sender waits for an answer."""
        copy = exchange.derive()
        copy.properties["CamelCorrelationId"] = exchange.id
        unit = exchange.unit if exchange.pattern == IN_ONLY else None
        delivery = unit.hold_delivery() if unit is not None else None
        copy.unit = UnitOfWork(lambda unit: delivery.release(unit.error) if delivery is not None else None)
        return copy

    def put(self, exchanges: list[Exchange]) -> None:
        """Let messages go on."""
        with self._lock:
            self._queue.extend(exchanges)
            start = bool(self._queue) and self._idle.is_set()
            if start:
                self._idle.clear()
        if start:
            self._background(self._drain)

    def _drain(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._idle.set()
                    return
                exchange = self._queue.popleft()
            self._run(exchange)

    def _run(self, exchange: Exchange) -> None:
        unit = exchange.unit
        assert unit is not None
        before, current.exchange = current.exchange, exchange
        error: Exception | None = None
        try:
            self._program(exchange)
        except Exception as failure:
            error = failure
            _log.error("%s: a message in order failed: %s: %s", self._route, type(failure).__name__, failure)
        finally:
            current.exchange = before
        unit.release(error)

    def finish(self, seconds: float) -> None:
        """Wait until all have gone."""
        self._idle.wait(seconds)


@dataclass(slots=True)
class _Held:
    key: Any
    exchange: Exchange


def _compare(one: Any, other: Any) -> int:
    """Order of two keys: numbers by value, also those in texts, all else by text."""
    if not (isinstance(one, (int, float)) and isinstance(other, (int, float))):
        one, other = inner(one), inner(other)
        if _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other):
            one, other = float(one), float(other)
    return int(one > other) - int(one < other)


class Batch:
    """Gathers messages and lets them go on sorted, batch by batch. Thread-safe."""

    def __init__(
        self, builder: Builder, program: Step, size: int, timeout: float, *, duplicates: bool, reverse: bool
    ) -> None:
        self._context = builder.context
        self._outlet = _Outlet(builder, program)
        self._size = size
        self._timeout = timeout
        self._duplicates = duplicates
        self._reverse = reverse
        self._held: list[_Held] = []
        self._lock = threading.Lock()
        self._timer: Timer | None = None
        builder.on_stop(self._stop)

    def add(self, key: Any, exchange: Exchange, *, ignore_invalid: bool) -> None:
        """Take a message. Raises CamelExchangeException for one without a key."""
        if key is None:
            if not ignore_invalid:
                raise CamelExchangeException("Error processing Exchange in Resequencer: the message has no key")
            return
        held = _Held(key, _Outlet.hold(exchange))
        with self._lock:
            self._held.append(held)
            if len(self._held) >= self._size:
                self._flush()
            elif self._timer is None:
                self._timer = self._context.later(self._timeout, self._timed_out)

    def _timed_out(self) -> None:
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, []
        order = functools.cmp_to_key(_compare)
        held.sort(key=lambda one: order(one.key), reverse=self._reverse)
        kept: list[Exchange] = []
        last: Any = None
        for index, one in enumerate(held):
            if index and not self._duplicates and _compare(one.key, last) == 0:
                _log.info("a message with the key %r is dropped from its batch as a duplicate", one.key)
                assert one.exchange.unit is not None
                one.exchange.unit.release()
                continue
            last = one.key
            kept.append(one.exchange)
        self._outlet.put(kept)

    def _stop(self) -> None:
        with self._lock:
            self._flush()
        self._outlet.finish(30.0)


class Stream:
    """Lets numbered messages pass as soon as all before them have, or they have waited long enough. Thread-safe."""

    def __init__(self, builder: Builder, program: Step, capacity: int, timeout: float, *, reject_old: bool) -> None:
        self._context = builder.context
        self._outlet = _Outlet(builder, program)
        self._capacity = capacity
        self._timeout = timeout
        self._reject_old = reject_old
        self._numbers: list[int] = []
        self._held: dict[int, tuple[Exchange, float]] = {}
        """By number: the message, and until when it waits for those before it (0: for none)."""
        self._last: int | None = None
        self._changed = threading.Condition()
        self._timer: Timer | None = None
        self._stopped = False
        builder.on_start(self._start)
        builder.on_stop(self._stop)

    def add(self, key: Any, exchange: Exchange, *, ignore_invalid: bool) -> None:
        """Take a message; waits while too many are held. Raises CamelExchangeException for one without a number, or late with ``reject_old``."""
        try:
            number = integer(key)
        except ConversionFailed:
            number = None
        if number is None:
            if ignore_invalid:
                return
            raise self._refused(IllegalArgumentException("Element cannot be used in comparator: it has no number"))
        with self._changed:
            self._changed.wait_for(lambda: len(self._held) < self._capacity or self._stopped)
            if self._reject_old and self._last is not None and number < self._last:
                raise self._refused(
                    CamelExchangeException(f"message {number} should have been sent before {self._last}, the last one")
                )
            if number in self._held:
                return  # the first of two with one number stays, as in Camel's set
            bisect.insort(self._numbers, number)
            self._held[number] = (_Outlet.hold(exchange), self._until(number))
            after = self._held.get(number + 1)
            if after is not None:
                self._held[number + 1] = (after[0], 0.0)
            self._deliver()

    def _refused(self, cause: Exception) -> CamelExchangeException:
        error = CamelExchangeException(
            f"Error processing Exchange in StreamResequencer. Caused by: [{type(cause).__name__} - {cause}]"
        )
        error.__cause__ = cause
        return error

    def _until(self, number: int) -> float:
        if (self._last is not None and number == self._last + 1) or number - 1 in self._held or self._stopped:
            return 0.0
        return time.monotonic() + self._timeout

    def _deliver(self) -> None:
        """Let pass what may; under the lock."""
        now = time.monotonic()
        passing: list[Exchange] = []
        while self._numbers:
            number = self._numbers[0]
            exchange, until = self._held[number]
            follows = self._last is not None and number == self._last + 1
            if until > now and not follows and not self._stopped:
                break
            del self._numbers[0]
            del self._held[number]
            self._last = number
            passing.append(exchange)
        if passing:
            self._outlet.put(passing)
            self._changed.notify_all()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._numbers:
            self._timer = self._context.later(max(self._held[self._numbers[0]][1] - now, 0.0), self._timed_out)

    def _timed_out(self) -> None:
        with self._changed:
            self._deliver()

    def _start(self) -> None:
        self._stopped = False

    def _stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._deliver()
            self._changed.notify_all()
        self._outlet.finish(30.0)
