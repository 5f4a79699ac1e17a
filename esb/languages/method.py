"""``method``: the result of a bean's method (Camel's pages "Bean Method" and "Bean Binding")."""

from __future__ import annotations

import importlib
from typing import Any

from esb.errors import OptionError, Position, ReferenceFault, UnknownName
from esb.expression import Expression, LanguageSpec, Scope, as_result
from esb.fields import Kind, field
from esb.javanames import STRATEGIES
from esb.languages.simple.chain import method_chain


class Method(LanguageSpec):
    """``{method: {ref: prices, method: "of(${body}, 'EUR')"}}``: what a method may take is told in :mod:`esb.methods`."""

    name = "method"

    expression = field(Kind.TEXT, "", doc="Not used: the method stands in 'method'.")
    ref = field(Kind.REF, None, scalar=True, doc="The bean.", example="prices")
    method = field(Kind.TEXT, None, doc="The method, with its parameters.", example="of(${body}, 'EUR')")
    bean_type = field(Kind.TEXT, None, doc="A class to make the bean from, instead of 'ref': package.module:Name.")
    scope = field(
        Kind.TEXT, "Singleton", enum=("Singleton", "Request", "Prototype"), doc="How often the bean is made (beanType)."
    )
    validate = field(Kind.BOOL, True, doc="Whether the method must exist when the route is loaded; it always must.")

    def compile(self, scope: Scope) -> Expression:
        bean = self._bean(scope)
        return as_result(method_chain(bean, self.method, scope, self.at), self.result_type, self.at)

    def _bean(self, scope: Scope) -> Any:
        if self.ref:
            name = self.ref.removeprefix("#bean:").removeprefix("#")
            try:
                return scope.lookup("bean", name)
            except UnknownName as unknown:
                raise UnknownName("bean", name, unknown.known, self.where("ref")) from None
        if self.bean_type:
            return _made(self.bean_type, self.at)
        raise OptionError(
            "the method language needs a bean", self.at, "write ref: name, or beanType: package.module:Name"
        )


def _made(name: str, at: Position) -> Any:
    """A bean of a class. Raises ReferenceFault."""
    module, _, attribute = STRATEGIES.get(name, name).partition(":")
    try:
        made = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as missing:
        raise ReferenceFault(
            f"there is no class {name!r}: {missing}", at, "write it as 'package.module:Name'"
        ) from missing
    return made() if isinstance(made, type) else made
