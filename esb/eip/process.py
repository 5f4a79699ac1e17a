"""``process``: gives the exchange to a processor (Camel's Process EIP)."""

from __future__ import annotations

from esb.eip._processors import processor
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class ProcessSpec(StepSpec):
    """Call a processor with the exchange: a function of one parameter, or an object with a method ``process``."""

    name = "process"
    ref = field(Kind.REF, scalar=True, doc="The processor.", example='"#class:crm.steps:Enrich"')

    def build(self, builder: Builder) -> Step:
        process = processor(builder, self.ref, self.at)
        return lambda exchange: process(exchange)  # noqa: PLW0108 -- functions carry the program's notes, beans may not take them

    def sentence(self) -> str:
        return f"process with {self.ref}"
