"""``process``: gives the exchange to a processor (Camel's Process EIP)."""

from __future__ import annotations

from types import FunctionType, MethodType

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
        if isinstance(process, (FunctionType, MethodType)):
            return process
        # An object may answer any attribute, and so seem to carry the program's notes on steps.
        return lambda exchange: process(exchange)  # noqa: PLW0108 -- a function of ours carries none

    def sentence(self) -> str:
        return f"process with {self.ref}"
