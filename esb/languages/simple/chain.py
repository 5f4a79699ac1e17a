"""A bean's method and what is called on its result: ``upper(${body}).length()``."""

from __future__ import annotations

from typing import Any

from esb.errors import NOWHERE, Position, RouteSyntaxError
from esb.exchange import Exchange
from esb.expression import Expression, Scope
from esb.languages.simple.arguments import closing
from esb.languages.simple.compile import Compiler
from esb.languages.simple.functions import Call
from esb.languages.simple.nodes import SyntaxFault
from esb.languages.simple.ognl import compile_path
from esb.methods import method_call


def method_chain(bean: Any, method: str | None, scope: Scope, at: Position = NOWHERE) -> Expression:
    """Compile the call and the path behind it. Raises UnknownName for a missing method and RouteSyntaxError for a path that is none."""
    head, path = _cut(method or "")
    called = method_call(bean, head or None, scope, at)
    invoke = _on_a_copy(called.invoke) if called.gives_nothing else called.invoke
    if not path:
        return invoke
    try:
        follow = compile_path(path, Call("bean" + path, 0, Compiler(scope, at)), "bean:name.method(a).OGNL")
    except SyntaxFault as fault:
        raise RouteSyntaxError(f"{method!r} is not a method call", at, fault.hint) from None
    return lambda exchange: follow(invoke(exchange), exchange)


def _on_a_copy(call: Expression) -> Expression:
    """A bean that may be there for its effect: as an expression it must not change the message, and its value is what it returns."""

    def run(exchange: Exchange) -> Any:
        copy = exchange.derive()
        result = call(copy)
        return None if result is copy else result

    return run


def _cut(method: str) -> tuple[str, str]:
    """The first call, and what follows it."""
    opening = method.find("(")
    stops = [at for at in (method.find("."), method.find("["), method.find("?")) if at >= 0]
    end = min(stops, default=len(method))
    if 0 <= opening < end:
        end = closing(method, opening) + 1 or len(method)
    return method[:end], method[end:]
