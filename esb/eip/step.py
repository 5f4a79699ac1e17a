"""``step``: a named group of steps (Camel's Step EIP)."""

from __future__ import annotations

from esb.eip._blocks import inside
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class StepGroupSpec(StepSpec):
    """Group steps under a name; while they run, the exchange property ``CamelStepId`` holds it."""

    name = "step"
    steps = field(Kind.STEPS, (), doc="The steps.")

    def build(self, builder: Builder) -> Step:
        program = inside(builder, self.name, self.steps, self.at)
        name = self.id or self.name

        def run_group(exchange: Exchange) -> None:
            properties = exchange.properties
            outer = properties.get("CamelStepId")
            properties["CamelStepId"] = name
            program(exchange)
            # A failure leaves the name where it is: it tells in which group it happened.
            if outer is None:
                properties.pop("CamelStepId", None)
            else:
                properties["CamelStepId"] = outer

        return run_group

    def sentence(self) -> str:
        return f"do the steps of {self.id or 'a group'}"
