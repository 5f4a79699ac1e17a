"""``setVariables``: sets several variables in order (Camel's Set Variables EIP)."""

from __future__ import annotations

from esb.eip.set_variable import SetVariableSpec
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class SetVariablesSpec(StepSpec):
    """Set variables one after the other, so that a later expression sees the earlier ones."""

    name = "setVariables"
    variables = field(
        Kind.SPECS,
        (),
        spec=SetVariableSpec,
        doc="The variables, each with name and expression.",
        example='[{name: net, jsonpath: "$.net"}, {name: gross, simple: "${variable.net}"}]',
    )

    def build(self, builder: Builder) -> Step:
        if not self.variables:
            raise OptionError(
                "'setVariables' names no variables",
                self.at,
                "list them below 'variables:', each with 'name' and an expression",
            )
        setters = tuple(variable.build(builder) for variable in self.variables)

        def set_variables(exchange: Exchange) -> None:
            for set_variable in setters:
                set_variable(exchange)

        return set_variables

    def sentence(self) -> str:
        return f"set variables {', '.join(variable.variable_name for variable in self.variables)}"
