"""When a publishing channel that has refused a message is followed by another one, and how often."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from esb.broker.amqp_thread import IoThread

log = logging.getLogger(__name__)

_FIRST: Final = 0.2  # seconds from a refusal to the next channel; doubled each time
_LONGEST: Final = 2.0
_CALM: Final = 30.0  # without a refusal for so long, it begins anew
_DRAIN: Final = 5.0  # seconds for what is open on the former channel to be answered
_LOOK: Final = 0.005
_OPENING: Final = 15.0  # seconds for the broker to open a channel


class Renewal:
    """Everything on the I/O thread.

    ``open_another`` opens a channel and gives it to :meth:`ready`; ``quiet`` says whether nothing is open on the old one.
    """

    def __init__(self, thread: IoThread, quiet: Callable[[], bool], open_another: Callable[[], None]) -> None:
        self.holding = False
        """Whether the next channel is there, and nothing may go out until it has taken over: so order stays, and nothing is sent twice."""
        self._thread = thread
        self._quiet = quiet
        self._open_another = open_another
        self._round = 0
        self._wanted = False
        self._pause = _FIRST
        self._last = -_CALM

    def want(self, name: str) -> None:
        """A message was refused. Calls until the next channel has taken over are one."""
        if self._wanted:
            return
        self._wanted = True
        now = time.monotonic()
        if now - self._last > _CALM:
            self._pause = _FIRST
            log.warning(
                "RabbitMQ refuses messages for %s: the queue is full, or has no leader; looking for it on another channel",
                name,
            )
        self._last = now
        self._thread.later(self._pause, partial(self._begin, self._round))
        self._pause = min(self._pause * 2, _LONGEST)

    def ready(self, go_over: Callable[[Any], None], channel: Any) -> None:
        """The other channel takes messages; ``go_over`` is called with it as soon as the former one is quiet."""
        if not self._wanted or self.holding:
            channel.close()
            return
        self.holding = True
        self._look(self._round, go_over, channel, time.monotonic() + _DRAIN)

    def cancel(self) -> None:
        """The former channel is gone, and with it what it had refused for."""
        self._round += 1
        self._wanted = self.holding = False

    def _begin(self, round_: int) -> None:
        if round_ == self._round:
            self._thread.later(_OPENING, partial(self._give_up, round_))
            self._open_another()

    def _give_up(self, round_: int) -> None:
        if round_ == self._round:
            self.cancel()

    def _look(self, round_: int, go_over: Callable[[Any], None], channel: Any, latest: float) -> None:
        if round_ != self._round:
            if channel.is_open:
                channel.close()
        elif not channel.is_open:
            self.cancel()
        elif self._quiet() or time.monotonic() > latest:
            self.cancel()
            go_over(channel)
        else:
            self._thread.later(_LOOK, partial(self._look, round_, go_over, channel, latest))
