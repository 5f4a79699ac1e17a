"""The sending end of ``bus:``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from esb.component import Producer
from esb.components.bus.message import outgoing, sent
from esb.errors import StepFailed, TransportError
from esb.exchange import Exchange

if TYPE_CHECKING:
    from esb.components.bus.endpoint import BusEndpoint


class BusProducer(Producer):
    """Publishes; keeps :class:`esb.component.PipelinedProducer`. Thread-safe."""

    def __init__(self, endpoint: BusEndpoint) -> None:
        self._endpoint = endpoint
        self._channel = endpoint.channel
        self._publish = endpoint.publish

    def start(self) -> None:
        """Declare the queue or topic; waits for no connection."""
        self._endpoint.declare()

    def send(self, exchange: Exchange) -> None:
        """Publish and wait until the message is durable. Raises TransportError, or ConversionFailed for a body that is not marshalled."""
        component = self._endpoint.component
        sender = threading.get_ident()
        if sender == component.answering:
            # A step that runs when a unit settles may be on the thread that would have to bring the answer.
            raise StepFailed(
                f"{self._endpoint.uri}: a send that waits is not possible on the broker's own thread; "
                "let the step run in the background (onCompletion: parallelProcessing)"
            )
        failure: list[TransportError | None] = []
        # A bare lock is the cheapest thing that one thread can wait for and another release.
        answered = threading.Lock()
        answered.acquire()

        def done(error: TransportError | None) -> None:
            answering = threading.get_ident()
            if answering != sender:  # a closed broker answers in our own thread
                component.answering = answering
            failure.append(error)
            answered.release()

        self._publish(outgoing(exchange, self._channel), done)
        answered.acquire()  # the broker calls back in any case: it has a timeout of its own
        if failure[0] is not None:
            raise failure[0]
        sent(exchange, self._channel)

    def send_pipelined(self, exchange: Exchange, done: Callable[[Exception | None], None]) -> None:
        """Publish and return; ``done`` is called when the message is durable, or with the failure."""
        self._publish(outgoing(exchange, self._channel), done)
