"""``removeProperty``: removes one exchange property (Camel's Remove Property EIP)."""

from __future__ import annotations

from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class RemovePropertySpec(StepSpec):
    """Remove the exchange property of that name; case counts."""

    name = "removeProperty"
    property_name = field(Kind.TEXT, name="name", scalar=True, doc="Name of the property.", example="total")

    def build(self, builder: Builder) -> Step:
        name = self.property_name

        def remove_property(exchange: Exchange) -> None:
            exchange.properties.pop(name, None)

        return remove_property

    def sentence(self) -> str:
        return f"remove property {self.property_name}"
