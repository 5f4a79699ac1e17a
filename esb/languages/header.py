"""``header``: a header of the message by its name, whatever its case (Camel's page "Header")."""

from __future__ import annotations

from esb.expression import Expression, LanguageSpec, Scope, as_result


class Header(LanguageSpec):
    """The header's value, of its own type; nothing if there is none."""

    name = "header"

    def compile(self, scope: Scope) -> Expression:
        name = self.text
        return as_result(lambda exchange: exchange.message.headers.get(name), self.result_type, self.at)
