"""``setProperty``: sets an exchange property (Camel's Set Property EIP)."""

from __future__ import annotations

from esb.eip._names import named
from esb.eip._told import told
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class SetPropertySpec(StepSpec):
    """Set an exchange property to the value of an expression: it stays with the exchange and is never sent. No value (null) removes it."""

    name = "setProperty"
    property_name = field(
        Kind.TEXT, name="name", doc="Name of the property, case counts; may be a simple expression.", example="total"
    )
    expression = field(Kind.EXPRESSION, inline=True, doc="The value.", example='simple: "${header.total}"')

    def build(self, builder: Builder) -> Step:
        evaluate = builder.expression(self.expression)

        def make(name: str) -> Step:
            def set_property(exchange: Exchange) -> None:
                value = evaluate(exchange)
                if value is None:
                    exchange.properties.pop(name, None)
                else:
                    exchange.properties[name] = value

            return set_property

        return named(builder, self.property_name, self.at, make)

    def sentence(self) -> str:
        return f"set property {self.property_name} to {told(self.expression)}"
