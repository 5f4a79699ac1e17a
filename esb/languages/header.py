"""``header``: a header of the message by its name, whatever its case (Camel's page "Header")."""

from __future__ import annotations

from typing import Any

from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Scope, as_result
from esb.javanames import NullPointerException


class Header(LanguageSpec):
    """The header's value, of its own type; where there is none, the exchange property of that name, as in Camel."""

    name = "header"

    def compile(self, scope: Scope) -> Expression:
        if self.expression is None:
            return _nameless
        name = self.text

        def get(exchange: Exchange) -> Any:
            value = exchange.message.headers.get(name)
            return exchange.properties.get(name) if value is None else value

        return as_result(get, self.result_type, self.at)


def _nameless(_exchange: Exchange) -> Any:
    raise NullPointerException("the header language names no header: write header: name")
