"""``ref``: an expression that is a bean, by its name (Camel's page "Ref")."""

from __future__ import annotations

from typing import Any

from esb.errors import OptionError, UnknownName
from esb.expression import Expression, LanguageSpec, Scope, as_result


class Ref(LanguageSpec):
    """A bean that is an expression: a callable of the exchange, or an object with ``evaluate(exchange)``. Looked up at load."""

    name = "ref"

    def compile(self, scope: Scope) -> Expression:
        name = self.text.removeprefix("#bean:").removeprefix("#")
        try:
            bean: Any = scope.lookup("bean", name)
        except UnknownName as unknown:
            raise UnknownName("expression", name, unknown.known, self.at) from None
        call = getattr(bean, "evaluate", None) or getattr(bean, "matches", None) or bean
        if not callable(call):
            raise OptionError(f"the bean {name!r} is no expression", self.at, "give it a method evaluate(exchange)")
        return as_result(call, self.result_type, self.at)
