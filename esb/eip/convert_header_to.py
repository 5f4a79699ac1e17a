"""``convertHeaderTo``: has a header as a certain type (Camel's Convert Header To EIP)."""

from __future__ import annotations

from esb.eip._converting import conversion
from esb.eip._names import named
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class ConvertHeaderToSpec(StepSpec):
    """Convert a header to a type, in place or under another name. A header that is not there stays away."""

    name = "convertHeaderTo"
    header_name = field(
        Kind.TEXT, name="name", doc="Name of the header; may be a simple expression.", example="quantity"
    )
    type = field(Kind.TEXT, doc="The type, by its Java name or ours.", example="int")
    to_name = field(Kind.TEXT, None, doc="Put the result into this header and leave the first alone.")
    mandatory = field(
        Kind.BOOL, True, doc="Whether a type that the value can never have is an error; otherwise it becomes null."
    )
    charset = field(Kind.TEXT, None, doc="Charset of the bytes, for conversions between text and bytes.")

    def build(self, builder: Builder) -> Step:
        convert = conversion(self.type, self.at, mandatory=self.mandatory, charset=self.charset)
        to_name = self.to_name

        def make(name: str) -> Step:
            target = to_name or name

            def convert_header(exchange: Exchange) -> None:
                headers = exchange.message.headers
                value = headers.get(name)
                if value is not None:
                    headers[target] = convert(value)

            return convert_header

        return named(builder, self.header_name, self.at, make)

    def sentence(self) -> str:
        return f"convert header {self.header_name} to {self.type}{f' as {self.to_name}' if self.to_name else ''}"
