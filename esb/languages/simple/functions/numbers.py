"""Functions on whole numbers (Camel's page "Simple - Built-in Functions", 4.18 and later): ``sum``, ``max``, ``abs``, ``ceil``, ``range`` ..."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

from esb.coerce import converter, lenient
from esb.errors import ConversionFailed
from esb.exchange import Exchange
from esb.expression import Expression
from esb.javanames import IllegalArgumentException
from esb.languages.simple.arguments import split, unquoted
from esb.languages.simple.functions import Call, family, function
from esb.languages.simple.operators import items

_LONG: Final = lenient("Long")
_DOUBLE: Final = lenient("Double")
_WHOLE: Final = converter("Integer")
_LONGEST: Final = 1_000_000
"""No range is longer than this: its bounds may come with a message."""

_ROUNDED: Final[dict[str, tuple[Callable[[Any], Any], Callable[[Any], int], str]]] = {
    "abs": (_LONG, abs, "a whole number without its sign"),
    "floor": (_DOUBLE, math.floor, "the whole number below"),
    "ceil": (_DOUBLE, math.ceil, "the whole number above"),
}


def _rounded(call: Call) -> Expression:
    convert, work, _ = _ROUNDED[call.name]
    source = call.source(call.inside(f"{call.name}(exp)", to_last=True))

    def made(exchange: Exchange) -> int | None:
        value = convert(source(exchange))
        return None if value is None else work(value)

    return made


family(
    _rounded,
    {
        name: f"``${{{name}()}}``, ``${{{name}(exp)}}``: {told}. Fails for what is no number."
        for name, (_, _, told) in _ROUNDED.items()
    },
)


def _average(numbers: list[int]) -> int:
    return int(sum(numbers) / len(numbers))


_OF_NUMBERS: Final[dict[str, Callable[[list[int]], int]]] = {"sum": sum, "max": max, "min": min, "average": _average}


def _of_numbers(call: Call) -> Expression:
    work = _OF_NUMBERS[call.name]
    inside = call.inside(f"{call.name}(val1,val2,...)", to_last=True)
    sources = [call.expression(unquoted(argument.strip())) for argument in split(inside)] or [call.source("")]

    def made(exchange: Exchange) -> int | None:
        numbers = [number for source in sources for number in _numbers(source(exchange))]
        return work(numbers) if numbers else None

    return made


family(
    _of_numbers,
    {
        name: f"``${{{name}()}}`` of the body's items, ``${{{name}(a,b,...)}}`` of the arguments' items; what is no whole number is left out."
        for name in _OF_NUMBERS
    },
)


def _numbers(value: Any) -> Iterator[int]:
    for item in items(value):
        try:
            number = _LONG(item)
        except ConversionFailed:
            continue
        if number is not None:
            yield number


@function("range")
def whole_range(call: Call) -> Expression:
    """``${range(max)}``, ``${range(min,max)}``: the whole numbers from ``min`` (0), below ``max``."""
    usage = "range(max)}, ${range(min,max)"
    arguments = [argument.strip() for argument in call.arguments(usage, 1, 2, to_last=True)]
    if not arguments[0]:
        raise call.misused(usage)
    low = call.expression(arguments[0] if len(arguments) > 1 else "0")
    high = call.expression(arguments[-1])

    def numbers(exchange: Exchange) -> list[int]:
        least, most = _WHOLE(low(exchange)) or 0, _WHOLE(high(exchange)) or 0
        if most - least > _LONGEST:
            raise IllegalArgumentException(f"range({least},{most}) has more than {_LONGEST} numbers")
        return list(range(least, most))

    return numbers
