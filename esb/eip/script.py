"""``script``: runs an expression for its effects (Camel's Script EIP)."""

from __future__ import annotations

from esb.eip._told import told
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class ScriptSpec(StepSpec):
    """Evaluate an expression and forget its value: the message changes only if the expression changes it."""

    name = "script"
    expression = field(
        Kind.EXPRESSION, inline=True, doc="What is run.", example="python: \"exchange.headers.pop('x', None)\""
    )

    def build(self, builder: Builder) -> Step:
        evaluate = builder.expression(self.expression)

        def script(exchange: Exchange) -> None:
            evaluate(exchange)

        return script

    def sentence(self) -> str:
        return f"run {told(self.expression)}"
