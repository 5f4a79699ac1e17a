"""Texts that are evaluated when a message comes, where a route's author asked for just that (controlbus, language)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final

from esb.component import Context
from esb.errors import NOWHERE, OptionError, Position
from esb.expression import Expression

_FROM_MESSAGES: Final = (
    "simple",
    "constant",
    "header",
    "exchangeProperty",
    "variable",
    "jsonpath",
    "xpath",
    "tokenize",
)


def may_evaluate_messages(language: str, scheme: str, at: Position = NOWHERE) -> None:
    """Raise OptionError for a language in which a message's own text could run code."""
    if language not in _FROM_MESSAGES:
        raise OptionError(
            f"{scheme}: a message's text is not evaluated in {language!r}: whoever sends it could run code here",
            at,
            f"use one of {', '.join(_FROM_MESSAGES)}, or write the expression in the route",
        )


def evaluator(context: Context, language: str, at: Position) -> Callable[[str], Expression]:
    """Compile texts to expressions, the last hundred remembered. Raises what the language raises for a wrong text."""
    made = context.language(language)

    @functools.lru_cache(maxsize=100)
    def compiled(text: str) -> Expression:
        return made(at, expression=text).compile(context)

    return compiled
