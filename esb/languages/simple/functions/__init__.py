"""The functions of simple, one family a module. A new function is a decorated builder in one of them, or in a module of its own.

A builder is called once, when the expression is compiled: it reads its arguments from :class:`Call` and returns the closure that runs per
message. Projects add functions of their own by binding the kind ``function`` in the registry to a builder.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from esb.errors import Position, UnknownName
from esb.exchange import Exchange
from esb.expression import Expression, Predicate, Scope
from esb.languages.simple.arguments import closing, split, unquoted
from esb.languages.simple.nodes import SyntaxFault

if TYPE_CHECKING:
    from esb.languages.simple.compile import Compiler

_NAME: Final = re.compile(r"(?:in\.)?([^\W\d][\w-]*)")
_table: dict[str, Builder] = {}


class Call:
    """A function as written: its name, and the rest behind it with the delimiter (``.id``, ``[0]``, ``(a,b)``, ``:key``)."""

    def __init__(self, text: str, at: int, compiler: Compiler) -> None:
        self.text = text
        self.at = at
        self.name = function_name(text)
        self.rest = text[text.index(self.name) + len(self.name) :]
        self._compiler = compiler

    @property
    def scope(self) -> Scope:
        """What may be looked up."""
        return self._compiler.scope

    @property
    def position(self) -> Position:
        """Where the expression stands, for errors of other languages."""
        return self._compiler.at

    @property
    def custom(self) -> dict[str, Expression]:
        """The functions of the text's own init block."""
        return self._compiler.custom

    def source(self, argument: str) -> Expression:
        """What a function works on: its argument, quotes removed; the body if the argument is left out."""
        return self.expression(unquoted(argument)) if argument.strip() else _body

    def expression(self, source: str) -> Expression:
        """An argument that may hold functions, compiled; text without any is a constant."""
        return self._compiler.expression(source)

    def predicate(self, source: str) -> Predicate:
        """An argument that is a predicate, compiled."""
        return self._compiler.predicate(source)

    def misused(self, usage: str) -> SyntaxFault:
        """The fault of a function that is not written as it should be."""
        return SyntaxFault(f"${{{self.text}}} is not how to write it", self.at, f"write ${{{usage}}}")

    def inside(self, usage: str, *, to_last: bool = False) -> str:
        """What stands between the parentheses, up to the one that closes the first (or the last of all). Raises SyntaxFault."""
        end = self.rest.rfind(")") if to_last else self._closing()
        if not self.rest.startswith("(") or end < 0:
            raise self.misused(usage)
        return self.rest[1:end]

    def _closing(self) -> int:
        """Where the first parenthesis closes; one quote too many must not hide it."""
        end = closing(self.rest, 0) if self.rest.startswith("(") else -1
        return end if end >= 0 else self.rest.find(")")

    def behind(self) -> str:
        """What follows the parentheses."""
        return self.rest[self._closing() + 1 :]

    def arguments(self, usage: str, least: int, most: int, *, to_last: bool = False) -> list[str]:
        """The arguments, cut at commas outside quotes and functions, quotes removed. Raises SyntaxFault for too few or too many."""
        found = split(self.inside(usage, to_last=to_last))
        if not least <= len(found) <= most:
            raise self.misused(usage)
        return [_without_quotes(argument) for argument in found]


def _without_quotes(argument: str) -> str:
    """Quotes around an argument go, the blanks around them stay: ``replace('a', 'b')`` puts a blank before each b, as in Camel."""
    plain = argument.strip()
    return argument.replace(plain, plain[1:-1], 1) if unquoted(argument) is not argument and plain else argument


def _body(exchange: Exchange) -> Any:
    return exchange.message.body


Builder = Callable[[Call], Expression]
_B = TypeVar("_B", bound=Builder)


def function(*names: str) -> Callable[[_B], _B]:
    """Register a builder under its names."""

    def register(builder: _B) -> _B:
        for name in names:
            if name in _table:
                raise ValueError(f"the simple function {name!r} is provided twice")
            _table[name] = builder
        return builder

    return register


def family(build: Builder, meanings: Mapping[str, str]) -> None:
    """Register one builder under several names, each with its own meaning (it becomes the documentation)."""
    for name, meaning in meanings.items():
        # A function of its own for each name: the meaning hangs on it.
        member = functools.partial(build)
        member.__doc__ = meaning
        function(name)(member)


def function_name(text: str) -> str:
    """The name that a function's text begins with, without ``in.``; empty if there is none."""
    found = _NAME.match(text)
    return found[1] if found else ""


@functools.cache
def table() -> dict[str, Builder]:
    """All functions by name. Imports the modules of this package."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return _table


def find(text: str, at: int, scope: Scope) -> Builder:
    """The builder for a function's text: one of ours, else one that the project registered. Raises UnknownName, SyntaxFault."""
    name = function_name(text)
    known = table()
    if name in known:
        return known[name]
    if not name:
        raise SyntaxFault(f"${{{text}}} names no function", at)
    try:
        registered: Any = scope.lookup("function", name)
    except UnknownName as unknown:
        raise UnknownName("simple function", name, {*known, *unknown.known}) from None
    builder: Builder = registered
    return builder
