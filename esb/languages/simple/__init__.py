"""Camel's simple language: ``${...}`` functions in text, and predicates over them.

The behaviour is that of Camel 4.17 (its page "Simple", and the oracle's cases under ``languages/simple``), with what later versions added: more
functions, ``${header.n > 3 ? 'many' : 'few'}``, ``${header.name} ?: 'Guest'``, ``${trim()} ~> ${uppercase()}`` (the value of the left function is
the body of the right one; ``?~>`` ends where there is nothing), ``!${header.done}`` in predicates, and init blocks. Their operators stand
between blanks. A text is parsed once, when the route is loaded, to closures; no text that a message brings is ever parsed as an expression.
"""

from __future__ import annotations

from typing import Any

from esb.coerce import truthy
from esb.errors import Position, RouteSyntaxError
from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Predicate, Scope, as_result
from esb.languages._resource import resource_text
from esb.languages.simple.compile import Compiler
from esb.languages.simple.initblock import cut
from esb.languages.simple.nodes import SyntaxFault
from esb.languages.simple.parser import parse_predicate, parse_template

_BOOLEANS = frozenset({"boolean", "Boolean", "java.lang.Boolean", "bool"})


class Simple(LanguageSpec):
    """Text with functions: ``Order ${header.id} of ${body[customer][name]}``; as a predicate ``${header.total} > 100 && ${body} contains 'x'``."""

    name = "simple"

    def compile(self, scope: Scope) -> Expression:
        if self.expression is None:
            return lambda _exchange: None
        evaluate = (
            self._compiled(scope, predicate=True)
            if self.result_type in _BOOLEANS
            else self._compiled(scope, predicate=False)
        )
        return as_result(evaluate, self.result_type, self.at)

    def compile_predicate(self, scope: Scope) -> Predicate:
        evaluate = self._compiled(scope, predicate=True)
        if getattr(evaluate, "tests", False):
            return evaluate
        return lambda exchange: truthy(evaluate(exchange))

    def _compiled(self, scope: Scope, *, predicate: bool) -> Expression:
        text = resource_text(self.text, scope, self.at)
        if self.trim and text != self.text:
            text = text.strip()
        compiler = Compiler(scope, self.at)
        try:
            statements, text = cut(text)
            assignments = [] if not statements else compiler.assignments(statements)
            evaluate = compiler.node(parse_predicate(text)) if predicate else compiler.template(parse_template(text))
        except RecursionError:
            raise RouteSyntaxError("the simple expression nests too deep", self.at, "split it over variables") from None
        except SyntaxFault as fault:
            raise RouteSyntaxError(
                f"{fault.message}, in the simple {'predicate' if predicate else 'expression'} {_shown(text, fault.at)}",
                _moved(self.where("expression"), text, fault.at),
                fault.hint,
            ) from None
        return _after(assignments, evaluate) if assignments else evaluate


def _after(assignments: list[tuple[str, Expression]], evaluate: Expression) -> Expression:
    """The expression behind an init block, whose variables are set anew for each message."""

    def run(exchange: Exchange) -> Any:
        for name, value in assignments:
            found = value(exchange)
            if found is None:
                exchange.variables.pop(name, None)
            else:
                exchange.variables[name] = found
        return evaluate(exchange)

    return run


def _shown(text: str, at: int) -> str:
    """The text around a fault, short enough for one line."""
    start, end = max(0, at - 30), at + 40
    return repr(("..." if start else "") + text[start:end] + ("..." if end < len(text) else ""))


def _moved(at: Position, text: str, offset: int) -> Position:
    """The position of an offset: exact where the text stands on one line, else that of the expression."""
    if not at.line or "\n" in text[:offset]:
        return at
    return Position(at.file, at.line, at.column + offset)
