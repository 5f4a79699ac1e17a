"""The receiving end: a lane for each queue."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING

from esb.component import Consumer, Deliver
from esb.components.rabbitmq.lane import Lane
from esb.components.rabbitmq.producer import declare
from esb.components.rabbitmq.topology import consumed

if TYPE_CHECKING:
    from esb.components.rabbitmq.endpoint import RabbitmqEndpoint

log = logging.getLogger("esb.rabbitmq")


class RabbitmqConsumer(Consumer):
    """Declares what the endpoint says, and consumes from its queues, or from one of its own."""

    def __init__(self, endpoint: RabbitmqEndpoint, deliver: Deliver) -> None:
        self.endpoint = endpoint
        self._stopping = threading.Event()
        self._queues = endpoint.queue_names or (f"esb.gen-{uuid.uuid4()}",)
        self._lanes = [Lane(endpoint, queue, deliver, self._stopping) for queue in self._queues]
        self._started = False

    def start(self) -> None:
        """Begin, unless autoStartup is false. Raises OptionError for what RabbitMQ refuses to declare, if it is there to say so."""
        if self.endpoint.auto_startup:
            self._start()

    def _start(self) -> None:
        endpoint = self.endpoint
        if endpoint.test_connection_on_startup:
            endpoint.component.check(endpoint)
        self._stopping.clear()
        declare(endpoint, consumed(endpoint, self._queues, own=not endpoint.queue_names))
        for lane in self._lanes:
            lane.start()
        self._started = True

    def suspend(self) -> None:
        """Take nothing new; what no worker has begun goes back."""
        for lane in self._lanes:
            lane.suspend()

    def resume(self) -> None:
        """Take again; begins an endpoint that did not start by itself."""
        if not self._started:
            self._start()
        for lane in self._lanes:
            lane.resume()

    def stop(self, drain: float = 30.0) -> None:
        """Give back what no worker has begun, and wait for the rest. What is still under way after ``drain`` settles late, or comes again."""
        deadline = time.monotonic() + drain
        self._stopping.set()
        for lane in self._lanes:
            lane.quiet()
        left = [delivery for lane in self._lanes for delivery in lane.stop(deadline)]
        if left:
            log.warning(
                "%s stopped after %g s with %d messages under way; they settle late or come again: %s",
                self.endpoint.uri,
                drain,
                len(left),
                ", ".join(delivery.id for delivery in left[:20]),
            )
