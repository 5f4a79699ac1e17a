"""``unmarshal``: from the written form to the value, by a data format (Camel's Unmarshal EIP)."""

from __future__ import annotations

from typing import Any

from esb.coerce import NoConversion
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.variables import variable


class UnmarshalSpec(StepSpec):
    """Read the body, written in a data format. What cannot be read fails the message and leaves the body as it was."""

    name = "unmarshal"
    data_format = field(
        Kind.FORMAT,
        inline=True,
        aliases=("dataFormatType",),
        doc="The format, by its name.",
        example="json: {unmarshalType: crm.Order}",
    )
    allow_null_body = field(Kind.BOOL, False, doc="Whether no body at all stays as it is; otherwise it is an error.")
    variable_send = field(Kind.TEXT, None, doc="Read this variable's value instead of the body.")
    variable_receive = field(Kind.TEXT, None, doc="Put the result into this variable and leave the body alone.")

    def build(self, builder: Builder) -> Step:
        unmarshal = self.data_format.build(builder.context).unmarshal
        allow, name = self.allow_null_body, self.data_format.name

        def read(exchange: Exchange, data: Any) -> Any:
            if data is not None:
                return unmarshal(exchange, data)
            if allow:
                return None
            raise NoConversion(
                f"there is nothing to read as {name}; if an empty body is right here, set allowNullBody: true"
            )

        if not self.variable_send and not self.variable_receive:

            def unmarshal_body(exchange: Exchange) -> None:
                message = exchange.message
                message.body = read(exchange, message.body)

            return unmarshal_body
        source = variable(self.variable_send, builder.context) if self.variable_send else None
        target = variable(self.variable_receive, builder.context) if self.variable_receive else None

        def unmarshal_variable(exchange: Exchange) -> None:
            result = read(exchange, source.get(exchange) if source else exchange.message.body)
            if target:
                target.set(exchange, result)
            else:
                exchange.message.body = result

        return unmarshal_variable

    def sentence(self) -> str:
        held = getattr(self.data_format, "unmarshal_type", None)
        told = f"read {self.variable_send or 'the body'} as {self.data_format.name}"
        return f"{told}, held against {held}" if held else told
