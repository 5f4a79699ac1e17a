"""``scheduler:name``: starts an exchange again and again, counting from the end of the last one (Camel's scheduler component)."""

from __future__ import annotations

import datetime as dt
import time
from typing import ClassVar, Final

from esb.component import Component, Consumer, Deliver, Endpoint
from esb.components._firing import Firing, Periodic, Schedule
from esb.errors import OptionError
from esb.exchange import IN_ONLY, Exchange
from esb.fields import Kind, field
from esb.unit import UnitOfWork

_UNITS: Final = {
    "MILLISECONDS": 1.0,
    "SECONDS": 1000.0,
    "MINUTES": 60_000.0,
    "HOURS": 3_600_000.0,
    "DAYS": 86_400_000.0,
}
_JAVA: Final = "Java only, accepted without effect."


class SchedulerEndpoint(Endpoint):
    """Options of ``scheduler:``. The exchange has no body; firings do not overlap."""

    name = field(Kind.TEXT, path=True, doc="Name of the scheduler.", example="sweep")
    initial_delay = field(Kind.DURATION, 1.0, doc="Time before the first firing.")
    delay = field(Kind.DURATION, 0.5, doc="Time from the end of one firing to the next.", example="5s")
    repeat_count = field(Kind.INT, 0, doc="How often to fire; 0: for ever.")
    use_fixed_delay = field(
        Kind.BOOL, True, doc="Count from the end of a firing; otherwise from the first one on, catching up."
    )
    time_unit = field(
        Kind.TEXT, "MILLISECONDS", enum=tuple(_UNITS), doc="Unit of numbers in delay and initialDelay that have none."
    )
    include_metadata = field(Kind.BOOL, False, doc="Set CamelTimerName and -FiredTime as properties.")
    start_scheduler = field(Kind.BOOL, True, doc="Whether to fire at all.")
    pool_size = field(Kind.INT, 1, doc="Accepted: one thread fires.")
    greedy = field(Kind.BOOL, False, doc="Accepted without effect: the delay is always kept.")
    synchronous = field(Kind.BOOL, False, doc="Accepted: the route always runs in the scheduler's thread.")
    send_empty_message_when_idle = field(Kind.BOOL, False, doc="Accepted: there is a message at each firing.")
    run_logging_level = field(Kind.TEXT, "TRACE", doc="Accepted without effect.")
    backoff_multiplier = field(Kind.INT, 0, doc="Accepted without effect: every firing makes a message.")
    backoff_idle_threshold = field(Kind.INT, 0, doc="Accepted without effect.")
    backoff_error_threshold = field(Kind.INT, 0, doc="Accepted without effect.")
    poll_strategy = field(Kind.REF, None, doc=_JAVA)
    scheduled_executor_service = field(Kind.REF, None, doc=_JAVA)
    scheduler = field(Kind.TEXT, "none", doc=_JAVA)
    scheduler_properties = field(Kind.MAP, None, doc=_JAVA)

    def prepare(self) -> None:
        if self.delay <= 0 or self.initial_delay < 0 or self.repeat_count < 0:
            raise OptionError(
                f"scheduler:{self.name}: delay must be positive, initialDelay and repeatCount not negative", self.at
            )

    def consumer(self, deliver: Deliver) -> SchedulerConsumer:
        return SchedulerConsumer(self, deliver)


class SchedulerComponent(Component):
    """Has no state."""

    schemes = ("scheduler",)
    endpoint_class = SchedulerEndpoint


class _AfterEnd:
    """Counts the delay from the end of a firing; keeps :class:`esb.components._firing.Schedule`."""

    def __init__(self, first: float, delay: float, count: int) -> None:
        self._delay = delay
        self._next: float | None = time.monotonic() + first
        self._left = count or -1

    def left(self) -> float | None:
        if not self._left:
            return None
        if self._next is None:
            self._next = time.monotonic() + self._delay
        return self._next - time.monotonic()

    def advance(self) -> None:
        self._next = None  # known when this firing has ended
        self._left -= 1


class SchedulerConsumer(Consumer):
    """Fires in one process of the project only."""

    exclusive: ClassVar[bool] = True

    def __init__(self, endpoint: SchedulerEndpoint, deliver: Deliver) -> None:
        self.endpoint = endpoint
        self.deliver = deliver
        self._firing = Firing(f"scheduler-{endpoint.name}", self._schedule, self._fire)

    def _schedule(self) -> Schedule:
        endpoint = self.endpoint
        unit = _UNITS[endpoint.time_unit]
        first, delay, count = endpoint.initial_delay * unit, endpoint.delay * unit, endpoint.repeat_count
        if endpoint.use_fixed_delay:
            return _AfterEnd(first, delay, count)
        return Periodic(delay=first, period=delay, count=count, fixed_rate=True)

    def start(self) -> None:
        """Begin to count."""
        if self.endpoint.start_scheduler:
            self._firing.suspended = False
            self._firing.start()

    def stop(self, drain: float = 30.0) -> None:
        """Fire no more."""
        self._firing.stop(drain)

    def suspend(self) -> None:
        """Leave firings out until :meth:`resume`."""
        self._firing.suspended = True

    def _fire(self) -> None:
        endpoint = self.endpoint
        exchange = Exchange(pattern=endpoint.exchange_pattern or IN_ONLY)
        exchange.unit = UnitOfWork()
        exchange.from_endpoint = endpoint.uri
        if endpoint.include_metadata:
            now = dt.datetime.now(dt.UTC)
            exchange.properties.update(CamelTimerName=endpoint.name, CamelTimerFiredTime=now)
            exchange.headers["CamelMessageTimestamp"] = int(now.timestamp() * 1000)
        self.deliver([exchange])
