"""``removeHeader``: removes one header (Camel's Remove Header EIP)."""

from __future__ import annotations

from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class RemoveHeaderSpec(StepSpec):
    """Remove the header of that name, whatever its case. The name is no pattern: see ``removeHeaders``."""

    name = "removeHeader"
    header_name = field(Kind.TEXT, name="name", scalar=True, doc="Name of the header.", example="Authorization")

    def build(self, builder: Builder) -> Step:
        name = self.header_name

        def remove_header(exchange: Exchange) -> None:
            exchange.message.headers.pop(name)

        return remove_header

    def sentence(self) -> str:
        return f"remove header {self.header_name}"
