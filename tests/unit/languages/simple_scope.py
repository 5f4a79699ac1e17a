"""What the tests of expressions use in the context's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esb.errors import NOWHERE, Position, ReferenceFault, UnknownName
from esb.exchange import Exchange
from esb.languages.simple import Simple
from esb.languages.simple.nodes import SyntaxFault


class Scope:
    """Properties, beans and functions given by the test."""

    name = "test"

    def __init__(self, properties: dict[str, str] | None = None, **things: Any) -> None:
        self.variables: dict[str, Any] = {}
        self._properties = properties or {}
        self._things = things

    def resolve(self, text: str) -> str:
        key = text.removeprefix("{{").removesuffix("}}")
        if key not in self._properties:
            raise ReferenceFault(f"no property {key}")
        return self._properties[key]

    def lookup(self, kind: str, name: str) -> Any:
        if kind in {"bean", "function"} and name in self._things:
            return self._things[name]
        raise UnknownName(kind, name, self._things)

    def language(self, name: str) -> Any:
        if name != "simple":
            raise UnknownName("language", name, ["simple"])
        return Simple


def evaluate(text: str, exchange: Exchange | None = None, scope: Scope | None = None, **options: Any) -> Any:
    """The value of an expression."""
    return Simple(expression=text, **options).compile(scope or Scope())(exchange or Exchange())


def matches(text: str, exchange: Exchange | None = None, scope: Scope | None = None) -> bool:
    """The truth of a predicate."""
    return Simple(expression=text).compile_predicate(scope or Scope())(exchange or Exchange())


def refused(text: str, *, predicate: bool = False, at: Position = NOWHERE) -> str:
    """Why a text is refused when the route is loaded; empty if it is not."""
    from esb.errors import ConfigError

    spec = Simple(at, expression=text)
    try:
        spec.compile_predicate(Scope()) if predicate else spec.compile(Scope())
    except ConfigError as error:
        return str(error)
    return ""


def fault_in(parse: Callable[[str], object], text: str) -> int:
    """Where a parser finds a fault; 0 if it finds none."""
    try:
        parse(text)
    except SyntaxFault as fault:
        return fault.at
    return 0
