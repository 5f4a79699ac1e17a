"""What has a name: headers, exchange properties, variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from esb.coerce import boolean, lenient, text
from esb.errors import ConversionFailed, ExpressionFailed
from esb.exchange import Exchange, Headers
from esb.expression import Expression
from esb.javanames import NullPointerException
from esb.languages._repositories import variable_getter
from esb.languages.simple.arguments import unquoted
from esb.languages.simple.functions import Call, function
from esb.languages.simple.ognl import compile_path
from esb.variables import variable as named_variable

Getter = Callable[[str], Expression]
_MISSING: Final = object()
_SIZES: Final = frozenset({".size", ".size()", ".length", ".length()"})


def _header(name: str) -> Expression:
    raw = dict.get

    def get(exchange: Exchange) -> Any:
        headers = exchange.message.headers
        # The name as written is the usual case and costs what a dict costs; only a miss pays for the look-up that ignores case.
        value = raw(headers, name, _MISSING)
        if value is _MISSING:
            value = headers.get(name)
        # As in Camel: what is no header may be a property, of exactly that name.
        return exchange.properties.get(name) if value is None else value

    return _noted(get, "header", name)


def _header_alone(name: str) -> Expression:
    return lambda exchange: exchange.message.headers.get(name)


def _property(name: str) -> Expression:
    return _noted(lambda exchange: exchange.properties.get(name), "exchangeProperty", name)


def _noted(get: Expression, kind: str, name: str) -> Expression:
    """Note what is looked up: a choice that compares it again and again looks once."""
    get.named = (kind, name)  # type: ignore[attr-defined]  # a note on a function
    return get


def _all_headers(exchange: Exchange) -> Headers:
    """A copy, in the order of the names, as Camel keeps them: the text of a message's headers is always the same."""
    headers = exchange.message.headers
    return Headers({name: headers[name] for name in sorted(headers, key=str.lower)})


@function("header", "headers")
def header(call: Call) -> Expression:
    """``${header.name}``, ``${headers[name]}``, with a path behind; ``${headers}`` is the map of all."""
    if call.name == "headers":
        if not call.rest:
            return _all_headers
        if call.rest in _SIZES:
            return lambda exchange: len(exchange.message.headers)
    return _named(call, _header, "header.name}, ${header[name]}, ${header.name.OGNL", quotes=True)


@function("exchangeProperty")
def exchange_property(call: Call) -> Expression:
    """``${exchangeProperty.name}``, ``${exchangeProperty[name]}``, with a path behind."""
    usage = "exchangeProperty.name}, ${exchangeProperty[name]"
    if not call.rest:
        return _failing(f"${{{call.text}}} names no property: write ${{{usage}}}")
    return _named(call, _property, usage, quotes=False)


@function("variable", "variables")
def variable(call: Call) -> Expression:
    """``${variable.name}``, also ``global:name`` and ``route:name``, with a path behind; ``${variables}`` is the map of the exchange's own."""
    if call.name == "variables":
        if not call.rest:
            return lambda exchange: exchange.variables
        if call.rest in _SIZES:
            return lambda exchange: len(exchange.variables)
    scope: Any = call.scope  # the context, which holds the shared ones

    return _named(
        call,
        lambda name: variable_getter(name, scope),
        "variable.name}, ${variable[name]}, ${variable.name.OGNL",
        quotes=True,
    )


@function("headerAs", "variableAs")
def name_as(call: Call) -> Expression:
    """``${headerAs(name,type)}`` and ``${variableAs(name,type)}``."""
    usage = f"{call.name}(name,type)"
    name, comma, type_name = call.inside(usage).rpartition(",")
    if not name or not comma or not type_name or call.behind():
        raise call.misused(usage)
    type_name, name = unquoted(type_name).strip(), unquoted(name).strip()
    try:
        convert = lenient(type_name)
    except KeyError:
        return _failing(
            f"there is no type {type_name!r}: write String, Integer, Long, Double, Boolean, byte[], List, Map"
        )
    get = _getter_of(call, name)
    if type_name == "boolean":  # where Camel takes nothing for false
        return lambda exchange: _truth(get(exchange)) or False
    return lambda exchange: convert(get(exchange))


def _truth(value: Any) -> bool | None:
    if isinstance(value, str) and value.lower() not in {"true", "false"}:
        raise ConversionFailed(f"{value[:60]!r} is neither true nor false")
    if isinstance(value, float):
        raise ConversionFailed(f"{value} is neither true nor false")
    return boolean(value)


def _getter_of(call: Call, name: str) -> Expression:
    if "${" in name:
        return _computed(call, name, f"{call.name}(name,type)", quotes=True)
    scope: Any = call.scope
    return _header(name) if call.name == "headerAs" else named_variable(name, scope).get


def _named(call: Call, getter: Getter, usage: str, *, quotes: bool) -> Expression:
    rest = call.rest
    if not rest:
        raise call.misused(usage)
    if rest[0] in ".:?":
        rest = rest[1:]
    if rest.startswith("[") and rest.endswith("]"):
        rest = rest[1:-1]
    if quotes:
        rest = unquoted(rest)
    if not rest:
        raise call.misused(usage)
    if rest.count("[") != rest.count("]") or (".." in rest and "[" not in rest):
        raise call.misused(usage)
    if rest[0] == ".":
        return _null_safe_name(rest[1:], getter)
    if "${" in rest:
        return _computed(call, rest, usage, quotes=quotes)
    if "." not in rest and "[" not in rest:
        return getter(rest)
    return _with_path(call, rest, getter, usage)


def _null_safe_name(name: str, getter: Getter) -> Expression:
    """``${header?.x}``: as Camel, nothing if there is no such header, and a failure if there is one."""
    get = getter(name)

    def find(exchange: Exchange) -> Any:
        if get(exchange) is not None:
            raise ExpressionFailed(f"{name!r} with '?' before it is no path: write it without")
        return None

    return find


def _with_path(call: Call, rest: str, getter: Getter, usage: str) -> Expression:
    """The whole is a name if there is such a one (names may have dots), else a name and a path behind it."""
    name, path = _cut(rest)
    if not path or path.startswith("?["):  # Camel takes a '?' before brackets for a part of the name
        return getter(rest)
    getter = _header_alone if getter is _header else getter  # a path does not lead into a property
    whole, first = getter(rest), getter(name)
    follow = compile_path(path, call, usage)

    def get(exchange: Exchange) -> Any:
        value = whole(exchange)
        return value if value is not None else follow(first(exchange), exchange)

    return get


def _cut(rest: str) -> tuple[str, str]:
    """The name before the first dot, bracket or null-safe operator, or in the first brackets, and the path behind it."""
    if rest.startswith("["):
        name, _, path = rest[1:].partition("]")
        return unquoted(name), path
    stops = [at for at in (rest.find("."), rest.find("["), rest.find("?")) if at >= 0]
    at = min(stops, default=len(rest))
    return rest[:at], rest[at:]


def _computed(call: Call, rest: str, usage: str, *, quotes: bool) -> Expression:
    """The name, or a key in the path, is another function's value. The value is a name, never read as an expression."""
    name, path = _cut_outside_functions(rest)
    named = call.expression(unquoted(name) if quotes else name)
    follow = compile_path(path, call, usage) if path else None
    source = (
        "headers"
        if call.name.startswith("header")
        else "properties"
        if call.name == "exchangeProperty"
        else "variables"
    )

    def get(exchange: Exchange) -> Any:
        key = text(named(exchange))
        if key is None:
            raise NullPointerException(f"${{{call.text}}}: there is no name")
        holder = exchange.message.headers if source == "headers" else getattr(exchange, source)
        value = holder.get(key)
        return value if follow is None else follow(value, exchange)

    return get


def _cut_outside_functions(rest: str) -> tuple[str, str]:
    depth = 0
    for at, character in enumerate(rest):
        depth += (character == "{") - (character == "}")
        if not depth and character in ".[?" and at:
            return rest[:at], rest[at:]
    return rest, ""


def _failing(message: str) -> Expression:
    def fail(_exchange: Exchange) -> Any:
        raise ExpressionFailed(message)

    return fail
