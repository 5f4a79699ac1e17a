"""The functions at the end of a path: ``.length()``, ``.sum()``, ``.concat("a", $.b)`` ... One entry a function, by Jayway's rules.

A function gets the value before it and its parameters' values; it never changes the document (Jayway's ``append`` does).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from esb.javanames import IndexOutOfBoundsException
from esb.languages._jsonpath.errors import JsonPathException
from esb.languages._jsonpath.operators import is_number

Call = Callable[[Any, Sequence[Any]], Any]


def _flat(values: Sequence[Any]) -> list[Any]:
    """Parameters as one list: those that are lists give their items."""
    return [
        item
        for value in values
        for item in (value if isinstance(value, (list, tuple)) else (value,))
        if item is not None
    ]


def _aggregation(total: Callable[[list[float]], float]) -> Call:
    def call(model: Any, parameters: Sequence[Any]) -> float:
        items = model if isinstance(model, (list, tuple)) else ()
        numbers = [float(item) for item in (*items, *_flat(parameters)) if is_number(item)]
        if not numbers:
            raise JsonPathException("there are no numbers to aggregate")
        return total(numbers)

    return call


def _deviation(numbers: list[float]) -> float:
    """Of the population, computed as Jayway does, so that the last digits agree."""
    count, total, squares = len(numbers), math.fsum(numbers), math.fsum(number * number for number in numbers)
    return math.sqrt(max(0.0, squares / count - total * total / count / count))


def _length(model: Any, parameters: Sequence[Any]) -> int | None:
    if parameters and isinstance(parameters[0], (list, tuple, dict)):
        model = parameters[0]
    return len(model) if isinstance(model, (list, tuple, dict)) else None


def _keys(model: Any, parameters: Sequence[Any]) -> list[Any] | None:  # noqa: ARG001 -- the shape of a function
    return list(model) if isinstance(model, dict) else None


def _concat(model: Any, parameters: Sequence[Any]) -> str:
    own = [item for item in model if isinstance(item, str)] if isinstance(model, (list, tuple)) else []
    return "".join([*own, *(item if isinstance(item, str) else str(item) for item in _flat(parameters))])


def _append(model: Any, parameters: Sequence[Any]) -> Any:
    return [*model, *parameters] if isinstance(model, (list, tuple)) else model


def _pick(place: Callable[[Sequence[Any]], int]) -> Call:
    def call(model: Any, parameters: Sequence[Any]) -> Any:
        if not isinstance(model, (list, tuple)) or not model:
            raise JsonPathException("there is no list, or an empty one, to take an item of")
        wanted = place(parameters)
        if not -len(model) <= wanted < len(model):
            raise IndexOutOfBoundsException(f"the list has no item {wanted}: it has {len(model)}")
        return model[wanted]

    return call


def _given(parameters: Sequence[Any]) -> int:
    numbers = [value for value in _flat(parameters) if is_number(value)]
    if not numbers:
        raise JsonPathException("index() needs a number")
    return int(numbers[0])


FUNCTIONS: Final[dict[str, Call]] = {
    "min": _aggregation(min),
    "max": _aggregation(max),
    "sum": _aggregation(math.fsum),
    "avg": _aggregation(lambda numbers: math.fsum(numbers) / len(numbers)),
    "stddev": _aggregation(_deviation),
    "length": _length,
    "size": _length,
    "keys": _keys,
    "concat": _concat,
    "append": _append,
    "first": _pick(lambda _: 0),
    "last": _pick(lambda _: -1),
    "index": _pick(_given),
}
