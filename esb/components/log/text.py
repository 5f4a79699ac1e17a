"""An exchange as a text for logs, in Camel's form: ``Exchange[ExchangePattern: InOnly, BodyType: String, Body: Hello]``."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, Final

from esb.coerce import Source, is_element, octets, text
from esb.exchange import Exchange
from esb.javanames import THROWN

_TYPES: Final[dict[type, str]] = {
    str: "String",
    bytes: "byte[]",
    bool: "Boolean",
    int: "Integer",
    float: "Double",
    dict: "java.util.LinkedHashMap",
    list: "java.util.ArrayList",
}
"""Names that Camel's users know from their logs."""
_JAVA: Final[dict[type[BaseException], str]] = {cls: name for name, cls in THROWN.items()}
_INTERNAL: Final = ("Camel", "esb.")
_SECRETS: Final = re.compile(
    r"""(?P<key>["']?\b(?:passphrase|password|secretkey|secret|accesstoken|clientsecret|authorizationtoken|sasljaasconfig|apikey|token)\b["']?
        \s*[=:]\s*)(?P<quote>["']?)[^"',}\]\s]+(?P=quote)""",
    re.IGNORECASE | re.VERBOSE,
)


def masked(line: str) -> str:
    """The text with values of secret-looking keys as ``xxxxx``."""
    return _SECRETS.sub(lambda found: f"{found['key']}{found['quote']}xxxxx{found['quote']}", line)


def type_name(value: Any) -> str:
    """The type of a value as Camel shows it."""
    if value is None:
        return "null"
    return _TYPES.get(type(value), type(value).__name__)


def class_name(error: BaseException) -> str:
    """The class of a failure: its Java name where it has one."""
    return _JAVA.get(type(error), type(error).__name__)


class ExchangeFormat:
    """Makes the text of exchanges; ``shown`` are the names of the show options that are on. Immutable, thread-safe."""

    def __init__(
        self,
        shown: set[str],
        *,
        multiline: bool = False,
        style: str = "Default",
        max_chars: int = 10000,
        one_line_body: bool = True,
        plain: bool = False,
        mask: bool = False,
    ) -> None:
        self._shown = frozenset(shown)
        self._all = "showAll" in shown
        self._multiline = multiline
        self._style = style
        self._max_chars = max_chars
        self._one_line_body = one_line_body
        self._plain = plain
        self._mask = mask

    def __call__(self, exchange: Exchange) -> str:
        """The text."""
        if self._plain:
            line = self._cut(self._body(exchange.body, whole=True))
        elif self._multiline:
            line = "Exchange[" + "".join(f"\n{self._cut(part)}" for part in self._parts(exchange)) + "\n]"
        else:
            separator = ", " if self._style == "Default" else ""
            joined = "".join(f"{separator}{part}" for part in self._parts(exchange))
            line = f"Exchange[{self._cut(joined).removeprefix(separator)}]"
        return masked(line) if self._mask else line

    def _cut(self, part: str) -> str:
        return f"{part[: self._max_chars]}..." if len(part) > self._max_chars else part

    def _labelled(self, label: str, value: str) -> str:
        match self._style:
            case "Tab":
                return f"\t{label}: {value}"
            case "Fixed":
                return f"\t{label:<20}{value}"
            case _:
                return f"  {label}: {value}" if self._multiline else f"{label}: {value}"

    def _shows(self, option: str) -> bool:
        return self._all or option in self._shown

    def _parts(self, exchange: Exchange) -> Iterator[str]:
        if self._shows("showExchangeId"):
            yield self._labelled("Id", exchange.id) + ("\n" if self._multiline else "")
        if self._shows("showRouteId") and exchange.route:
            yield self._labelled("RouteId", exchange.route)
        if self._shows("showExchangePattern"):
            yield self._labelled("ExchangePattern", exchange.pattern)
        if self._shows("showAllProperties"):
            yield self._labelled("Properties", _listed(exchange.properties))
        elif "showProperties" in self._shown:
            own = {name: value for name, value in exchange.properties.items() if not name.startswith(_INTERNAL)}
            yield self._labelled("Properties", _listed(own))
        if self._shows("showVariables") and (exchange.variables or not self._all):
            yield self._labelled("Variables", _listed(exchange.variables))
        elif self._all and self._multiline:
            yield ""
        if self._shows("showHeaders"):
            yield self._labelled("Headers", _listed(exchange.headers))
        if self._shows("showBodyType"):
            yield self._labelled("BodyType", type_name(exchange.body))
        if self._shows("showBody"):
            yield self._labelled("Body", self._body(exchange.body))
        yield from self._failure(exchange)

    def _failure(self, exchange: Exchange) -> Iterator[str]:
        error, kind = None, ""
        if self._shows("showCaughtException"):
            error, kind = exchange.caught, "CaughtException"
        if error is None and self._shows("showException"):
            error, kind = exchange.error, "Exception"
        if error is None:
            return
        yield self._labelled(f"{kind}Type", class_name(error))
        yield self._labelled(f"{kind}Message", str(error))
        if "showStackTrace" in self._shown:
            yield self._labelled("StackTrace", "".join(traceback.format_exception(error)))

    def _body(self, body: Any, *, whole: bool = False) -> str:
        if body is None:
            return "" if self._plain else "[Body is null]"
        if hasattr(body, "read"):
            return f"[Body is instance of {type(body).__name__}]"  # reading it would take it from the route
        if isinstance(body, Source) and not self._shown & {"showFiles", "showStreams", "showCachedStreams"}:
            return f"[Body is instance of {type(body).__name__}]"
        told = octets(body).decode() if is_element(body) else text(body) or ""
        if self._one_line_body and not whole:
            told = told.replace("\r", "").replace("\n", "")
        return self._cut(told)


def _listed(values: Mapping[str, Any]) -> str:
    return text({name: values[name] for name in sorted(values, key=str.lower)}) or "{}"
