"""Functions that go through lists and change them: ``sort``, ``forEach``, ``listAdd`` (Camel's page "Simple - Built-in Functions", 4.18)."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator
from typing import Any, Final

from esb.coerce import Textual, text, truthy
from esb.errors import ConversionFailed
from esb.exchange import Exchange
from esb.expression import Expression
from esb.javanames import ClassCastException
from esb.languages.simple.arguments import split, unquoted
from esb.languages.simple.functions import Call, family, function
from esb.languages.simple.operators import compare, items, looks_whole


@function("size")
def size(call: Call) -> Expression:
    """``${size()}``: how many items a list or map has; of nothing 0, of any other value 1."""
    source = call.source(call.inside("size(exp)", to_last=True))

    def counted(exchange: Exchange) -> int:
        value = source(exchange)
        if isinstance(value, (list, tuple, dict, set, bytes)) and not isinstance(value, Textual):
            return len(value)
        return 0 if value is None else 1

    return counted


def _shuffled(values: list[Any]) -> list[Any]:
    random.shuffle(values)
    return values


def _distinct(values: list[Any]) -> list[Any]:
    # By type and value, and without hashing: items may be lists or maps.
    known: list[tuple[type, Any]] = []
    for value in values:
        if (type(value), value) not in known:
            known.append((type(value), value))
    return [value for _, value in known]


_OF_VALUES: Final[dict[str, tuple[Callable[[list[Any]], list[Any]], str]]] = {
    "distinct": (lambda values: list(dict.fromkeys(values)) if _plain(values) else _distinct(values), "each once"),
    "reverse": (lambda values: values[::-1], "backwards"),
    "shuffle": (_shuffled, "in any order"),
}


def _plain(values: list[Any]) -> bool:
    return all(type(value) is str for value in values)


def _of_values(call: Call) -> Expression:
    work, _ = _OF_VALUES[call.name]
    inside = call.inside(f"{call.name}(val1,val2,...)", to_last=True)
    sources = [call.expression(unquoted(argument.strip())) for argument in split(inside)] or [call.source("")]
    return lambda exchange: work([item for source in sources for item in items(source(exchange))])


family(
    _of_values,
    {
        name: f"``${{{name}()}}``, ``${{{name}(a,b,...)}}``: the items of the body, or of all arguments, {told}."
        for name, (_, told) in _OF_VALUES.items()
    },
)


@function("sort")
def sort(call: Call) -> Expression:
    """``${sort()}``, ``${sort(true)}`` backwards, ``${sort(exp)}``, ``${sort(exp,true)}``. Fails where two items have no order."""
    arguments = [argument.strip() for argument in split(call.inside("sort(exp,reverse)", to_last=True))]
    if len(arguments) > 2:
        raise call.misused("sort(exp,reverse)")
    backwards = bool(arguments) and unquoted(arguments[-1]) in {"true", "false"} and unquoted(arguments.pop()) == "true"
    source = call.source(arguments[0] if arguments else "")

    def in_order(exchange: Exchange) -> list[Any]:
        return sorted(items(source(exchange)), key=functools.cmp_to_key(_natural), reverse=backwards)

    return in_order


def _natural(left: Any, right: Any) -> int:
    """Java's natural order: texts by their characters, never as numbers."""
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, str) is not isinstance(right, str):
        raise ClassCastException(f"a {type(left).__name__} and a {type(right).__name__} have no order")
    try:
        return compare(left, right)
    except ConversionFailed as failed:
        raise ClassCastException(str(failed)) from failed


def _for_each(call: Call) -> Expression:
    usage = f"{call.name}(exp,fun)"
    arguments = split(call.inside(usage, to_last=True))
    if len(arguments) != 2:
        raise call.misused(usage)
    source = call.expression(unquoted(arguments[0].strip()))
    if call.name == "filter":
        test = _test(call, arguments[1].strip())
        return lambda exchange: [item for item, kept in _with_each(exchange, source, test) if kept]
    work = call.expression(unquoted(arguments[1].strip()))
    return lambda exchange: [made for _, made in _with_each(exchange, source, work)]


family(
    _for_each,
    {
        "forEach": "``${forEach(exp,fun)}``: what the function gives for each item, which is the body for it.",
        "filter": "``${filter(exp,fun)}``: the items for which the predicate is true; each is the body for it.",
    },
)


def _test(call: Call, told: str) -> Expression:
    if told[:1] in {"'", '"'} and unquoted(told) != told:
        evaluate = call.expression(unquoted(told))
        return lambda exchange: truthy(evaluate(exchange))
    return call.predicate(told)


def _with_each(exchange: Exchange, source: Expression, work: Expression) -> Iterator[tuple[Any, Any]]:
    message = exchange.message
    body = message.body
    try:
        for item in list(items(source(exchange))):
            message.body = item
            yield item, work(exchange)
    finally:
        message.body = body


def _change_list(call: Call) -> Expression:
    usage = f"{call.name}(item)}}, ${{{call.name}(source,item)"
    source, (item,) = _source_and(call, usage, 1)
    adds, last = call.name == "listAdd", call.inside(usage, to_last=True).rpartition(",")[2].strip() == "last"

    def changed(exchange: Exchange) -> Any:
        values = source(exchange)
        if not isinstance(values, list):
            return None
        value = -1 if last and not adds else item(exchange)
        if adds:
            values.append(value)
        else:
            _take_out(values, value)
        return values

    return changed


family(
    _change_list,
    {
        "listAdd": "``${listAdd(item)}``, ``${listAdd(source,item)}``: put behind the list, in place.",
        "listRemove": "``${listRemove(item)}``, ``${listRemove(source,item)}``: taken out of the list, in place; a number or ``last`` is a "
        "position.",
    },
)


def _take_out(values: list[Any], value: Any) -> None:
    at = int(value) if isinstance(value, int) or (isinstance(value, str) and looks_whole(value)) else None
    if at is None:
        if value in values:
            values.remove(value)
    elif -1 <= at < len(values) and values:
        values.pop(at)


def _change_map(call: Call) -> Expression:
    adds = call.name == "mapAdd"
    told = "key,value" if adds else "key"
    source, values = _source_and(call, f"{call.name}({told})}}, ${{{call.name}(source,{told})", 1 + adds)

    def changed(exchange: Exchange) -> Any:
        held = source(exchange)
        if not isinstance(held, dict):
            return None
        key = text(values[0](exchange))
        if adds:
            held[key] = values[1](exchange)
        else:
            held.pop(key, None)
        return held

    return changed


family(
    _change_map,
    {
        "mapAdd": "``${mapAdd(key,value)}``, ``${mapAdd(source,key,value)}``: put into the map, in place.",
        "mapRemove": "``${mapRemove(key)}``, ``${mapRemove(source,key)}``: taken out of the map, in place.",
    },
)


def _source_and(call: Call, usage: str, count: int) -> tuple[Expression, list[Expression]]:
    """The list or map (the body, unless one argument more is given) and the other arguments."""
    arguments = [argument.strip() for argument in split(call.inside(usage, to_last=True))]
    if not count <= len(arguments) <= count + 1:
        raise call.misused(usage)
    source = call.source(arguments[0] if len(arguments) > count else "")
    return source, [call.expression(unquoted(argument)) for argument in arguments[-count:]]
