"""``sort``: sorts a list (Camel's Sort EIP)."""

from __future__ import annotations

import functools
from typing import Any

from esb.eip._told import told
from esb.errors import ConversionFailed
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.javanames import ClassCastException
from esb.program import Step
from esb.step import Builder, StepSpec


class SortSpec(StepSpec):
    """Sort a list, which becomes the body. A list is sorted in place; text must be cut first, by ``tokenize``."""

    name = "sort"
    expression = field(
        Kind.EXPRESSION, None, inline=True, doc="The list, the body unless given.", example='tokenize: "\\n"'
    )
    comparator = field(
        Kind.REF,
        None,
        doc="A function of two values that returns a negative number, zero or a positive one; or an object with ``compare``.",
    )

    def build(self, builder: Builder) -> Step:
        evaluate = builder.expression(self.expression) if self.expression else (lambda exchange: exchange.message.body)
        key: Any = _natural
        if self.comparator:
            found = builder.reference(self.comparator, self.at)
            key = functools.cmp_to_key(getattr(found, "compare", found))

        def sort(exchange: Exchange) -> None:
            values = _listed(evaluate(exchange))
            try:
                values.sort(key=key)
            except TypeError as error:
                raise ClassCastException(f"the values cannot be compared with each other: {error}") from error
            exchange.message.body = values

        return sort

    def sentence(self) -> str:
        return f"sort {told(self.expression) if self.expression else 'the body'}"


def _natural(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if value is None or isinstance(value, (str, bytes, dict)) or not hasattr(value, "__iter__"):
        raise ConversionFailed(
            f"sort needs a list, not {'nothing' if value is None else f'a {type(value).__name__}'}: cut text with tokenize"
        )
    return list(value)
