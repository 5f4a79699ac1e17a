"""``removeHeaders``: removes the headers that fit a pattern (Camel's Remove Headers EIP)."""

from __future__ import annotations

from esb.eip._names import fits_but
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class RemoveHeadersSpec(StepSpec):
    """Remove the headers whose name fits a pattern: a name, a beginning with ``*``, or a regular expression; case is ignored."""

    name = "removeHeaders"
    pattern = field(Kind.TEXT, scalar=True, doc="Which headers.", example="Camel*")
    exclude_pattern = field(Kind.TEXT, None, doc="Which of them to keep.", example="CamelFile*")

    def build(self, builder: Builder) -> Step:
        chosen = fits_but(self.pattern, self.exclude_pattern, self.at)

        def remove_headers(exchange: Exchange) -> None:
            headers = exchange.message.headers
            for name in [name for name in headers if chosen(name)]:
                del headers[name]

        return remove_headers

    def sentence(self) -> str:
        spared = f" but {self.exclude_pattern}" if self.exclude_pattern else ""
        return f"remove headers {self.pattern}{spared}"
