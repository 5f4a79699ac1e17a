"""``filter``: steps for messages that fulfil a condition (Camel's Message Filter, its Filter EIP)."""

from __future__ import annotations

from esb.eip._blocks import inside
from esb.eip._told import told
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class FilterSpec(StepSpec):
    """Run the inner steps if a condition holds. The message goes on after the filter either way."""

    name = "filter"
    expression = field(Kind.EXPRESSION, inline=True, doc="The condition.", example='simple: "${header.amount} > 100"')
    status_property_name = field(
        Kind.TEXT, None, doc="Put the outcome, true or false, into this exchange property.", example="large"
    )
    steps = field(Kind.STEPS, (), doc="What is done if it holds.")

    def build(self, builder: Builder) -> Step:
        holds = builder.predicate(self.expression)
        program = inside(builder, self.name, self.steps, self.at).step
        status = self.status_property_name
        if status:

            def filter_with_status(exchange: Exchange) -> None:
                exchange.properties[status] = held = holds(exchange)
                if held:
                    program(exchange)

            return filter_with_status

        def filter_message(exchange: Exchange) -> None:
            if holds(exchange):
                program(exchange)

        return filter_message

    def sentence(self) -> str:
        return f"if {told(self.expression)}"
