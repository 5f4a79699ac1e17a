"""``validate``: fails messages that are not as they should be (Camel's Validate EIP), by a condition or a data type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esb.coerce import octets
from esb.eip._told import named, told
from esb.errors import Malformed, OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.javanames import PredicateValidationException
from esb.program import Step
from esb.step import Builder, StepSpec


class ValidateSpec(StepSpec):
    """Fail the message unless a condition holds, or unless the body is data of a type; the message itself is not changed.

    A body that breaks its type fails with a report of every field (ValidationFailed).
    """

    name = "validate"
    expression = field(Kind.EXPRESSION, None, inline=True, doc="The condition.", example='simple: "${body[total]} > 0"')
    data_type = field(
        Kind.TEXT,
        None,
        doc="A data type of the project, instead of a condition; text and bytes are read as JSON.",
        example="crm.Order",
    )
    predicate_exception_factory = field(
        Kind.REF, None, doc="A function of exchange and condition that returns the exception to fail with."
    )

    def build(self, builder: Builder) -> Step:
        if (self.expression is None) == (self.data_type is None):
            raise OptionError(
                "'validate' needs a condition or 'dataType', and not both",
                self.at,
                'write simple: "${body[total]} > 0", or dataType: crm.Order',
            )
        if self.data_type:
            return _by_type(builder.context.service("datatypes").type(self.data_type, self.at).load)
        holds = builder.predicate(self.expression)
        condition = self.expression.text
        make: Any = _failure
        if self.predicate_exception_factory:
            found = builder.reference(self.predicate_exception_factory, self.at)
            make = getattr(found, "new_predicate_exception", found)

        def validate(exchange: Exchange) -> None:
            if not holds(exchange):
                raise make(exchange, condition)

        return validate

    def sentence(self) -> str:
        return (
            f"fail unless the body is a {self.data_type}" if self.data_type else f"fail unless {told(self.expression)}"
        )


def _failure(exchange: Exchange, condition: str) -> Exception:
    return PredicateValidationException(f"Validation failed for Predicate[{condition}]. {named(exchange)}")


def _by_type(load: Callable[[Any], Any]) -> Step:
    def validate_type(exchange: Exchange) -> None:
        body = exchange.message.body
        load(_read(body) if isinstance(body, (str, bytes)) else body)

    return validate_type


def _read(body: str | bytes) -> Any:
    import msgspec  # needed only where text is held against a type

    try:
        return msgspec.json.decode(octets(body))
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Malformed(f"the body is not JSON: {error}", [{"path": "", "message": str(error)}]) from error
