"""``custom``: a data format among the beans, or one declared under ``dataFormats``."""

from __future__ import annotations

from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.errors import OptionError, Position, UnknownName
from esb.fields import Kind, field


class Custom(DataFormatSpec):
    """A data format by name.

    The bean has methods ``marshal(exchange, value)`` and ``unmarshal(exchange, data)`` (:class:`esb.dataformat.DataFormat`).
    """

    name = "custom"
    ref = field(Kind.REF, scalar=True, doc="Name of the bean.", example="partnerFormat")

    def build(self, context: Context) -> DataFormat:
        return named(context, self.ref, self.at)


def named(context: Context, name: str, at: Position) -> DataFormat:
    """The data format that a bean is. Raises UnknownName, or OptionError if the bean is something else, at ``at``."""
    seen = []
    while True:
        name = name.removeprefix("#bean:").removeprefix("#")
        seen.append(name)
        try:
            bean = context.lookup("bean", name)
        except UnknownName as unknown:
            raise UnknownName("data format", name, unknown.known, at) from None
        if not isinstance(bean, Custom):
            break
        name = bean.ref
        if name in seen:
            raise OptionError(f"the data format refers to itself: {' -> '.join([*seen, name])}", at)
    if isinstance(bean, DataFormatSpec):
        return bean.build(context)
    if not (callable(getattr(bean, "marshal", None)) and callable(getattr(bean, "unmarshal", None))):
        raise OptionError(f"the bean {name!r} is no data format", at, "give it the methods marshal and unmarshal")
    made: DataFormat = bean
    return made
