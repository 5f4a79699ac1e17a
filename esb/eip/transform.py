"""``transform``: replaces the body (Camel's Message Translator EIP, in the form of an expression)."""

from __future__ import annotations

from esb.eip._told import told
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class TransformSpec(StepSpec):
    """Transform the body by an expression: what ``setBody`` does, under the pattern's name."""

    name = "transform"
    expression = field(Kind.EXPRESSION, inline=True, doc="The transformed body.", example='jsonpath: "$.order"')

    def build(self, builder: Builder) -> Step:
        evaluate = builder.expression(self.expression)

        def transform(exchange: Exchange) -> None:
            exchange.message.body = evaluate(exchange)

        return transform

    def sentence(self) -> str:
        return f"transform the body to {told(self.expression)}"
