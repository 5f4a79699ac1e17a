"""``removeVariable``: removes a variable (Camel's Remove Variable EIP)."""

from __future__ import annotations

from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.variables import variable


class RemoveVariableSpec(StepSpec):
    """Remove a variable; ``*`` removes all of the exchange."""

    name = "removeVariable"
    variable_name = field(Kind.TEXT, name="name", scalar=True, doc="Name of the variable.", example="global:rate")

    def build(self, builder: Builder) -> Step:
        if self.variable_name == "*":
            return _clear
        return variable(self.variable_name, builder.context).remove

    def sentence(self) -> str:
        return f"remove variable {self.variable_name}"


def _clear(exchange: Exchange) -> None:
    exchange.variables.clear()
