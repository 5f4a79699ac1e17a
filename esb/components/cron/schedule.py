"""A schedule on the wall clock."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from esb.components.cron.zoned import Next


class ByClock:
    """Fires when the wall clock reaches the next time of the schedule. What was missed (a long run, a machine asleep) fires once."""

    def __init__(self, following: Next, clock: Callable[[], float] = time.time) -> None:
        self._following = following
        self._clock = clock
        self._next = following(self._now())
        self.fired: dt.datetime | None = None
        """The scheduled time of the last firing."""

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock(), dt.UTC)

    def left(self) -> float | None:
        """See :class:`esb.components._firing.Schedule`."""
        return None if self._next is None else self._next.timestamp() - self._clock()

    def advance(self) -> None:
        """See :class:`esb.components._firing.Schedule`."""
        self.fired = self._next
        # Not from the time just fired: a clock set back must not fire it again, nor a long run leave a queue of firings.
        assert self._next is not None
        self._next = self._following(max(self._now(), self._next))
