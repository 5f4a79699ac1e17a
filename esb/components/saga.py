"""``saga:complete`` and ``saga:compensate``: end the saga that a message belongs to (Camel's Saga component)."""

from __future__ import annotations

from esb.component import Component, Context, Endpoint, Producer
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.javanames import IllegalStateException
from esb.stores.coordinator import HEADER, MemorySagaService, SagaService


class SagaEndpoint(Endpoint):
    """Options of ``saga:``."""

    component: SagaComponent

    action = field(Kind.TEXT, path=True, enum=("complete", "compensate"), doc="How the saga ends.")

    def producer(self) -> Producer:
        return SagaProducer(self)


class SagaComponent(Component):
    """Knows the coordinators that the context's routes use. Thread-safe once routes are built."""

    schemes = ("saga",)
    endpoint_class = SagaEndpoint

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.usual: SagaService = MemorySagaService()
        """The coordinator of sagas that name none."""
        self.services: list[SagaService] = []

    def use(self, service: SagaService) -> None:
        """Let ``saga:`` endpoints find the sagas of a coordinator."""
        if service not in self.services:
            self.services.append(service)


class SagaProducer(Producer):
    """Ends sagas. Thread-safe."""

    def __init__(self, endpoint: SagaEndpoint) -> None:
        self._component = endpoint.component
        self._action = endpoint.action

    def send(self, exchange: Exchange) -> None:
        """End the saga named by the message's header. Raises IllegalStateException if there is none, or if it has ended otherwise."""
        saga = exchange.message.headers.get(HEADER)
        if not saga:
            raise IllegalStateException(f"Current exchange is not bound to a saga context: cannot {self._action}")
        service = next((one for one in self._component.services if one.knows(saga)), None)
        if service is None:
            raise IllegalStateException(f"No coordinator found for saga id {saga}")
        (service.complete if self._action == "complete" else service.compensate)(saga)
