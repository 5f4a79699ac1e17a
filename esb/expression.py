"""Expressions: texts in some language, compiled once at load to a callable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from esb.coerce import result_converter, truthy, type_names
from esb.errors import NOWHERE, Position, UnknownName
from esb.exchange import Exchange
from esb.fields import Kind, Spec, field

Expression = Callable[[Exchange], Any]
"""Evaluates to a value; raises :class:`esb.errors.ExpressionFailed` (or what the message's data raised)."""
Predicate = Callable[[Exchange], bool]


class Case(NamedTuple):
    """What a predicate may note of itself as its attribute ``case``: it compares a header or property with a text that is no number."""

    named: tuple[str, str]
    """The kind (``header``) and the name of what is compared."""
    value: Expression
    text: str


class Scope(Protocol):
    """What an expression may look up while it is compiled. The context keeps this contract, and so does a test's stand-in."""

    def resolve(self, text: str) -> str:
        """Replace the ``{{placeholders}}``."""

    def lookup(self, kind: str, name: str) -> Any:
        """A registered thing: ``bean``, ``language``, ``function``. Raises UnknownName."""

    def language(self, name: str) -> type[LanguageSpec]:
        """Another language by name."""


def constantly(value: Any) -> Expression:
    """The expression that is always ``value``, and notes it as its attribute ``constant`` for steps that need not ask each time."""

    def evaluate(_exchange: Exchange) -> Any:
        return value

    evaluate.constant = value  # type: ignore[attr-defined]  # a note on a function
    return evaluate


class LanguageSpec(Spec):
    """An expression as written. One language is one class in one module of ``esb.languages``; ``name`` is its key in YAML."""

    expression = field(Kind.TEXT, None, scalar=True, raw=True, doc="The text of the expression.")
    id = field(Kind.TEXT, None, doc="Name of the expression.")
    trim = field(Kind.BOOL, True, doc="Whether blanks around the text are cut off.")
    result_type = field(
        Kind.TEXT, None, doc="Type of the result: a Java name (java.lang.Integer, String) or ours (int, str)."
    )

    def compile(self, scope: Scope) -> Expression:
        """Parse the text. Raises RouteSyntaxError, UnknownName or OptionError at ``self.at``. The result is thread-safe."""
        raise NotImplementedError(self.name)

    def compile_predicate(self, scope: Scope) -> Predicate:
        """As :meth:`compile`, to a truth value by Camel's rule."""
        evaluate = self.compile(scope)
        return lambda exchange: truthy(evaluate(exchange))

    @property
    def text(self) -> str:
        """The text with blanks trimmed as asked."""
        text: str = self.expression or ""
        return text.strip() if self.trim else text


def as_result(evaluate: Expression, result_type: str | None, at: Position = NOWHERE) -> Expression:
    """The expression with its result converted to the named type; unchanged when none is named. Raises UnknownName at ``at``."""
    if not result_type:
        return evaluate
    try:
        to_type = result_converter(result_type)
    except KeyError:
        raise UnknownName("type", result_type, type_names(), at) from None
    return lambda exchange: to_type(evaluate(exchange))
