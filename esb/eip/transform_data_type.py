"""``transformDataType``: from one data type to another (Camel's Transform Data Type EIP), by the project's mappings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from esb.coerce import converter, octets, text
from esb.errors import ConversionFailed, Malformed
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.javanames import CamelExecutionException
from esb.program import Step
from esb.step import Builder, StepSpec


class TransformDataTypeSpec(StepSpec):
    """Run the mapping from one data type to another on the body; with ``toType`` alone, read the body as data of that type.

    Camel's own types stand for media types and set the header Content-Type: ``text-plain``, ``application-octet-stream``,
    ``application-json`` (JSON as bytes), ``application-x-struct`` (what JSON text holds).
    """

    name = "transformDataType"
    from_type = field(Kind.TEXT, None, doc="The body's type.", example="crm.Customer")
    to_type = field(Kind.TEXT, doc="The wanted type.", example="erp.Account")

    def build(self, builder: Builder) -> Step:
        media = _MEDIA.get(self.to_type)
        if media is not None:
            return _to_media(*media, self.to_type)
        if self.from_type:
            convert = builder.context.service("mappings").find(self.from_type, self.to_type, self.at)
        else:
            convert = builder.context.service("datatypes").type(self.to_type, self.at).load

        def transform_data_type(exchange: Exchange) -> None:
            exchange.message.body = convert(exchange.message.body)

        return transform_data_type

    def sentence(self) -> str:
        return f"transform {self.from_type or 'the body'} to {self.to_type}"


def _json(value: Any) -> bytes:
    import msgspec

    return octets(value) if isinstance(value, (str, bytes)) else msgspec.json.encode(value)


def _struct(value: Any) -> Any:
    import msgspec

    if value is None or isinstance(value, (dict, list)):
        return value
    try:
        return msgspec.json.decode(octets(value))
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Malformed(f"the body is not JSON: {error}", [{"path": "", "message": str(error)}]) from error


_MEDIA: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "text-plain": ("text/plain", text),
    "application-octet-stream": ("application/octet-stream", converter("bytes")),
    "application-json": ("application/json", _json),
    "application-x-struct": ("application/x-struct", _struct),
}


def _to_media(media_type: str, convert: Callable[[Any], Any], name: str) -> Step:
    def transform_to_media(exchange: Exchange) -> None:
        message = exchange.message
        try:
            message.body = convert(message.body)
        except (ConversionFailed, TypeError) as error:
            raise CamelExecutionException(f"the body cannot be had as {name}: {error}") from error
        message.headers["Content-Type"] = media_type

    return transform_to_media
