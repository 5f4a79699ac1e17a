"""What every subscription does on the side of the route: hand batches over, know what is in hand, pause and stop.

The broker's own thread calls :meth:`Handover.deliver`; any thread may call the rest.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from esb.broker.contract import Delivery

log = logging.getLogger(__name__)

Held = TypeVar("Held")
Settlement = TypeVar("Settlement")


class Handover(Generic[Held]):
    """Deliveries in hand, each with what the broker needs to settle it (a row, a delivery tag)."""

    def __init__(self, queue: str, on_batch: Callable[[list[Delivery]], None], prefetch: int) -> None:
        if prefetch < 1:
            raise ValueError(f"prefetch is {prefetch}; it must be at least 1, or nothing would ever be delivered")
        self.queue = queue
        self.prefetch = prefetch
        self.epoch = 0
        self.paused = False
        self.stopped = False
        self._on_batch = on_batch
        self._in_hand: dict[int, Held] = {}
        self._tags = itertools.count(1)
        # Re-entrant: on_batch itself may call stop() or pause().
        self._lock = threading.RLock()

    @property
    def credit(self) -> int:
        """How many more may be handed over now."""
        return 0 if self.paused or self.stopped else self.prefetch - len(self._in_hand)

    @property
    def in_hand(self) -> int:
        """Deliveries that are handed over and not settled."""
        return len(self._in_hand)

    @property
    def idle(self) -> bool:
        """Takes nothing and holds nothing: an exclusive queue may pass to the next consumer."""
        return (self.paused or self.stopped) and not self._in_hand

    def next_tag(self) -> int:
        """A tag that was never used: the same message delivered twice has two, so that a late second settlement hits nothing."""
        return next(self._tags)

    def deliver(self, batch: list[tuple[Delivery, Held]]) -> list[Held]:
        """Hand a batch over; returns what the broker must take back (paused or stopped meanwhile, or ``on_batch`` failed)."""
        with self._lock:
            if self.paused or self.stopped:
                return [held for _, held in batch]
            for delivery, held in batch:
                self._in_hand[delivery.tag] = held
            try:
                self._on_batch([delivery for delivery, _ in batch])
            except Exception:
                log.exception("the consumer of queue %s failed to take a batch of %d; released", self.queue, len(batch))
                taken = [self._in_hand.pop(delivery.tag, None) for delivery, _ in batch]
                return [held for held in taken if held is not None]
            return []

    def take(self, outcomes: Iterable[tuple[Delivery, Settlement]]) -> list[tuple[Held, Settlement]]:
        """Take settled deliveries out of hand; those of an earlier epoch and those settled before are left out."""
        taken = []
        for delivery, outcome in outcomes:
            if delivery.epoch == self.epoch:
                # A dict's pop is atomic: no lock, so that settling never waits for a running on_batch.
                held = self._in_hand.pop(delivery.tag, None)
                if held is not None:
                    taken.append((held, outcome))
        return taken

    def pause(self) -> None:
        """After the return nothing is handed over, until :meth:`resume`."""
        with self._lock:
            self.paused = True

    def resume(self) -> None:
        """Undo :meth:`pause`."""
        self.paused = False

    def stop(self) -> None:
        """After the return nothing is handed over any more."""
        with self._lock:
            self.stopped = True

    def forget(self) -> list[Held]:
        """Start a new epoch: what was in hand can no longer be settled here. Returns it."""
        self.epoch += 1
        held = list(self._in_hand.values())
        self._in_hand.clear()
        return held
