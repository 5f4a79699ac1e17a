"""Functions on lists and maps: ``list``, ``map``, ``collate``, ``skip``, ``empty``, and the choice ``iif``."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final

from esb.coerce import text
from esb.exchange import Exchange
from esb.expression import Expression
from esb.javanames import IllegalArgumentException, RuntimeExchangeException
from esb.languages.simple.arguments import split, unquoted
from esb.languages.simple.functions import Call, function
from esb.languages.simple.nodes import SyntaxFault
from esb.languages.simple.operators import each

_BODY: Final = "${body}"


@function("list")
def make_list(call: Call) -> Expression:
    """``${list('a',${body},5)}``."""
    parts = [_item(argument, call) for argument in _given(call, "list(a,b,...)")]
    return lambda exchange: [part(exchange) for part in parts]


@function("map")
def make_map(call: Call) -> Expression:
    """``${map('key',${body},...)}``: keys and values in turn."""
    arguments = _given(call, "map(key1,value1,...)")
    if len(arguments) % 2:
        raise SyntaxFault(f"a map has an even number of values, ${{{call.text}}} has {len(arguments)}", call.at)
    parts = [_item(argument, call) for argument in arguments]
    return lambda exchange: {text(parts[at](exchange)): parts[at + 1](exchange) for at in range(0, len(parts), 2)}


def _given(call: Call, usage: str) -> list[str]:
    """The arguments without those that are left out."""
    return [argument for argument in split(call.inside(usage, to_last=True)) if argument.strip()]


def _item(argument: str, call: Call) -> Expression:
    return call.expression(unquoted(argument.strip()))


@function("collate")
def collate(call: Call) -> Expression:
    """``${collate(n)}``: the body's items in lists of ``n``, made as they are asked for."""
    size = _count(call, "collate(number)")

    def groups(exchange: Exchange) -> Iterator[list[Any]]:
        found = each(exchange.message.body, call.name)
        if size < 1:
            raise RuntimeExchangeException(f"collate({size}): a group has one item at least")
        return iter(lambda: list(itertools.islice(found, size)), [])

    return groups


@function("skip")
def skip(call: Call) -> Expression:
    """``${skip(n)}``: the body's items without the first ``n``."""
    count = _count(call, "skip(number)")
    return lambda exchange: itertools.islice(each(exchange.message.body, call.name), count, None)


def _count(call: Call, usage: str) -> int:
    try:
        return int(call.inside(usage).strip())
    except ValueError:
        raise call.misused(usage) from None


@function("empty", "createEmpty")
def empty(call: Call) -> Expression:
    """``${empty(list)}``, ``${empty(map)}``, ``${empty(string)}``; ``createEmpty`` since Camel 4.23."""
    usage = f"{call.name}(list|map|string)"
    kind = unquoted(call.inside(usage))
    if not kind:
        raise call.misused(usage)
    makes: dict[str, Any] = {"list": list, "map": dict, "string": str}
    if call.name == "createEmpty":
        makes["set"] = list
    make = makes.get(kind.lower())

    def made(_exchange: Exchange) -> Any:
        if make is None:
            raise IllegalArgumentException(f"empty({kind}): write list, map or string")
        return make()

    return made


@function("iif")
def iif(call: Call) -> Expression:
    """``${iif(predicate,expression if true,expression if not)}``. Quotes around the last two are part of them, as in Camel."""
    usage = "iif(predicate,trueExpression,falseExpression)"
    arguments = split(call.inside(usage, to_last=True))
    if len(arguments) != 3:
        raise call.misused(usage)
    test = call.predicate(arguments[0].strip())
    then, otherwise = (call.expression(argument.strip()) for argument in arguments[1:])
    return lambda exchange: then(exchange) if test(exchange) else otherwise(exchange)
