"""``setVariable``: sets a variable (Camel's Set Variable EIP)."""

from __future__ import annotations

from esb.eip._names import named
from esb.eip._told import told
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.variables import variable


class SetVariableSpec(StepSpec):
    """Set a variable to the value of an expression: of the exchange, or ``global:``, or of a route (``route:``, ``route:id:``). Null removes it."""

    name = "setVariable"
    variable_name = field(
        Kind.TEXT, name="name", doc="Name of the variable; may be a simple expression.", example="global:rate"
    )
    expression = field(Kind.EXPRESSION, inline=True, doc="The value.", example='jsonpath: "$.rate"')

    def build(self, builder: Builder) -> Step:
        evaluate = builder.expression(self.expression)
        context = builder.context

        def make(name: str) -> Step:
            put = variable(name, context).set

            def set_variable(exchange: Exchange) -> None:
                put(exchange, evaluate(exchange))

            return set_variable

        return named(builder, self.variable_name, self.at, make)

    def sentence(self) -> str:
        return f"set variable {self.variable_name} to {told(self.expression)}"
