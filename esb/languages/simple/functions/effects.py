"""Functions that do something, or give a value another type (Camel's page "Simple - Built-in Functions", 4.18 and later)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esb.coerce import inner, lenient
from esb.errors import ConfigError, UnknownName
from esb.exchange import Exchange
from esb.expression import Expression
from esb.javanames import FileNotFoundException, IllegalArgumentException, caught_by
from esb.languages.simple.arguments import split, unquoted
from esb.languages.simple.functions import Call, family, function
from esb.languages.simple.nodes import SyntaxFault
from esb.languages.simple.ognl import compile_path
from esb.variables import variable


def _set_named(call: Call) -> Expression:
    usage = f"{call.name}(name,exp)}}, ${{{call.name}(name,type,exp)"
    arguments = [argument.strip() for argument in split(call.inside(usage, to_last=True))]
    if not 2 <= len(arguments) <= 3 or not all(arguments):
        raise call.misused(usage)
    name = unquoted(arguments[0])
    if "${" in name:
        raise SyntaxFault(f"the name {name!r} cannot be computed", call.at, "write a plain name")
    value = call.expression(unquoted(arguments[-1]))
    if len(arguments) == 3:
        value = _converted(value, _type(call, unquoted(arguments[1])))
    if call.name == "setVariable":
        scope: Any = call.scope
        put = variable(name, scope).set
        return lambda exchange: put(exchange, value(exchange))

    def set_header(exchange: Exchange) -> None:
        found = value(exchange)
        if found is None:
            exchange.message.headers.pop(name, None)
        else:
            exchange.message.headers[name] = found

    return set_header


family(
    _set_named,
    {
        name: f"``${{{name}(name,exp)}}``, ``${{{name}(name,type,exp)}}``: sets it, or removes it where there is no value; gives nothing."
        for name in ("setHeader", "setVariable")
    },
)


@function("convertTo")
def convert_to(call: Call) -> Expression:
    """``${convertTo(type)}``, ``${convertTo(exp,type)}``: the body or another value as a type, with a path behind."""
    usage = "convertTo(type)}, ${convertTo(exp,type)"
    arguments = [argument.strip() for argument in split(call.inside(usage))]
    if not 1 <= len(arguments) <= 2:
        raise call.misused(usage)
    source = call.source(arguments[0] if len(arguments) > 1 else "")
    value = _converted(source, _type(call, unquoted(arguments[-1])))
    path = call.behind()
    if not path:
        return value
    follow = compile_path(path, call, usage)
    return lambda exchange: follow(value(exchange), exchange)


def _typed(call: Call) -> Expression:
    usage = f"{call.name}:function"
    if not call.rest.startswith(":") or len(call.rest) < 2:
        raise call.misused(usage)
    return _converted(call.expression("${" + call.rest[1:] + "}"), _type(call, call.name.capitalize()))


family(
    _typed,
    {
        name: f"``${{{name}:header.age}}``: what a function gives, as {told}."
        for name, told in {
            **dict.fromkeys(("int", "integer", "long"), "a whole number"),
            "boolean": "true or false",
            "string": "text",
        }.items()
    },
)


def _type(call: Call, name: str) -> Callable[[Any], Any]:
    try:
        return lenient(name)
    except KeyError:
        raise SyntaxFault(
            f"there is no type {name!r}", call.at, "write String, Integer, Long, Double, Boolean, byte[], List, Map"
        ) from None


def _converted(source: Expression, convert: Callable[[Any], Any]) -> Expression:
    return lambda exchange: convert(source(exchange))


@function("val")
def val(call: Call) -> Expression:
    """``${val(exp)}``: the value; quotes stay."""
    inside = call.inside("val(exp)", to_last=True)
    if not inside:
        raise call.misused("val(exp)")
    return call.expression(inside)


@function("throwException")
def throw_exception(call: Call) -> Expression:
    """``${throwException(message)}``, ``${throwException(message,class)}``: fails, with IllegalArgumentException if no class is named."""
    usage = "throwException(msg)}, ${throwException(msg,type)"
    arguments = [unquoted(argument.strip()) for argument in split(call.inside(usage, to_last=True))]
    if not 1 <= len(arguments) <= 2 or not all(arguments):
        raise call.misused(usage)
    message, thrown = call.expression(arguments[0]), _exception(call, arguments[1] if len(arguments) > 1 else "")

    def throw(exchange: Exchange) -> Any:
        raise thrown(inner(message(exchange)))

    return throw


def _exception(call: Call, name: str) -> type[BaseException]:
    from esb.javanames import THROWN

    if not name:
        return IllegalArgumentException
    known = THROWN.get(name) or THROWN.get(f"java.lang.{name}") or next(iter(caught_by(name) or ()), None)
    if known is None or not issubclass(known, Exception):
        unknown = UnknownName("exception class", name, THROWN)
        raise SyntaxFault(unknown.message, call.at, unknown.hint)
    return known


@function("load")
def load(call: Call) -> Expression:
    """``${load(file)}``: a text file of the project, read once when the route is loaded; ``?optional=true`` behind its name allows for none.

    The name is written in the route, never made of a message, so that no sender can have files read.
    """
    from esb.languages._resource import resource_text

    name = unquoted(call.inside("load(file)", to_last=True).strip())
    if not name or "${" in name:
        raise call.misused("load(file)")
    file, _, options = name.partition("?")
    try:
        content = resource_text(f"resource:classpath:{file.removeprefix('classpath:')}", call.scope, call.position)
    except ConfigError as error:
        message = error.message
        if options == "optional=true":
            return lambda _exchange: None

        def missing(_exchange: Exchange) -> Any:
            raise FileNotFoundException(message)

        return missing
    return lambda _exchange: content


@function("function")
def custom(call: Call) -> Expression:
    """``${function(name)}``, ``${function(name,exp)}``: a function of the init block, on the body or on another value."""
    usage = "function(name)}, ${function(name,exp)"
    arguments = [argument.strip() for argument in split(call.inside(usage, to_last=True))]
    if not 1 <= len(arguments) <= 2 or not all(arguments):
        raise call.misused(usage)
    name = unquoted(arguments[0])
    evaluate = call.custom.get(name)
    if evaluate is None:
        raise SyntaxFault(f"there is no function {name!r}", call.at, "define it in the init block: $name ~:= ${...};")
    if len(arguments) == 1:
        return evaluate
    source, work = call.expression(unquoted(arguments[1])), evaluate

    def applied(exchange: Exchange) -> Any:
        message = exchange.message
        body, message.body = message.body, source(exchange)
        try:
            return work(exchange)
        finally:
            message.body = body

    return applied
