"""``marshal``: from a value to its written form, by a data format (Camel's Marshal EIP)."""

from __future__ import annotations

from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.variables import variable


class MarshalSpec(StepSpec):
    """Write the body in a data format."""

    name = "marshal"
    data_format = field(
        Kind.FORMAT,
        inline=True,
        aliases=("dataFormatType",),
        doc="The format, by its name.",
        example="json: {prettyPrint: true}",
    )
    variable_send = field(Kind.TEXT, None, doc="Write this variable's value instead of the body.")
    variable_receive = field(Kind.TEXT, None, doc="Put the result into this variable and leave the body alone.")

    def build(self, builder: Builder) -> Step:
        marshal = self.data_format.build(builder.context).marshal
        if not self.variable_send and not self.variable_receive:

            def marshal_body(exchange: Exchange) -> None:
                message = exchange.message
                message.body = marshal(exchange, message.body)

            return marshal_body
        source = variable(self.variable_send, builder.context) if self.variable_send else None
        target = variable(self.variable_receive, builder.context) if self.variable_receive else None

        def marshal_variable(exchange: Exchange) -> None:
            result = marshal(exchange, source.get(exchange) if source else exchange.message.body)
            if target:
                target.set(exchange, result)
            else:
                exchange.message.body = result

        return marshal_variable

    def sentence(self) -> str:
        held = getattr(self.data_format, "unmarshal_type", None)
        told = f"write {self.variable_send or 'the body'} as {self.data_format.name}"
        return f"{told}, held against {held}" if held else told
