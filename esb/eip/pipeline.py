"""``pipeline``: steps as one (Camel's Pipes and Filters, its Pipeline EIP)."""

from __future__ import annotations

from esb.eip._blocks import inside
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class PipelineSpec(StepSpec):
    """Run the inner steps one after the other: a group where one step is expected, such as a branch of a multicast."""

    name = "pipeline"
    steps = field(Kind.STEPS, (), doc="The steps.")

    def build(self, builder: Builder) -> Step:
        return inside(builder, self.name, self.steps, self.at)

    def sentence(self) -> str:
        return "run the steps as one"
