"""``timer:name``: starts an exchange again and again (Camel's timer component)."""

from __future__ import annotations

import datetime as dt
import queue
import re
import time
from typing import ClassVar

from esb.component import Component, Consumer, Deliver, Endpoint
from esb.components._firing import Firing, Periodic
from esb.errors import OptionError
from esb.exchange import IN_ONLY, Exchange
from esb.fields import Kind, field
from esb.unit import UnitOfWork


class TimerEndpoint(Endpoint):
    """Options of ``timer:``. The exchange has no body; while a route runs longer than the period, firings do not overlap."""

    name = field(Kind.TEXT, path=True, doc="Name of the timer.", example="nightly", aliases=("timerName",))
    period = field(Kind.DURATION, 1.0, doc="Time from one firing to the next; 0: fire once.", example="5s")
    delay = field(Kind.DURATION, 1.0, doc="Time before the first firing; -1: fire repeatCount times without any pause.")
    repeat_count = field(Kind.INT, 0, doc="How often to fire; 0: for ever.")
    fixed_rate = field(
        Kind.BOOL, False, doc="Count the period from the first firing on, and catch up what a long run delayed."
    )
    time = field(
        Kind.TEXT,
        None,
        doc="Date of the first firing, in local time; one in the past fires at once.",
        example="2026-10-17T06:00:00",
    )
    pattern = field(
        Kind.TEXT, None, doc="Java pattern of 'time'; without it yyyy-MM-dd HH:mm:ss, a T may stand for the blank."
    )
    include_metadata = field(
        Kind.BOOL,
        False,
        doc="Set CamelTimerName, -Period, -Counter, -FiredTime, -Time as properties, and the time as headers.",
    )
    daemon = field(Kind.BOOL, True, doc="Java only, accepted without effect.")
    synchronous = field(Kind.BOOL, False, doc="Accepted: a timer's route always runs in the timer's thread.")
    timer = field(Kind.REF, None, doc="Java only, accepted without effect.")

    def prepare(self) -> None:
        if self.period < 0 or self.repeat_count < 0:
            raise OptionError(f"timer:{self.name}: period and repeatCount must not be negative", self.at)
        self.first: dt.datetime | None = None
        if self.time:
            try:
                self.first = _first(self.time, self.pattern)
            except ValueError as error:
                raise OptionError(f"timer:{self.name}: time: {error}", self.at) from error

    def consumer(self, deliver: Deliver) -> TimerConsumer:
        return TimerConsumer(self, deliver)

    def initial_delay(self) -> float:
        """Seconds from now to the first firing."""
        if self.first is None:
            return float(self.delay)
        return max(self.first.timestamp() - time.time(), 0.0)

    def poll(self, timeout: float | None) -> Exchange | None:
        """The first firing after now, counted as for a route that starts now; None if it does not come in time."""
        fired: queue.SimpleQueue[Exchange] = queue.SimpleQueue()
        consumer = TimerConsumer(self, lambda exchanges: fired.put(exchanges[0]))
        consumer.start()
        try:
            return fired.get(timeout=timeout)
        except queue.Empty:
            return None
        finally:
            consumer.stop(0.0)


_SIGNS = {
    "yyyy": "%Y",
    "yy": "%y",
    "MM": "%m",
    "dd": "%d",
    "HH": "%H",
    "mm": "%M",
    "ss": "%S",
    "SSS": "%f",
    "Z": "%z",
    "XXX": "%z",
}


def _first(text: str, pattern: str | None) -> dt.datetime:
    """The date of 'time', in local time unless it names a zone. Raises ValueError."""
    if pattern:
        python = re.sub(
            r"'([^']*)'|([A-Za-z])\2*", lambda part: part[1] if part[1] is not None else _sign(part[0]), pattern
        )
        return dt.datetime.strptime(text, python).astimezone()
    return dt.datetime.fromisoformat(text).astimezone()


def _sign(letters: str) -> str:
    if letters not in _SIGNS:
        raise ValueError(f"the pattern has {letters!r}; known are {', '.join(_SIGNS)}")
    return _SIGNS[letters]


class TimerComponent(Component):
    """Has no state."""

    schemes = ("timer",)
    endpoint_class = TimerEndpoint


class TimerConsumer(Consumer):
    """Fires in one process of the project only."""

    exclusive: ClassVar[bool] = True

    def __init__(self, endpoint: TimerEndpoint, deliver: Deliver) -> None:
        self.endpoint = endpoint
        self.deliver = deliver
        self._counter = 0
        self._firing = Firing(f"timer-{endpoint.name}", self._schedule, self._fire)

    def _schedule(self) -> Periodic:
        endpoint = self.endpoint
        self._counter = 0
        return Periodic(
            delay=endpoint.initial_delay(),
            period=endpoint.period,
            count=endpoint.repeat_count,
            fixed_rate=endpoint.fixed_rate,
        )

    def start(self) -> None:
        """Begin to count."""
        self._firing.suspended = False
        self._firing.start()

    def stop(self, drain: float = 30.0) -> None:
        """Fire no more."""
        self._firing.stop(drain)

    def suspend(self) -> None:
        """Leave firings out; the count goes on from the same beat after :meth:`resume`."""
        self._firing.suspended = True

    def _fire(self) -> None:
        endpoint = self.endpoint
        exchange = Exchange(pattern=endpoint.exchange_pattern or IN_ONLY)
        exchange.unit = UnitOfWork()
        exchange.from_endpoint = endpoint.uri
        self._counter += 1
        if endpoint.include_metadata:
            now = dt.datetime.now(dt.UTC)
            exchange.properties.update(
                CamelTimerName=endpoint.name,
                CamelTimerPeriod=round(endpoint.period * 1000),
                CamelTimerCounter=self._counter,
                CamelTimerFiredTime=now,
            )
            if endpoint.first is not None:
                exchange.properties["CamelTimerTime"] = endpoint.first
            exchange.headers["CamelTimerFiredTime"] = now
            exchange.headers["CamelMessageTimestamp"] = int(now.timestamp() * 1000)
        self.deliver([exchange])
