"""Other languages inside simple: ``${jsonpath($.a)}``, ``${jq(.a)}``, ``${xpath(/a)}``.

A source may stand before a comma: ``${jq(header:name,.a)}``, ``${jq(variable:name,.a)}``.
"""

from __future__ import annotations

import re
from typing import Any, Final

from esb.errors import ConfigError
from esb.exchange import Exchange
from esb.expression import Expression
from esb.javanames import IllegalArgumentException, RuntimeCamelException
from esb.languages.simple.arguments import unquoted
from esb.languages.simple.functions import Call, function
from esb.languages.simple.nodes import SyntaxFault

_SOURCE: Final = re.compile(r"(header|property|exchangeProperty|variable):([^,]*),(.*)", re.DOTALL)


@function("jsonpath", "jq", "xpath")
def query(call: Call) -> Expression:
    """The result of a query over the body, or over what the source names."""
    told = unquoted(call.inside(f"{call.name}(expression)", to_last=True))
    sourced = _SOURCE.fullmatch(told)
    if sourced and sourced[1] == "exchangeProperty":
        return _no_repository(sourced[1], IllegalArgumentException if call.name == "xpath" else RuntimeCamelException)
    options: dict[str, Any] = {"expression": told}
    if sourced:
        options = {"expression": sourced[3].strip(), "source": f"{sourced[1]}:{sourced[2].strip()}"}
    try:
        spec = call.scope.language(call.name)(call.position, **options)
        return spec.compile(call.scope)
    except ConfigError as error:
        raise SyntaxFault(error.message, call.at, error.hint) from error


def _no_repository(name: str, failure: type[Exception]) -> Expression:
    # Camel 4.17 takes the name for a repository of variables, and fails on each message.
    def fail(_exchange: Exchange) -> Any:
        raise failure(f"there are no variables named {name!r}: write property:name")

    return fail
