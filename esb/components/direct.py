"""``direct:name``: calls another route in the same thread, on the same exchange (Camel's direct component)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ClassVar

from esb.component import Component, Consumer, Context, Deliver, Endpoint, Producer
from esb.errors import NoConsumer, OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field

Process = Callable[[Exchange], None]


class DirectEndpoint(Endpoint):
    """Options of ``direct:``. What the called route changes (body, headers, properties, variables) is seen by the caller."""

    component: DirectComponent

    name = field(Kind.TEXT, path=True, doc="Name of the endpoint; one route consumes from it.", example="orders")
    block = field(
        Kind.BOOL,
        True,
        doc="Whether a sender waits for a consumer that is not there (yet); otherwise it fails at once.",
    )
    timeout = field(Kind.DURATION, 30.0, doc="How long a sender waits for a consumer when it blocks.", example="300ms")
    fail_if_no_consumers = field(
        Kind.BOOL, True, doc="Whether a send without a consumer is an error; otherwise the exchange goes on unchanged."
    )
    synchronous = field(Kind.BOOL, False, doc="Accepted: a call is always synchronous here.")

    def producer(self) -> DirectProducer:
        return DirectProducer(self)

    def consumer(self, deliver: Deliver) -> DirectConsumer:
        return DirectConsumer(self, deliver)


class DirectComponent(Component):
    """Knows which route consumes from which name. Thread-safe."""

    schemes = ("direct",)
    endpoint_class = DirectEndpoint

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.consumers: dict[str, DirectConsumer] = {}
        """The running consumer of each name: read by senders without a lock."""
        self._changed = threading.Condition()

    def add(self, consumer: DirectConsumer) -> None:
        """Let a consumer serve its name. Raises OptionError if another one does."""
        name = consumer.endpoint.name
        with self._changed:
            if self.consumers.setdefault(name, consumer) is not consumer:
                raise OptionError(
                    f"direct:{name} has two consumers, and only one route can answer a call",
                    consumer.endpoint.at,
                    "give one of the routes another name, or send to both with multicast",
                )
            self._changed.notify_all()

    def remove(self, consumer: DirectConsumer) -> None:
        """Serve the name no more. Idempotent."""
        with self._changed:
            if self.consumers.get(consumer.endpoint.name) is consumer:
                del self.consumers[consumer.endpoint.name]

    def wait_for(self, name: str, timeout: float) -> DirectConsumer | None:
        """The consumer of a name as soon as there is one; None after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: name in self.consumers, timeout)
            return self.consumers.get(name)


class DirectProducer(Producer):
    """Runs the consumer's route in the calling thread. Thread-safe."""

    def __init__(self, endpoint: DirectEndpoint) -> None:
        self._endpoint = endpoint
        self._name = endpoint.name
        self._consumers = endpoint.component.consumers

    def send(self, exchange: Exchange) -> None:
        """Call the route. Raises what it did not handle, or NoConsumer."""
        consumer = self._consumers.get(self._name) or self._absent()
        if consumer is not None:
            consumer.process(exchange)

    def _absent(self) -> DirectConsumer | None:
        endpoint = self._endpoint
        if not endpoint.fail_if_no_consumers:
            return None
        waited = max(endpoint.timeout, 0.0) if endpoint.block else 0.0
        consumer = endpoint.component.wait_for(self._name, waited) if waited else None
        if consumer is None:
            raise NoConsumer(
                f"no consumers available on {endpoint.uri} (waited {waited:g} s): no running route starts with 'from: direct:{self._name}'; "
                "add one, start it, or mend the name"
            )
        return consumer


class DirectConsumer(Consumer):
    """A route that is called. ``process`` is set by the route before :meth:`start`: it runs the program and raises what nobody handled."""

    wants_process: ClassVar[bool] = True
    process: Process

    def __init__(self, endpoint: DirectEndpoint, deliver: Deliver) -> None:
        self.endpoint = endpoint
        self.deliver = deliver

    def start(self) -> None:
        """Serve the name."""
        self.endpoint.component.add(self)

    def stop(self, drain: float = 30.0) -> None:
        """Take no new calls."""
        self.endpoint.component.remove(self)
