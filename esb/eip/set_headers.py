"""``setHeaders``: sets several headers in order (Camel's Set Headers EIP)."""

from __future__ import annotations

from esb.eip.set_header import SetHeaderSpec
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class SetHeadersSpec(StepSpec):
    """Set headers one after the other, so that a later expression sees the earlier ones."""

    name = "setHeaders"
    headers = field(
        Kind.SPECS,
        (),
        spec=SetHeaderSpec,
        doc="The headers, each with name and expression.",
        example='[{name: kind, constant: order}, {name: id, jsonpath: "$.id"}]',
    )

    def build(self, builder: Builder) -> Step:
        if not self.headers:
            raise OptionError(
                "'setHeaders' names no headers",
                self.at,
                "list them below 'headers:', each with 'name' and an expression",
            )
        setters = tuple(header.build(builder) for header in self.headers)

        def set_headers(exchange: Exchange) -> None:
            for set_header in setters:
                set_header(exchange)

        return set_headers

    def sentence(self) -> str:
        return f"set headers {', '.join(header.header_name for header in self.headers)}"
