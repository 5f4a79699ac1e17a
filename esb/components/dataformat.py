"""``dataformat:json:marshal``: reads or writes the body in a data format (Camel's Data Format component)."""

from __future__ import annotations

from typing import ClassVar, Final

from esb.component import Component, Endpoint, Producer
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats.custom import named
from esb.errors import OptionError, UnknownName
from esb.exchange import Exchange
from esb.fields import Kind, convert, field

_LIBRARIES: Final = {"jackson": "json", "gson": "json", "fastjson": "json", "jsonb": "json", "snakeYaml": "yaml"}
"""Camel calls some formats by the library that does the work."""


class DataFormatEndpoint(Endpoint):
    """A format by its name, or a bean's; further parameters are the format's options."""

    lenient: ClassVar[bool] = True
    name = field(Kind.TEXT, path=True, doc="The format, a colon, and marshal or unmarshal.", example="csv:unmarshal")

    def prepare(self) -> None:
        name, _, self.operation = self.name.partition(":")
        if self.operation not in {"marshal", "unmarshal"}:
            raise OptionError(
                f"dataformat: does 'marshal' or 'unmarshal', not {self.operation!r}",
                self.at,
                "write dataformat:json:marshal",
            )
        self.format = self._format(name)

    def _format(self, name: str) -> DataFormat:
        """What ``dataFormats`` declares under the name comes first, as in Camel."""
        if isinstance(self._declared(name), DataFormatSpec):
            return named(self.context, name, self.at)
        try:
            spec = self.context.lookup("dataformat", _LIBRARIES.get(name, name))
        except UnknownName:
            return named(self.context, name, self.at)
        values = {}
        for option, told in self.extra.items():
            declared = spec.fields.get(option)
            if declared is None:
                raise UnknownName(f"option of {name}", option, spec.fields, self.at)
            try:
                values[declared.attribute] = convert(declared, told)
            except ValueError as error:
                raise OptionError(f"option {option!r} of {name}: {error}", self.at) from None
        missing = [one.name for one in spec.fields.values() if one.required and one.attribute not in values]
        if missing:
            raise OptionError(f"the data format {name} needs {', '.join(missing)}", self.at)
        made: DataFormat = spec(self.at, **values).build(self.context)
        return made

    def _declared(self, name: str) -> object:
        try:
            return self.context.lookup("bean", name)
        except UnknownName:
            return None

    def producer(self) -> Producer:
        return DataFormatProducer(self)


class DataFormatComponent(Component):
    """Has no state."""

    schemes = ("dataformat",)
    endpoint_class = DataFormatEndpoint


class DataFormatProducer(Producer):
    """Reads or writes. Thread-safe."""

    def __init__(self, endpoint: DataFormatEndpoint) -> None:
        self._run = endpoint.format.marshal if endpoint.operation == "marshal" else endpoint.format.unmarshal

    def send(self, exchange: Exchange) -> None:
        exchange.message.body = self._run(exchange, exchange.message.body)
