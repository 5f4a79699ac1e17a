"""acknowledgeMode MANUAL: what a route, or a bean it calls, settles a message by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esb.broker.contract import Ack, Release


class Settling:
    """In the exchange's property ``CamelSpringRabbitmqChannel``. Settles its one message, once; further calls do nothing. Thread-safe.

    ``basicAck``, ``basicNack`` and ``basicReject`` are those of Java's channel, for this message only: the tag is ignored.
    """

    __slots__ = ("_settle", "decided")

    def __init__(self, settle: Callable[[Any], None]) -> None:
        self._settle = settle
        self.decided = False

    def ack(self) -> None:
        """The message is done: RabbitMQ forgets it."""
        self._decide(Ack())

    def reject(self, *, requeue: bool = False) -> None:
        """Give it back to its queue, or have RabbitMQ dead-letter it (drop it, where the queue has no dead-letter exchange)."""
        from esb.broker.subscription import Reject

        self._decide(Release() if requeue else Reject())

    def _decide(self, outcome: Any) -> None:
        if not self.decided:
            self.decided = True
            self._settle(outcome)

    def basicAck(self, _tag: int = 0, _multiple: bool = False) -> None:  # noqa: N802 - Java's name and order
        """As :meth:`ack`."""
        self.ack()

    def basicNack(self, _tag: int = 0, _multiple: bool = False, requeue: bool = False) -> None:  # noqa: N802 - Java's name and order
        """As :meth:`reject`."""
        self.reject(requeue=requeue)

    def basicReject(self, _tag: int = 0, requeue: bool = False) -> None:  # noqa: N802 - Java's name and order
        """As :meth:`reject`."""
        self.reject(requeue=requeue)
