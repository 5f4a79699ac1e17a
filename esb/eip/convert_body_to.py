"""``convertBodyTo``: has the body as a certain type (Camel's Convert Body To EIP)."""

from __future__ import annotations

from esb.eip._converting import conversion
from esb.errors import ConversionFailed, Malformed
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.javanames import InvalidPayloadException
from esb.program import Step
from esb.step import Builder, StepSpec


class ConvertBodyToSpec(StepSpec):
    """Convert the body to a type. Nothing (null) stays as it is; a body that cannot be converted fails the message."""

    name = "convertBodyTo"
    type = field(Kind.TEXT, scalar=True, doc="The type, by its Java name or ours.", example="String")
    mandatory = field(
        Kind.BOOL, True, doc="Whether a type that the body can never have is an error; otherwise the body becomes null."
    )
    charset = field(
        Kind.TEXT, None, doc="Charset of the bytes, for conversions between text and bytes.", example="ISO-8859-1"
    )

    def build(self, builder: Builder) -> Step:
        convert = conversion(self.type, self.at, mandatory=self.mandatory, charset=self.charset)
        if not self.mandatory:

            def convert_body_if_possible(exchange: Exchange) -> None:
                message = exchange.message
                if message.body is not None:
                    message.body = convert(message.body)

            return convert_body_if_possible
        wanted = self.type

        def convert_body(exchange: Exchange) -> None:
            message = exchange.message
            if message.body is None:
                return
            try:
                message.body = convert(message.body)
            except (ConversionFailed, Malformed) as error:
                raise InvalidPayloadException(f"the body cannot be had as {wanted}: {error}") from error

        return convert_body

    def sentence(self) -> str:
        return f"convert the body to {self.type}"
