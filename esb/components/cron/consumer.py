"""The consumer of ``cron:`` and ``quartz:``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from esb.component import Consumer, Deliver, Endpoint
from esb.components._firing import Firing, Schedule
from esb.exchange import IN_ONLY, Exchange
from esb.unit import UnitOfWork


@dataclass(frozen=True, slots=True)
class Named:
    """What a trigger is called."""

    name: str
    group: str


class CronConsumer(Consumer):
    """Fires in one process of the project only. Headers as Quartz sets them, as far as they mean something here."""

    exclusive: ClassVar[bool] = True

    def __init__(self, endpoint: Endpoint, deliver: Deliver, named: Named, schedule: Callable[[], Schedule]) -> None:
        self.endpoint = endpoint
        self.deliver = deliver
        self.named = named
        self._previous: dt.datetime | None = None
        self._firing = Firing(f"{endpoint.scheme}-{named.name}", schedule, self._fire)

    def start(self) -> None:
        """Wait for the next time of the schedule; what lies before is not made up for."""
        self._firing.suspended = False
        self._firing.start()

    def stop(self, drain: float = 30.0) -> None:
        """Fire no more."""
        self._firing.stop(drain)

    def suspend(self) -> None:
        """Leave firings out until :meth:`resume`."""
        self._firing.suspended = True

    def _fire(self) -> None:
        now = dt.datetime.now(dt.UTC)
        exchange = Exchange(pattern=self.endpoint.exchange_pattern or IN_ONLY)
        exchange.unit = UnitOfWork()
        exchange.from_endpoint = self.endpoint.uri
        exchange.headers.update(
            CamelMessageTimestamp=int(now.timestamp() * 1000),
            fireTime=now,
            previousFireTime=self._previous,
            triggerName=self.named.name,
            triggerGroup=self.named.group,
        )
        self._previous = now
        self.deliver([exchange])
