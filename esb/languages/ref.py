"""``ref``: an expression that is a bean, by its name (Camel's page "Ref")."""

from __future__ import annotations

from typing import Any

from esb.errors import UnknownName
from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Scope, as_result


class Ref(LanguageSpec):
    """A bean that is an expression: a callable of the exchange, or an object with ``evaluate(exchange)``. Looked up once, at the first message."""

    name = "ref"

    def compile(self, scope: Scope) -> Expression:
        name, at = self.text.removeprefix("#bean:").removeprefix("#"), self.at

        def evaluate(exchange: Exchange) -> Any:
            # At run time: beans of the same file may be made after the routes are compiled.
            try:
                bean = scope.lookup("bean", name)
            except UnknownName as unknown:
                raise UnknownName("expression", name, unknown.known, at) from None
            call = getattr(bean, "evaluate", None) or getattr(bean, "matches", None) or bean
            return call(exchange) if callable(call) else call

        return as_result(evaluate, self.result_type, self.at)
