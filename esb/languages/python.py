"""``python``: an expression of the Python language itself, for what no other language says.

The route's author writes it, as they write the project's modules; nothing of a message becomes code. It is compiled once, at load.
"""

from __future__ import annotations

import ast
import builtins
from types import CodeType
from typing import Any, Final

from esb.coerce import text
from esb.errors import ExpressionFailed, Position, RouteSyntaxError
from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Scope, as_result
from esb.languages._resource import resource_text

_NAMES: Final = ("exchange", "body", "headers", "properties", "variables", "exception", "message", "text", "context")


class Python(LanguageSpec):
    """``{python: "body['total'] * 1.19 > 100"}``; statements may stand before the last line, which is the value.

    The names are ``exchange``, ``message``, ``body``, ``headers``, ``properties``, ``variables``, ``exception`` (the failure that is being handled),
    ``text(value)`` (Camel's text of a value), ``context``, and Python's builtins. Imports are allowed. The exchange may be changed.
    """

    name = "python"

    def compile(self, scope: Scope) -> Expression:
        statements, value = _parsed(resource_text(self.text, scope, self.at), self.at)
        where, shared = f"{self.at}" or "python", {"__builtins__": builtins, "text": text, "context": scope}

        def evaluate(exchange: Exchange) -> Any:
            message = exchange.message
            names: dict[str, Any] = {
                **shared,
                "exchange": exchange,
                "message": message,
                "body": message.body,
                "headers": message.headers,
                "properties": exchange.properties,
                "variables": exchange.variables,
                "exception": exchange.error or exchange.caught,
            }
            try:
                if statements is not None:
                    exec(statements, names)  # noqa: S102 -- the author's code, compiled at load
                return None if value is None else eval(value, names)  # noqa: S307 -- as above
            except (NameError, SyntaxError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
                raise ExpressionFailed(
                    f"the python expression at {where} failed: {type(error).__name__}: {error}"
                ) from error

        return as_result(evaluate, self.result_type, self.at)


def _parsed(source: str, at: Position) -> tuple[CodeType | None, CodeType | None]:
    """The statements, and the value of the last line if it is an expression. Raises RouteSyntaxError."""
    file = at.file or "<python>"
    try:
        tree = ast.parse(source, file)
        if at.line:
            ast.increment_lineno(tree, at.line - 1)
        last = tree.body[-1] if tree.body else None
        value = last.value if isinstance(last, ast.Expr) else None
        if value is not None:
            tree.body.pop()
        statements = compile(tree, file, "exec") if tree.body else None
        return statements, compile(ast.Expression(value), file, "eval") if value is not None else None
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        raise RouteSyntaxError(
            f"this is not Python: {getattr(error, 'msg', None) or error} (line {line})",
            at,
            f"the names are {', '.join(_NAMES)}",
        ) from error
