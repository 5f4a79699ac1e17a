"""``throwException``: fails the message on purpose (Camel's Throw Exception EIP)."""

from __future__ import annotations

from collections.abc import Callable

from esb.coerce import text
from esb.eip._names import has_functions, simple
from esb.errors import OptionError, ReferenceFault, UnknownName, did_you_mean
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.javanames import THROWN, caught_by
from esb.program import Step
from esb.step import Builder, StepSpec, ends_route


class ThrowExceptionSpec(StepSpec):
    """Fail with an exception of a class and a message, or with one from among the beans."""

    name = "throwException"
    exception_type = field(
        Kind.TEXT,
        None,
        doc="Class of the exception: a Java name we know, a Python one, or ``package.module:Name``.",
        example="java.lang.IllegalStateException",
    )
    message = field(Kind.TEXT, None, doc="Its message; may use simple.", example="no order in ${header.file}")
    ref = field(Kind.REF, None, doc="An exception, or a class of exceptions, among the beans.")

    def build(self, builder: Builder) -> Step:
        make = self._maker(builder)
        message = self.message
        if message is not None and has_functions(message):
            evaluate = simple(builder, message, self.at)

            def throw_evaluated(exchange: Exchange) -> None:
                raise make(text(evaluate(exchange)))

            return ends_route(throw_evaluated)

        def throw(_exchange: Exchange) -> None:
            raise make(message)

        return ends_route(throw)

    def _maker(self, builder: Builder) -> Callable[[str | None], Exception]:
        if self.ref:
            found = builder.reference(self.ref, self.at)
            if isinstance(found, Exception):
                # One object would gather the tracebacks of all messages: each gets an exception of its own.
                return lambda message: type(found)(*((message,) if message is not None else found.args))
            if isinstance(found, type) and issubclass(found, Exception):
                return _of_class(found)
            raise ReferenceFault(f"{self.ref!r} is not an exception", self.at)
        if not self.exception_type:
            raise OptionError(
                "'throwException' needs 'exceptionType' or 'ref'",
                self.at,
                "write exceptionType: java.lang.IllegalStateException",
            )
        thrown = THROWN.get(self.exception_type)
        if thrown is None:
            named = caught_by(self.exception_type)
            if not named or not issubclass(named[0], Exception):
                hint = (
                    did_you_mean(self.exception_type, THROWN)
                    or "use a Java name we know, a Python one, or 'package.module:Name'"
                )
                raise UnknownName("exception class", self.exception_type, THROWN, self.at, hint)
            thrown = named[0]
        return _of_class(thrown)

    def sentence(self) -> str:
        return f"fail with {(self.exception_type or self.ref or '').rpartition('.')[2]}: {self.message or ''}".rstrip(
            ": "
        )


def _of_class(thrown: type[Exception]) -> Callable[[str | None], Exception]:
    return lambda message: thrown() if message is None else thrown(message)
