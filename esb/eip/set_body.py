"""``setBody``: replaces the body (Camel's Set Body EIP)."""

from __future__ import annotations

from esb.eip._told import told
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class SetBodySpec(StepSpec):
    """Replace the message's body with the value of an expression; headers stay."""

    name = "setBody"
    expression = field(Kind.EXPRESSION, inline=True, doc="What becomes the body.", example='simple: "Hello ${body}"')

    def build(self, builder: Builder) -> Step:
        evaluate = builder.expression(self.expression)

        def set_body(exchange: Exchange) -> None:
            exchange.message.body = evaluate(exchange)

        return set_body

    def sentence(self) -> str:
        return f"set the body to {told(self.expression)}"
