"""A schedule on the wall clock."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Final

from esb.components.cron.zoned import Next

_CORRECTION: Final = 3 * 3600.0
"""Seconds. A clock that is set back by less must fire nothing again; one that is set back by more was wrong before, and what is due by the right time
is due. Debian's cron draws the line at three hours, too."""


class ByClock:
    """Fires when the wall clock reaches the next time of the schedule. What was missed (a long run, a machine asleep) fires once.

    Set back by up to three hours, nothing fires that fired before.
    """

    def __init__(self, following: Next, clock: Callable[[], float] = time.time) -> None:
        self._following = following
        self._clock = clock
        self._seen = clock()
        self._next = following(self._now())
        self.fired: dt.datetime | None = None
        """The scheduled time of the last firing."""

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock(), dt.UTC)

    def left(self) -> float | None:
        """See :class:`esb.components._firing.Schedule`."""
        now = self._clock()
        if now < self._seen - _CORRECTION:
            self._next = self._following(self._now())
        self._seen = now
        return None if self._next is None else self._next.timestamp() - now

    def advance(self) -> None:
        """See :class:`esb.components._firing.Schedule`."""
        self.fired = self._next
        # Not from the time just fired: a clock set back must not fire it again, nor a long run leave a queue of firings.
        assert self._next is not None
        self._next = self._following(max(self._now(), self._next))
