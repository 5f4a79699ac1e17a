"""``pollEnrich`` from a queue: one message, by a consumer that lives as long as the message is in hand."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any, Final

from esb.broker.contract import Ack, Delivery, Release
from esb.components.rabbitmq.message import incoming
from esb.errors import OptionError
from esb.exchange import IN_ONLY, Exchange
from esb.unit import UnitOfWork

if TYPE_CHECKING:
    from esb.components.rabbitmq.endpoint import RabbitmqEndpoint

_ROUND_TRIP: Final = 1.0
"""Seconds for a message that is there to arrive; RabbitMQ does not say that there is none."""


def poll(endpoint: RabbitmqEndpoint, timeout: float | None) -> Exchange | None:
    """See :meth:`esb.component.Endpoint.poll`. The message is acknowledged when the exchange is done, and given back if it failed."""
    from esb.broker.rabbitmq.messages import received
    from esb.broker.subscription import Consuming

    if len(endpoint.queue_names) != 1:
        raise OptionError(f"{endpoint.uri}: a poll takes from one queue; name it in the option queues", endpoint.at)
    came: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def take(batch: list[Delivery]) -> None:
        for delivery in batch:
            came.put(delivery)

    subscription = endpoint.broker.consume(
        endpoint.queue_names[0],
        take,
        prefetch=1,
        in_order=True,
        consuming=Consuming(endpoint.consumer_arguments, endpoint.exclusive, received),
    )
    try:
        delivery = came.get(timeout=None if timeout is None else max(timeout, _ROUND_TRIP))
    except queue.Empty:
        subscription.stop()
        while not came.empty():  # it came in this very moment
            subscription.settle([(came.get(), Release())])
        return None
    # Now, for the acknowledgement makes room for another message, which nobody would take.
    subscription.stop()

    def settle(unit: UnitOfWork) -> None:
        subscription.settle([(delivery, Ack() if unit.error is None else Release())])

    exchange = incoming(delivery, IN_ONLY, proxy=True)
    exchange.from_endpoint = endpoint.uri
    exchange.unit = UnitOfWork(settle)
    return exchange
