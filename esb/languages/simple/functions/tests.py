"""Functions that answer true or false, or what kind a value is (Camel's page "Simple - Built-in Functions", 4.18 and later)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from esb.coerce import Textual, inner, text
from esb.errors import ExpressionFailed
from esb.exchange import Exchange
from esb.expression import Expression
from esb.languages.simple.arguments import split, unquoted
from esb.languages.simple.functions import Call, family, function
from esb.languages.simple.operators import contains as contained


class SimpleAssertionException(ExpressionFailed):
    """``org.apache.camel.language.simple.SimpleAssertionException``: an ``assert`` did not hold."""


def _alphanumeric(told: str) -> bool:
    return bool(told) and all(letter.isalpha() or letter.isdecimal() for letter in told)


_OF_TEXT: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "isAlpha": (str.isalpha, "letters"),
    "isAlphaNumeric": (_alphanumeric, "letters and digits"),
    "isNumeric": (str.isdecimal, "digits"),
}


def _of_text(call: Call) -> Expression:
    test, _ = _OF_TEXT[call.name]
    source = call.source(call.inside(f"{call.name}(exp)", to_last=True))

    def tested(exchange: Exchange) -> bool:
        told = text(source(exchange))
        return told is not None and test(told)

    return tested


family(
    _of_text,
    {
        name: f"``${{{name}()}}``, ``${{{name}(exp)}}``: whether there are {told} only; false if there is nothing."
        for name, (_, told) in _OF_TEXT.items()
    },
)


@function("isEmpty")
def is_empty(call: Call) -> Expression:
    """``${isEmpty()}``: nothing, blank text, a list or map without items."""
    source = call.source(call.inside("isEmpty(exp)", to_last=True))

    def tested(exchange: Exchange) -> bool:
        value = source(exchange)
        if isinstance(value, str):
            return not value.strip()
        return value is None or (isinstance(value, (list, tuple, dict, set, bytes)) and not value)

    return tested


@function("contains")
def contains(call: Call) -> Expression:
    """``${contains(text)}``, ``${contains(exp,text)}``: whether it holds the text, whatever the case."""
    usage = "contains(text)}, ${contains(exp,text)"
    arguments = split(call.inside(usage, to_last=True))
    if not 1 <= len(arguments) <= 2:
        raise call.misused(usage)
    source = call.source(arguments[0].strip() if len(arguments) > 1 else "")
    wanted = call.expression(unquoted(arguments[-1].strip()))

    def tested(exchange: Exchange) -> bool:
        value, part = source(exchange), wanted(exchange)
        return value is not None and part is not None and contained(value, inner(part), ignore_case=True)

    return tested


@function("not")
def negated(call: Call) -> Expression:
    """``${not()}``, ``${not(predicate)}``: the opposite."""
    inside = call.inside("not(predicate)", to_last=True).strip()
    test = call.predicate(inside or "${body}")
    return lambda exchange: not test(exchange)


@function("assert")
def asserted(call: Call) -> Expression:
    """``${assert(predicate,message)}``: nothing, or a failure with the message."""
    arguments = split(call.inside("assert(exp,msg)", to_last=True))
    if len(arguments) != 2:
        raise call.misused("assert(exp,msg)")
    test = call.predicate(arguments[0].strip())
    message = call.expression(unquoted(arguments[1].strip()))

    def check(exchange: Exchange) -> None:
        if not test(exchange):
            raise SimpleAssertionException(inner(message(exchange)))

    return check


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, (list, tuple, set)) and not isinstance(value, Textual):
        return "array"
    return "string" if isinstance(value, (str, bytes, Textual)) else "object"


@function("kindOfType")
def kind_of_type(call: Call) -> Expression:
    """``${kindOfType(exp)}``: null, number, string, boolean, array or object."""
    source = call.source(call.inside("kindOfType(exp)", to_last=True))
    return lambda exchange: _kind(source(exchange))


@function("bodyType")
def body_type(call: Call) -> Expression:
    """``${bodyType}``: the class of the body by its Java name."""
    from esb.languages.simple.classes import class_of

    if call.rest:
        raise call.misused("bodyType")

    def kind(exchange: Exchange) -> Any:
        return None if exchange.message.body is None else class_of(exchange.message.body)

    return kind
