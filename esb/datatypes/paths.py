"""Paths such as ``customer.name`` or ``lines.amount``: how they read values, and what they mean in a schema.

A number steps into a list. A name steps into every item of a list, so ``lines.amount`` is the list of the amounts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from marshmallow import Schema, fields
from marshmallow.constants import INCLUDE

from esb.errors import NOWHERE, Position, UnknownName, did_you_mean

Getter = Callable[[Any], Any]


class _Missing:
    def __repr__(self) -> str:
        return "missing"


MISSING: Final = _Missing()
"""What a path gives where nothing is; None is a value."""


_PLAIN: Final = (str, bytes, int, float, Decimal)
"""What has no parts: its own methods are no data."""


def step_into(value: Any, key: str) -> Any:
    """One step from any value."""
    if isinstance(value, Mapping):
        return value.get(key, MISSING)
    if isinstance(value, list | tuple):
        if key.isdecimal():
            return value[int(key)] if int(key) < len(value) else MISSING
        found = (step_into(item, key) for item in value)
        return [item for item in found if item is not MISSING]
    if value is None or value is MISSING or key.startswith("_") or isinstance(value, _PLAIN):
        return MISSING
    return getattr(value, key, MISSING)  # objects that a type's post_load makes


def getter(keys: tuple[str, ...]) -> Getter:
    """A function that reads a path. Dicts, what schemas load to, go first."""
    if not keys:
        return lambda value: value
    if len(keys) == 1:
        (key,) = keys
        return lambda value: value.get(key, MISSING) if value.__class__ is dict else step_into(value, key)

    def get(value: Any) -> Any:
        for key in keys:
            value = value.get(key, MISSING) if value.__class__ is dict else step_into(value, key)
        return value

    return get


@dataclass(frozen=True, slots=True)
class Target:
    """What a path leads to in a schema: the keys it has in loaded values, and the field; None where anything may be."""

    keys: tuple[str, ...]
    field: fields.Field[Any] | None
    many: bool = False
    """Whether the path steps into the items of a list on its way, and so gives a list."""


def resolve(schema: Schema | None, path: str, at: Position = NOWHERE, what: str = "field") -> Target:
    """Follow a path through a schema. Raises UnknownName for a field that is not there.

    Below a field of any kind, a map, and in schemas that include unknown fields, everything is allowed.
    """
    names = path.split(".")
    keys: list[str] = []
    field: fields.Field[Any] | None = None
    last: fields.Field[Any] | None = None
    many = in_list = False
    for position, name in enumerate(names):
        if in_list and name.isdecimal():
            keys.append(name)
            in_list = False
            continue
        many, in_list = many or in_list, False
        found = None if schema is None else schema.fields.get(name)
        if found is None:
            owner = f" of {'.'.join(names[:position])!r}" if position else ""
            if schema is not None and schema.unknown != INCLUDE:
                raise UnknownName(what, name + owner, schema.fields, at, did_you_mean(name, schema.fields))
            if schema is None and isinstance(field, _CLOSED):
                raise UnknownName(what, name + owner, (), at, f"a {type(field).__name__.lower()} has no fields")
            return Target((*keys, *names[position:]), None, many)
        keys.append(found.attribute or name)
        in_list = is_list(found)
        schema, field = inner(found)
        last = found
    if last is not None and not in_list and is_list(last):
        return Target(tuple(keys), field, many)  # an index chose one item
    return Target(tuple(keys), last, many)


def is_list(field: fields.Field[Any]) -> bool:
    """Whether a field holds a list."""
    return isinstance(field, fields.List) or (
        isinstance(field, fields.Nested) and bool(field.many or field.schema.many)
    )


def inner(field: fields.Field[Any]) -> tuple[Schema | None, fields.Field[Any] | None]:
    """The schema below a field (of its items, of a list), or None; and the field itself or its items'."""
    while isinstance(field, fields.List):
        field = field.inner
    if isinstance(field, fields.Nested) and not isinstance(field, fields.Pluck):
        return field.schema, field
    return None, field


_CLOSED: Final = (
    fields.String,
    fields.Integer,
    fields.Float,
    fields.Decimal,
    fields.Boolean,
    fields.Date,
    fields.DateTime,
    fields.Time,
)
"""Kinds that have nothing below them."""
