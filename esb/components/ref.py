"""``ref:name``: an endpoint by the name of a bean, which is an endpoint or the text of a URI (Camel's ref component)."""

from __future__ import annotations

from esb.component import Component, Consumer, Deliver, Endpoint, Producer
from esb.errors import ReferenceFault, UnknownName
from esb.exchange import Exchange
from esb.fields import Kind, field


class RefEndpoint(Endpoint):
    """Stands for the endpoint it names."""

    name = field(Kind.TEXT, path=True, doc="Name of the bean.", example="audit")

    def prepare(self) -> None:
        try:
            found = self.context.lookup("bean", self.name)
        except UnknownName as unknown:
            raise UnknownName("bean", self.name, unknown.known, self.at) from None
        target = self.context.endpoint(found, None, self.at) if isinstance(found, str) else found
        if not isinstance(target, Endpoint):
            raise ReferenceFault(
                f"the bean {self.name!r} is a {type(found).__name__}, not an endpoint or a URI", self.at
            )
        self.target: Endpoint = target

    def producer(self) -> Producer:
        return self.target.producer()

    def consumer(self, deliver: Deliver) -> Consumer:
        return self.target.consumer(deliver)

    def poll(self, timeout: float | None) -> Exchange | None:
        return self.target.poll(timeout)


class RefComponent(Component):
    """Has no state."""

    schemes = ("ref",)
    endpoint_class = RefEndpoint
