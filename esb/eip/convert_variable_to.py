"""``convertVariableTo``: has a variable as a certain type (Camel's Convert Variable To EIP)."""

from __future__ import annotations

from esb.eip._converting import conversion
from esb.eip._names import named
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.javanames import NoSuchVariableException
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.variables import variable


class ConvertVariableToSpec(StepSpec):
    """Convert a variable to a type, in place or under another name. A variable that is not there fails the message, if mandatory."""

    name = "convertVariableTo"
    variable_name = field(
        Kind.TEXT, name="name", doc="Name of the variable; may be a simple expression.", example="global:rate"
    )
    type = field(Kind.TEXT, doc="The type, by its Java name or ours.", example="double")
    to_name = field(Kind.TEXT, None, doc="Put the result into this variable and leave the first alone.")
    mandatory = field(
        Kind.BOOL,
        True,
        doc="Whether a missing variable or an impossible type is an error; otherwise the result is null.",
    )
    charset = field(Kind.TEXT, None, doc="Charset of the bytes, for conversions between text and bytes.")

    def build(self, builder: Builder) -> Step:
        convert = conversion(self.type, self.at, mandatory=self.mandatory, charset=self.charset)
        context, to_name, mandatory = builder.context, self.to_name, self.mandatory

        def make(name: str) -> Step:
            source, target = variable(name, context), variable(to_name or name, context)

            def convert_variable(exchange: Exchange) -> None:
                value = source.get(exchange)
                if value is None and mandatory:
                    raise NoSuchVariableException(f"there is no variable {name!r}")
                target.set(exchange, convert(value))

            return convert_variable

        return named(builder, self.variable_name, self.at, make)

    def sentence(self) -> str:
        return f"convert variable {self.variable_name} to {self.type}{f' as {self.to_name}' if self.to_name else ''}"
