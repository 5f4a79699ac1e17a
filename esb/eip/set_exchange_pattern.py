"""``setExchangePattern``: whether senders expect a reply from here on (Camel's Set Exchange Pattern)."""

from __future__ import annotations

from esb.exchange import IN_ONLY, IN_OUT, Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class SetExchangePatternSpec(StepSpec):
    """Change the exchange's pattern for the rest of its way: InOnly sends and goes on, InOut waits for replies."""

    name = "setExchangePattern"
    pattern = field(Kind.TEXT, scalar=True, enum=(IN_ONLY, IN_OUT), doc="The pattern.", example=IN_ONLY)

    def build(self, builder: Builder) -> Step:
        pattern = self.pattern

        def set_exchange_pattern(exchange: Exchange) -> None:
            exchange.pattern = pattern

        return set_exchange_pattern

    def sentence(self) -> str:
        return f"set the exchange pattern to {self.pattern}"
