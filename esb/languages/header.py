"""``header``: a header of the message by its name, whatever its case (Camel's page "Header")."""

from __future__ import annotations

from typing import Any

from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Scope, as_result
from esb.javanames import NullPointerException


class Header(LanguageSpec):
    """The header's value, of its own type; nothing if there is none."""

    name = "header"

    def compile(self, scope: Scope) -> Expression:
        if self.expression is None:
            return _nameless
        name = self.text
        return as_result(lambda exchange: exchange.message.headers.get(name), self.result_type, self.at)


def _nameless(_exchange: Exchange) -> Any:
    raise NullPointerException("the header language names no header: write header: name")
