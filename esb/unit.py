"""The unit of work: the acknowledgement of one delivery."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import ClassVar, Final

from esb.errors import graver

_log = logging.getLogger("esb.unit")

LATER: Final = object()
"""What a callback returns that has not ended yet: it calls :meth:`UnitOfWork.go_on` when it has, once, from any thread."""
Settled = Callable[["UnitOfWork"], object]
"""What is called when a unit settles; the value says nothing unless it is :data:`LATER`."""


class UnitOfWork:
    """Counts what a delivery still waits for, and settles exactly once when that is nothing.

    The consumer makes the unit with one hold of its own, gives it to the exchange and releases its hold when the route has run. Whoever keeps
    the message alive beyond that (a pipelined send, an in-memory hand-over) takes a hold first and releases it with the outcome, from any
    thread. ``error`` is the first failure, or the first that leaves open what a call has done (:func:`~esb.errors.graver`). ``on_settle`` runs in
    the thread that releases last: it must be quick and must not raise.

    A part of a split and a branch of a multicast have a unit of their own, whose ``parent`` is that of the message they come from. The step waits
    for its parts, so what outlives them (seda's queue, an aggregator's open group) takes :meth:`hold_delivery` instead, and what is to be done when
    the message has had its effect is given to :meth:`before_delivered`.
    """

    __slots__ = ("_after", "_holds", "_lock", "_on_settle", "error", "parent")

    returns: ClassVar[bool] = False
    """Whether a failure brings the message again: so of deliveries of a durable channel."""

    _after: UnitOfWork | None
    """Of a part: what outlives it, None if nothing does. Set by the first :meth:`before_delivered` only: a part is made for every row of a file."""

    def __init__(self, on_settle: Settled | None = None, parent: UnitOfWork | None = None) -> None:
        self._holds = 1
        self._lock = threading.Lock()
        self._on_settle: list[Settled] = [on_settle] if on_settle else []
        self.error: BaseException | None = None
        self.parent = parent

    @property
    def delivery(self) -> UnitOfWork:
        """The unit of what was delivered from outside: this one, or the outermost parent."""
        unit = self
        while unit.parent is not None:
            unit = unit.parent
        return unit

    def hold_delivery(self) -> UnitOfWork:
        """Keep the delivery open for what outlives this part of it; the hold is released with the outcome at the unit that is given back.

        Where something waits for this part's effect, that is a unit between the two, which is this part's alone: of the parts of a delivery that
        comes again, only those that failed are done again.
        """
        if self.parent is None:
            self.hold()
            return self
        if not hasattr(self, "_after"):
            return self.parent.hold_delivery()
        with self._lock:
            if self._holds <= 0:  # steps that a timeout left behind: nothing waits for them any more
                return self.parent.hold_delivery()
            if self._after is None:
                outer = self.parent.hold_delivery()
                after = self._after = UnitOfWork(lambda unit: outer.release(unit.error))
                self._on_settle.insert(0, lambda _: after.release())  # open as long as the part, and after all its own
            self._after.hold()
            return self._after

    def hold(self) -> None:
        """Keep the unit open for one more outcome. A settled one stays settled: its delivery is acknowledged, and nothing can wait for more."""
        with self._lock:
            if self._holds > 0:
                self._holds += 1

    def release(self, error: BaseException | None = None) -> None:
        """Give back one hold, with its failure if there was one."""
        with self._lock:
            if error is not None:
                self.error = graver(self.error, error)
            self._holds -= 1
            last = self._holds == 0
        if last:
            self.go_on()

    def go_on(self) -> None:
        """Call what is left to be called now that the unit settles. For whoever returned :data:`LATER`."""
        while self._on_settle:
            try:
                settled = self._on_settle.pop()
            except IndexError:  # given too late, and taken back by its giver
                return
            try:
                if settled(self) is LATER:
                    return
            except Exception:  # those before the consumer's own must not keep it from acknowledging
                _log.exception("what was to be done when a unit of work settles has failed")

    def before_delivered(self, settled: Settled) -> None:
        """As :meth:`before_settle`; of a part that has not failed, once what outlives it has its outcome, too: only then has it had its effect."""
        if self.parent is None:
            self.before_settle(settled)
            return
        if not hasattr(self, "_after"):
            self._after = None

        def part_settled(unit: UnitOfWork) -> object:
            after = self._after
            if after is None or unit.error is not None:
                return settled(unit)
            after.before_settle(settled)
            return None

        self.before_settle(part_settled)

    def before_settle(self, settled: Settled) -> None:
        """Call ``settled`` when the unit settles, before the consumer's own callback, the last that was given first.

        If it has settled (steps that a timeout left behind give what nobody calls any more), at once. No lock: consumers call this for each message.
        """
        self._on_settle.append(settled)
        if self._holds <= 0:
            try:
                self._on_settle.remove(settled)
            except ValueError:  # just called, by whoever settles the unit
                return
            settled(self)

    @property
    def open(self) -> bool:
        """Whether an outcome is still awaited."""
        return self._holds > 0


class ReturningUnit(UnitOfWork):
    """The unit of a delivery that its source brings again after a failure."""

    __slots__ = ()

    returns = True
