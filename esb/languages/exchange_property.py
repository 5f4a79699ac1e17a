"""``exchangeProperty``: a property of the exchange by its name (Camel's page "ExchangeProperty")."""

from __future__ import annotations

from esb.expression import Expression, LanguageSpec, Scope, as_result


class ExchangeProperty(LanguageSpec):
    """The property's value, of its own type; nothing if there is none."""

    name = "exchangeProperty"

    def compile(self, scope: Scope) -> Expression:
        name = self.text
        return as_result(lambda exchange: exchange.properties.get(name), self.result_type, self.at)
