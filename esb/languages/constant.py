"""``constant``: always the same value (Camel's page "Constant")."""

from __future__ import annotations

from esb.coerce import converter, type_names
from esb.errors import ConversionFailed, OptionError, UnknownName
from esb.expression import Expression, LanguageSpec, Scope, constantly
from esb.languages._resource import resource_text


class Constant(LanguageSpec):
    """The text itself, or what ``resultType`` makes of it, once: ``{constant: {expression: "42", resultType: int}}``."""

    name = "constant"

    def compile(self, scope: Scope) -> Expression:
        if self.expression is None:
            return lambda _exchange: None
        text = resource_text(self.text, scope, self.at)
        if self.result_type is None:
            return constantly(text)
        try:
            value = converter(self.result_type)(text)
        except KeyError:
            raise UnknownName("type", self.result_type, type_names(), self.at) from None
        except ConversionFailed as failed:
            raise OptionError(f"the constant is no {self.result_type}: {failed}", self.at) from failed
        return constantly(value)
