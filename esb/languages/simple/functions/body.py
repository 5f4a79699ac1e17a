"""The body: itself, as a type, on one line, indented, as it came in."""

from __future__ import annotations

import decimal
import re
from typing import Any, Final

from esb.coerce import NoConversion, converter, lenient, text
from esb.errors import ExpressionFailed
from esb.exchange import Exchange
from esb.expression import Expression
from esb.languages.simple.arguments import unquoted
from esb.languages.simple.functions import Call, function
from esb.languages.simple.ognl import compile_path

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
        convert = converter(name) if call.name == "mandatoryBodyAs" else lenient(name)
    except KeyError:
        return _unknown_type(name)
    if call.name == "mandatoryBodyAs":
        convert = _mandatory(name, convert)
    path = call.behind()
    if not path:
        return lambda exchange: convert(exchange.message.body)
    follow = compile_path(path, call, f"{usage}.OGNL")
    return lambda exchange: follow(convert(exchange.message.body), exchange)


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


def prettified(told: str | None) -> str | None:
    """JSON or XML with indentation; any other text as it is. What looks like JSON and is none gives nothing, as in Camel."""
    if told is None or told[:1] + told[-1:] not in {"{}", "[]", "<>"}:
        return told
    if told[0] == "<":
        return _pretty_xml(told)
    import json

    try:
        return pretty_json(json.loads(told, parse_float=decimal.Decimal)) + "\n"
    except (ValueError, RecursionError):
        return None


def pretty_json(value: Any, level: int = 0) -> str:
    """In the form of Camel's own JSON writer: tabs, and a line even for what is empty."""
    import json

    if not isinstance(value, (dict, list)):
        return str(value) if isinstance(value, decimal.Decimal) else json.dumps(value, ensure_ascii=False)
    inside = "\n" + "\t" * (level + 1)
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(key, ensure_ascii=False)}: {pretty_json(item, level + 1)}" for key, item in value.items()
        ]
        opening, closing = "{}"
    else:
        parts = [pretty_json(item, level + 1) for item in value]
        opening, closing = "[]"
    return opening + inside + f",{inside}".join(parts) + "\n" + "\t" * level + closing


def _pretty_xml(told: str) -> str:
    from lxml import etree

    from esb.errors import Malformed
    from esb.xml import parse

    try:
        root = parse(re.sub(r">\s+<", "><", told))
    except Malformed:
        return told
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


@function("originalBody")
def original_body(call: Call) -> Expression:
    """The body as it came into the first route; nothing unless the route keeps it (useOriginalMessage)."""
    if call.rest:
        raise call.misused("originalBody")
    return lambda exchange: exchange.original.body if exchange.original else None
