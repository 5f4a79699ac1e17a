"""Names in steps: those that may be simple expressions, and patterns that several names fit."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from esb.coerce import text
from esb.errors import OptionError, Position, RouteError
from esb.exchange import Exchange
from esb.expression import LanguageSpec
from esb.program import Step
from esb.step import Builder

_PLAIN: Final = re.compile(r"[\w\-: ]*\*?")


def has_functions(name: str) -> bool:
    """Whether a text holds functions of simple."""
    return "${" in name or "$simple{" in name


def simple(builder: Builder, expression: str, at: Position) -> Callable[[Exchange], Any]:
    """A text as an expression of the simple language."""
    spec: LanguageSpec = builder.context.language("simple")(at, expression=expression)
    return builder.expression(spec)


def named(builder: Builder, name: str, at: Position, make: Callable[[str], Step]) -> Step:
    """The step that ``make`` gives for a name; made anew per message where the name is an expression (Camel evaluates such names by simple)."""
    if not has_functions(name):
        return make(name)
    evaluate = simple(builder, name, at)

    def step(exchange: Exchange) -> None:
        current = text(evaluate(exchange))
        if not current:
            raise RouteError(f"the name {name!r} came to nothing: {at or exchange.route}")
        make(current)(exchange)

    return step


def fits(pattern: str, at: Position) -> Callable[[str], bool]:
    """Whether a name fits a pattern: the same name, a beginning with ``*``, or a regular expression; case is ignored (Camel's PatternHelper).

    The expression runs in linear time, since names come with messages. Raises OptionError for one that cannot be read.
    """
    folded = pattern.lower()
    if pattern == "*":
        return lambda _name: True
    begins = folded[:-1] if folded.endswith("*") else None
    matches = None if _PLAIN.fullmatch(pattern) else _regex(pattern, at)

    def fit(name: str) -> bool:
        lower = name.lower()
        if lower == folded or (begins is not None and lower.startswith(begins)):
            return True
        return matches is not None and matches(name)

    return fit


def fits_but(pattern: str, exclude: str | None, at: Position) -> Callable[[str], bool]:
    """Whether a name fits ``pattern`` and not ``exclude``."""
    chosen = fits(pattern, at)
    if not exclude:
        return chosen
    spared = fits(exclude, at)
    return lambda name: chosen(name) and not spared(name)


def _regex(pattern: str, at: Position) -> Callable[[str], bool]:
    import re2  # only patterns that are regular expressions pay for it

    try:
        compiled = re2.compile(f"(?i){pattern}")
    except re2.error as error:
        raise OptionError(
            f"{pattern!r} is not a name, a wildcard or a regular expression: {error}",
            at,
            "write name, name* or a regular expression",
        ) from error
    return lambda name: compiled.fullmatch(name) is not None
