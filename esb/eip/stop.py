"""``stop``: ends the routing of a message (Camel's Stop EIP)."""

from __future__ import annotations

from esb.exchange import Exchange
from esb.program import Step
from esb.step import Builder, StepSpec, ends_route


class StopSpec(StepSpec):
    """End the message's way here, without an error: in this route and in those that called it."""

    name = "stop"

    def build(self, builder: Builder) -> Step:
        def stop(exchange: Exchange) -> None:
            exchange.halted = True

        return ends_route(stop)

    def sentence(self) -> str:
        return "stop"
