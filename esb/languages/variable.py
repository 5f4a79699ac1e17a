"""``variable``: a variable by its name, also ``global:name`` and ``route:name`` (Camel's page "Variable")."""

from __future__ import annotations

from typing import Any

from esb.expression import Expression, LanguageSpec, Scope, as_result
from esb.languages._repositories import variable_getter


class Variable(LanguageSpec):
    """The variable's value, of its own type; nothing if there is none."""

    name = "variable"

    def compile(self, scope: Scope) -> Expression:
        holder: Any = scope  # the context, which holds the shared ones
        return as_result(variable_getter(self.text, holder), self.result_type, self.at)
