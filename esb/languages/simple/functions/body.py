"""The body: itself, as a type, on one line, indented, as it came in."""

from __future__ import annotations

from typing import Any, Final

from esb.coerce import NoConversion, converter, lenient, result_converter, text
from esb.errors import ExpressionFailed
from esb.exchange import Exchange
from esb.expression import Expression
from esb.languages.simple.arguments import unquoted
from esb.languages.simple.functions import Call, function
from esb.languages.simple.ognl import compile_path
from esb.languages.simple.pretty import prettified

_USAGE: Final = "body.OGNL}, ${body[key]"


@function("body")
def body(call: Call) -> Expression:
    """The body, or what a path finds in it."""
    if not call.rest:
        return lambda exchange: exchange.message.body
    if call.rest[0] not in ".?[":
        raise call.misused(_USAGE)
    follow = compile_path(call.rest, call, _USAGE)
    return lambda exchange: follow(exchange.message.body, exchange)


@function("bodyAs", "mandatoryBodyAs", "messageAs")
def body_as(call: Call) -> Expression:
    """The body converted to a type; the mandatory form fails where there is nothing to convert."""
    usage = f"{call.name}(type)"
    name = unquoted(call.inside(usage)).strip()
    if call.name == "messageAs":  # Camel converts the message object itself, which has no conversions
        return lambda _exchange: None
    try:
        convert = converter(name) if call.name == "mandatoryBodyAs" else _lenient(name)
    except KeyError:
        return _unknown_type(name)
    if call.name == "mandatoryBodyAs":
        convert = _mandatory(name, convert)
    path = call.behind()
    if not path:
        return lambda exchange: convert(exchange.message.body)
    follow = compile_path(path, call, f"{usage}.OGNL")
    return lambda exchange: follow(convert(exchange.message.body), exchange)


def _lenient(name: str) -> Any:
    """As a result type: a primitive one has a value where there is none. A truth value is no number all the same."""
    convert, strict = result_converter(name), lenient(name)
    return lambda value: strict(value) if isinstance(value, bool) else convert(value)


def _mandatory(name: str, convert: Any) -> Any:
    def must(value: Any) -> Any:
        if value is None:
            raise NoConversion(f"there is no body to be had as {name}")
        return convert(value)

    return must


def _unknown_type(name: str) -> Expression:
    def fail(_exchange: Exchange) -> Any:
        raise ExpressionFailed(
            f"there is no type {name!r}: write String, Integer, Long, Double, Boolean, byte[], List, Map"
        )

    return fail


@function("bodyOneLine")
def body_one_line(call: Call) -> Expression:
    """The body as text without line breaks."""
    if call.rest:
        raise call.misused("bodyOneLine")

    def one_line(exchange: Exchange) -> str | None:
        told = text(exchange.message.body)
        return None if told is None else told.replace("\n", "")

    return one_line


@function("prettyBody")
def pretty_body(call: Call) -> Expression:
    """The body as text, JSON and XML indented."""
    if call.rest:
        raise call.misused("prettyBody")

    def pretty(exchange: Exchange) -> str | None:
        return prettified(text(exchange.message.body))

    return pretty


@function("pretty")
def pretty(call: Call) -> Expression:
    """An expression's value as text, JSON and XML indented."""
    evaluate = call.expression(unquoted(call.inside("pretty(expression)", to_last=True)))
    return lambda exchange: prettified(text(evaluate(exchange)))


@function("originalBody")
def original_body(call: Call) -> Expression:
    """The body as it came into the first route; nothing unless the route keeps it (useOriginalMessage)."""
    if call.rest:
        raise call.misused("originalBody")
    return lambda exchange: exchange.original.body if exchange.original else None
