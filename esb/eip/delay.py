"""``delay``: waits before the next step (Camel's Delay EIP)."""

from __future__ import annotations

from esb.coerce import integer
from esb.eip._told import told
from esb.eip._waits import Wait
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class DelaySpec(StepSpec):
    """Hold a message for some time. The thread waits with it: for long delays of many messages let the channel wait (``bus:`` with a delay)."""

    name = "delay"
    expression = field(
        Kind.EXPRESSION,
        None,
        inline=True,
        doc="Milliseconds; nothing, zero and less do not wait.",
        example='constant: "500"',
    )
    async_delayed = field(
        Kind.BOOL, True, doc="Accepted: a delay holds its thread, so messages of one consumer keep their order."
    )
    caller_runs_when_rejected = field(Kind.BOOL, True, doc="Accepted without effect.")
    executor_service = field(Kind.REF, None, doc="Java only, accepted without effect.")

    def build(self, builder: Builder) -> Step | None:
        if self.expression is None:
            return None
        evaluate = builder.expression(self.expression)
        wait = Wait(builder)

        def delay(exchange: Exchange) -> None:
            milliseconds = integer(evaluate(exchange))
            if milliseconds is not None and milliseconds > 0:
                wait(milliseconds / 1000)

        return delay

    def sentence(self) -> str:
        return f"wait {told(self.expression)} ms"
