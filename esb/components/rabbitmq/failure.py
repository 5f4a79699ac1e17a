"""What becomes of a message that its route did not handle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from esb.broker.history import causes, history
from esb.errors import TransportError, ValidationFailed
from esb.exchange import Exchange
from esb.javanames import ValidationException

if TYPE_CHECKING:
    from esb.broker.rabbitmq.messages import Received


def hopeless(error: BaseException) -> bool:
    """Whether there is no other attempt: it would end the same (broken data, what can never be sent), or might do twice what is done."""
    for cause in causes(error):
        if isinstance(cause, (ValidationFailed, ValidationException)):
            return True
        if isinstance(cause, TransportError):
            return not cause.retriable or cause.uncertain
    return False


def failed(delivery: Received, error: BaseException, exchange: Exchange, attempts: int) -> dict[str, Any]:
    """The history headers of a dead letter: why, where, when and how often."""
    label = exchange.properties.get("esb.failedStep")
    return history(
        error,
        route=exchange.properties.get("CamelFailureRouteId") or exchange.from_route,
        step=label.id if label is not None else "",
        at=str(label.at) if label is not None else "",
        attempts=attempts,
        origin=delivery.queue,
    )
