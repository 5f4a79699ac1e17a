"""What a path or an expression gives, as far as it is known when a mapping is loaded; and how one shape becomes another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields

from esb.datatypes.compile import compile_dump
from esb.datatypes.convert import coercion
from esb.datatypes.describe import kind
from esb.datatypes.paths import inner, is_list


@dataclass(frozen=True, slots=True)
class Shape:
    """``kind`` is empty where nothing is known. ``schema`` is the nested one."""

    kind: str = ""
    many: bool = False
    schema: Schema | None = None

    def __str__(self) -> str:
        return f"list of {self.kind}" if self.many else self.kind


ANYTHING = Shape()


def shape_of(field: fields.Field[Any] | None, *, many: bool = False) -> Shape:
    """The shape of a field's values; ``many`` where the path to it leads through a list."""
    if field is None:
        return ANYTHING
    schema, item = inner(field)
    if item is None:
        return ANYTHING
    if many and is_list(field):
        return ANYTHING  # lists of lists: left to the target type
    return Shape(kind(item), many or is_list(field), schema)


def fit(source: Shape, target: Shape, *, outside: bool) -> Callable[[Any], Any] | None:
    """What turns values of one shape into the other's; None if they are fine as they are. Raises ValueError, saying why, if nothing does.

    ``outside``: nested values are wanted as the target's ``load`` takes them, under data keys.
    """
    if not source.kind or not target.kind or "any" in (source.kind, target.kind):
        return None
    if source.many != target.many:
        raise ValueError("choose one item with a number in the path" if source.many else "make a list with 'each'")
    if source.schema is not None and target.schema is not None:
        if type(source.schema) is not type(target.schema):
            raise ValueError("map its parts: {from: ..., fields: {...}} or {each: {from: ..., fields: {...}}}")
        convert = compile_dump(source.schema).call if outside else None
    else:
        convert = coercion(source.kind, target.kind)
    return _for_each(convert) if convert is not None and source.many else convert


def _for_each(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: [None if value is None else convert(value) for value in values]
