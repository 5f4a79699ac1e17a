"""``language``: an expression in a language that is named beside it (Camel's page "Language")."""

from __future__ import annotations

from esb.errors import UnknownName
from esb.expression import Expression, LanguageSpec, Predicate, Scope
from esb.fields import Kind, field


class Language(LanguageSpec):
    """``{language: {language: simple, expression: "${body}"}}``: the same as ``{simple: "${body}"}``."""

    name = "language"

    language = field(Kind.TEXT, doc="Name of the language.", example="simple")

    def compile(self, scope: Scope) -> Expression:
        return self._named(scope).compile(scope)

    def compile_predicate(self, scope: Scope) -> Predicate:
        return self._named(scope).compile_predicate(scope)

    def _named(self, scope: Scope) -> LanguageSpec:
        name: str = self.language
        try:
            language = scope.language(name)
        except UnknownName as unknown:
            raise UnknownName("language", name, unknown.known, self.at) from None
        return language(self.at, expression=self.expression, id=self.id, trim=self.trim, result_type=self.result_type)
