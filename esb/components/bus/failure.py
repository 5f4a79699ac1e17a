"""What becomes of a message that its route did not handle: again later, the invalid-message queue, or the dead-letter queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from esb.broker.contract import Delivery, Move, Outcome, Retry
from esb.broker.history import ORIGIN, TRIED, causes, history, outage, tried
from esb.errors import RemoteFault, TransportError, ValidationFailed, unknown_outcome
from esb.exchange import Exchange
from esb.javanames import ValidationException

RETRY: Final = "retry"
INVALID: Final = "invalid"
DEAD: Final = "dead"


@dataclass(frozen=True, slots=True)
class FailurePolicy:
    """The rules of one endpoint. Times in seconds. Immutable."""

    dead_letters: str
    invalid: str
    maximum_redeliveries: int = 5
    delay: float = 1.0
    multiplier: float = 2.0
    maximum_delay: float = 60.0
    on_fault: str = INVALID

    def verdict(self, error: BaseException) -> str:
        """Whether trying again may help (``retry``), the message is at fault (``invalid``), or neither (``dead``).

        A call whose outcome nobody knows is made again only where it was declared idempotent: else people decide.
        """
        if unknown_outcome(
            error
        ):  # a gateway's word too, a RemoteFault; and an answer that breaks its type is no fault of this message
            return DEAD
        for cause in causes(error):
            if isinstance(cause, (ValidationFailed, ValidationException)):
                return INVALID
            if isinstance(cause, RemoteFault):
                return RETRY if cause.retriable else self.on_fault
            if isinstance(cause, TransportError):
                return RETRY if cause.retriable else DEAD
        return RETRY

    def outcome(self, delivery: Delivery, error: BaseException, exchange: Exchange) -> Outcome:
        """What to do with the delivery."""
        if outage(error):  # held back for a moment; the send itself has waited for the broker as long as it may
            return Retry(self.delay, counted=False)
        verdict = self.verdict(error)
        if verdict == RETRY and (self.maximum_redeliveries < 0 or delivery.attempts <= self.maximum_redeliveries):
            return Retry(self.pause(delivery.attempts, error), again(delivery, error, exchange))
        return Move(self.invalid if verdict == INVALID else self.dead_letters, failed(delivery, error, exchange))

    def pause(self, attempts: int, error: BaseException) -> float:
        """Seconds until the next attempt: growing, and no less than the other side asked for."""
        grown = self.delay * self.multiplier ** min(attempts - 1, 64)
        asked = max(
            (cause.retry_after or 0.0 for cause in causes(error) if isinstance(cause, TransportError)), default=0.0
        )
        return max(min(grown, self.maximum_delay), asked)


def again(delivery: Delivery, error: BaseException, exchange: Exchange) -> dict[str, object]:
    """The header that a message is tried again with: what went wrong each time."""
    label = exchange.properties.get("esb.failedStep")
    return tried(
        # On a queue of failed messages it tells of another queue's attempts.
        None if ORIGIN in delivery.headers else delivery.headers.get(TRIED),
        error,
        route=str(exchange.properties.get("CamelFailureRouteId") or exchange.from_route or ""),
        step=label.id if label is not None else "",
        attempt=delivery.attempts,
    )


def failed(delivery: Delivery, error: BaseException, exchange: Exchange) -> dict[str, object]:
    """The history headers of a delivery."""
    label = exchange.properties.get("esb.failedStep")
    return history(
        error,
        route=exchange.properties.get("CamelFailureRouteId") or exchange.from_route,
        step=label.id if label is not None else "",
        at=str(label.at) if label is not None else "",
        attempts=delivery.attempts,
        origin=delivery.queue,
    )
