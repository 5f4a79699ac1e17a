"""Variables by name, for the languages that read them."""

from __future__ import annotations

from typing import Any, Final

from esb.exchange import Exchange
from esb.expression import Expression
from esb.javanames import IllegalArgumentException
from esb.variables import Holder, variable

_KNOWN: Final = frozenset({"global", "route", "header"})


def variable_getter(name: str, holder: Holder) -> Expression:
    """How to read a variable. One of a repository that nobody knows (``other:name``) raises IllegalArgumentException, as in Camel."""
    where, colon, _ = name.partition(":")
    if not colon:
        return lambda exchange: exchange.variables.get(name)
    if where in _KNOWN:
        return variable(name, holder).get

    def fail(_exchange: Exchange) -> Any:
        raise IllegalArgumentException(f"there are no variables named {where!r}: write global:, route: or a plain name")

    return fail
