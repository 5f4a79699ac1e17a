"""``removeProperties``: removes the exchange properties that fit a pattern (Camel's Remove Properties EIP)."""

from __future__ import annotations

from esb.eip._names import fits_but
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class RemovePropertiesSpec(StepSpec):
    """Remove the exchange properties whose name fits a pattern: a name, a beginning with ``*``, or a regular expression; case is ignored."""

    name = "removeProperties"
    pattern = field(Kind.TEXT, scalar=True, doc="Which properties.", example="order*")
    exclude_pattern = field(Kind.TEXT, None, doc="Which of them to keep.", example="orderId")

    def build(self, builder: Builder) -> Step:
        chosen = fits_but(self.pattern, self.exclude_pattern, self.at)

        def remove_properties(exchange: Exchange) -> None:
            properties = exchange.properties
            for name in [name for name in properties if chosen(name)]:
                del properties[name]

        return remove_properties

    def sentence(self) -> str:
        spared = f" but {self.exclude_pattern}" if self.exclude_pattern else ""
        return f"remove properties {self.pattern}{spared}"
