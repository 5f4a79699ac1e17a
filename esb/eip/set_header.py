"""``setHeader``: sets one header (Camel's Set Header EIP)."""

from __future__ import annotations

from esb.eip._names import named
from esb.eip._told import told
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class SetHeaderSpec(StepSpec):
    """Set a header to the value of an expression. A header that is there under another case keeps its spelling; no value (null) is kept as such."""

    name = "setHeader"
    header_name = field(
        Kind.TEXT, name="name", doc="Name of the header; may be a simple expression.", example="orderId"
    )
    expression = field(Kind.EXPRESSION, inline=True, doc="The value.", example='jsonpath: "$.id"')

    def build(self, builder: Builder) -> Step:
        evaluate = builder.expression(self.expression)

        fixed = getattr(evaluate, "constant", None)

        def make(name: str) -> Step:
            if fixed is not None:
                return lambda exchange: exchange.message.headers.put(name, fixed)

            def set_header(exchange: Exchange) -> None:
                exchange.message.headers.put(name, evaluate(exchange))

            return set_header

        return named(builder, self.header_name, self.at, make)

    def sentence(self) -> str:
        return f"set header {self.header_name} to {told(self.expression)}"
