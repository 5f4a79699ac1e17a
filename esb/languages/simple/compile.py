"""From the tree of a simple expression to closures.

What is known at load is done at load. The shapes that routes are full of (``${body}``, ``${header.x}``, a function against a constant) get
closures of their own, since a predicate runs for every message.
"""

from __future__ import annotations

import operator as python_operator
from collections.abc import Callable
from typing import Any, Final

from esb.coerce import inner, text, truthy
from esb.errors import NOWHERE, ConversionFailed, ExpressionFailed, Position, UnknownName
from esb.exchange import Exchange
from esb.expression import Case, Expression, Predicate, Scope, constantly
from esb.languages.simple import javaregex
from esb.languages.simple.classes import named_class
from esb.languages.simple.functions import Call, find, function_name
from esb.languages.simple.initblock import Assignment
from esb.languages.simple.inline import parse_inline
from esb.languages.simple.nodes import (
    Binary,
    Chain,
    Counted,
    Elvis,
    Function,
    Logical,
    Node,
    Not,
    SyntaxFault,
    Template,
    Ternary,
    Text,
    Value,
)
from esb.languages.simple.operators import BINARY, Operator, items, looks_numeric, looks_whole
from esb.languages.simple.parser import parse_predicate, parse_template

_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">": python_operator.gt,
    ">=": python_operator.ge,
    "<": python_operator.lt,
    "<=": python_operator.le,
    "==": python_operator.eq,
    "!=": python_operator.ne,
}


class Compiler:
    """Compiles the parts of one expression. ``at`` is where the expression stands."""

    def __init__(self, scope: Scope, at: Position = NOWHERE) -> None:
        self.scope = scope
        self.at = at
        self.custom: dict[str, Expression] = {}
        """The functions of the text's init block."""

    def expression(self, source: str) -> Expression:
        """A text in simple's template grammar: an argument of a function. Raises SyntaxFault."""
        return self.template(parse_template(source))

    def predicate(self, source: str) -> Predicate:
        """A text in simple's predicate grammar. Raises SyntaxFault."""
        return _tested(self.node(parse_predicate(source)))

    def template(self, template: Template) -> Expression:
        """The parts joined as text; a single part as it is."""
        if not template.parts:
            return constant("")
        if len(template.parts) == 1:
            return self.node(template.parts[0])
        parts = [part.value if isinstance(part, Text) else self.node(part) for part in template.parts]
        return _joined(parts)

    def assignments(self, statements: list[Assignment]) -> list[tuple[str, Expression]]:
        """The variables that an init block sets; its functions are known from here on. Raises SyntaxFault."""
        variables = []
        for name, is_function, source in statements:
            if is_function:
                self.custom[name] = self.expression(source)
            else:
                variables.append((name, self.expression(source)))
        return variables

    def node(self, node: Node) -> Expression:
        """Any part of a tree."""
        match node:
            case Text(value) | Value(value):
                return constant(value)
            case Function():
                return self._function(node)
            case Counted(function, step):
                return _counted(self._function(function), step, function.text)
            case Template():
                return self.template(node)
            case Binary():
                return _marked(self._binary(node))
            case Logical(every, left, right):
                return _marked(_logical(_tested(self.node(left)), _tested(self.node(right)), every=every))
            case Not(function):
                return _marked(_negated(_tested(self._function(function))))
            case Elvis(left, right):
                return _elvis(self.node(left), self.node(right))
            case Ternary(test, then, otherwise):
                return _chosen(_tested(self.node(test)), self.node(then), self.node(otherwise))
            case Chain(first, steps):
                return _chain(self.node(first), [(self._function(step.function), step.safe) for step in steps])

    def _function(self, node: Function) -> Expression:
        inline = parse_inline(node)
        if inline is not None:
            return self.node(inline)
        name = function_name(node.text)
        if name in self.custom and node.text.startswith(f"{name}("):
            inside = node.text[len(name) + 1 :].rpartition(")")[0]
            node = Function(f"function({name},{inside})" if inside.strip() else f"function({name})", node.at)
        try:
            return find(node.text, node.at, self.scope)(Call(node.text, node.at, self))
        except UnknownName as unknown:
            raise SyntaxFault(str(unknown.message), node.at, unknown.hint) from None

    def _binary(self, node: Binary) -> Predicate:
        left = self.node(node.left)
        if node.operator in {"is", "!is"}:
            return _is(left, self.node(node.right), wanted=node.operator == "is")
        fixed = _constant_of(node.right)
        if fixed is not _UNKNOWN and fixed is not None:
            if "regex" in node.operator:
                return _regex(left, _pattern(str(fixed), node.at), wanted=node.operator == "regex")
            special = _against(node.operator, left, fixed)
            if special is not None:
                return special
        right, test = self.node(node.right), BINARY[node.operator]
        return lambda exchange: test(left(exchange), right(exchange))


_UNKNOWN: Final = object()


def constant(value: Any) -> Expression:
    """An expression that is always the same."""
    return constantly(value)


def _constant_of(node: Node) -> Any:
    match node:
        case Value(value) | Text(value):
            return value
        case Template(parts=()):
            return ""
        case Template(parts=(Text(value),)):
            return value
        case _:
            return _UNKNOWN


def _marked(predicate: Predicate) -> Predicate:
    """Note on a closure that its result is a truth value already."""
    predicate.tests = True  # type: ignore[attr-defined]  # a note on a function for compile_predicate
    return predicate


def _tested(evaluate: Expression) -> Predicate:
    return evaluate if getattr(evaluate, "tests", False) else lambda exchange: truthy(evaluate(exchange))


def _joined(parts: list[Any]) -> Expression:
    """Texts and expressions as one text; nothing is empty."""

    def join(exchange: Exchange) -> str:
        told = ""
        for part in parts:
            if type(part) is str:
                told += part
            else:
                value = part(exchange)
                if type(value) is str:
                    told += value
                elif value is not None:
                    told += inner(value)
        return told

    return join


def _logical(left: Predicate, right: Predicate, *, every: bool) -> Predicate:
    if every:
        return lambda exchange: left(exchange) and right(exchange)
    return lambda exchange: left(exchange) or right(exchange)


def _negated(test: Predicate) -> Predicate:
    return lambda exchange: not test(exchange)


def _chosen(test: Predicate, then: Expression, otherwise: Expression) -> Expression:
    return lambda exchange: then(exchange) if test(exchange) else otherwise(exchange)


def _elvis(left: Expression, right: Expression) -> Expression:
    def first_that_is(exchange: Exchange) -> Any:
        value = left(exchange)
        return right(exchange) if _is_nothing(value) else value

    return first_that_is


def _is_nothing(value: Any) -> bool:
    """What ``?:`` replaces: nothing, false, zero, blank text, an empty list or map."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value is False or value == 0 or (isinstance(value, (list, tuple, dict, set)) and not value)


def _chain(first: Expression, steps: list[tuple[Expression, bool]]) -> Expression:
    def chain(exchange: Exchange) -> Any:
        value = first(exchange)
        message = exchange.message
        body = message.body
        try:
            for step, safe in steps:
                if safe and value is None:
                    return None
                message.body = value
                value = step(exchange)
        finally:
            message.body = body  # what a chain passes on is nobody else's affair
        return value

    return chain


def _against(operator: str, left: Expression, fixed: Any) -> Predicate | None:
    """A comparison with a constant, with a short way for values of the same type; None if there is no short way."""
    short, full = _ORDERS.get(operator), BINARY[operator]
    kind = type(fixed)
    if kind is str and operator in {"in", "!in"}:
        return _among(left, fixed, full, wanted=operator == "in")
    if short is None or kind not in {str, int, bool} or (kind is bool and operator not in {"==", "!="}):
        return None
    if kind is str and (looks_whole(fixed) if operator in {"==", "!="} else looks_numeric(fixed)):
        return None  # two texts that look like numbers are compared as such

    if kind is str and operator == "==":

        def same(exchange: Exchange) -> bool:
            value = left(exchange)
            return value == fixed if type(value) is str else full(value, fixed)

        named = getattr(left, "named", None)
        if named is not None:
            same.case = Case(named, left, fixed)  # type: ignore[attr-defined]  # a note on a function
        return same

    def test(exchange: Exchange) -> bool:
        value = left(exchange)
        return short(value, fixed) if type(value) is kind else full(value, fixed)

    return test


def _among(left: Expression, listed: str, full: Operator, *, wanted: bool) -> Predicate:
    names = frozenset(items(listed))

    def test(exchange: Exchange) -> bool:
        value = left(exchange)
        # Texts of digits are equal as numbers (05 and 5), all others as they stand.
        return (value in names) is wanted if type(value) is str and not looks_whole(value) else full(value, listed)

    return test


def _pattern(pattern: str, at: int) -> Callable[[str], Any]:
    """The author's pattern as a test of whole texts. Raises SyntaxFault."""
    if "${" in pattern:
        raise SyntaxFault(
            "a function in a quoted pattern is not evaluated", at, "write it without quotes: regex ${header.pattern}"
        )
    try:
        fullmatch: Callable[[str], Any] = javaregex.compiled(pattern, trusted=True).fullmatch
    except ExpressionFailed as failed:
        raise SyntaxFault(str(failed), at) from None
    return fullmatch


def _regex(left: Expression, fullmatch: Callable[[str], Any], *, wanted: bool) -> Predicate:
    def test(exchange: Exchange) -> bool:
        told = text(left(exchange))
        return (told is not None and fullmatch(told) is not None) is wanted

    return test


def _is(left: Expression, right: Expression, *, wanted: bool) -> Predicate:
    def test(exchange: Exchange) -> bool:
        # A class that nobody knows is refused per message, as Camel does: the name may be a function's value.
        return named_class(text(right(exchange))).holds(left(exchange)) is wanted

    return test


def _counted(evaluate: Expression, step: int, name: str) -> Expression:
    """``++`` and ``--``: the whole number beside the value, in the value's own type."""

    def count(exchange: Exchange) -> Any:
        value = evaluate(exchange)
        if isinstance(value, str):
            if not looks_whole(value):
                raise ConversionFailed(f"${{{name}}} is {value[:60]!r}, not a whole number: it cannot be counted")
            return str(int(value) + step)
        if isinstance(value, float):
            return float(int(value) + step)
        if isinstance(value, int) and not isinstance(value, bool):
            return value + step
        raise ConversionFailed(f"${{{name}}} is no number: it cannot be counted")

    return count
