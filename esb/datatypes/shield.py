"""Keeps marshmallow from taking a dict's methods for its values.

``Schema.dump`` falls back from ``value["items"]`` to ``value.items``: an order without items would be written as a method, or fail. A field called
``items``, ``values``, ``keys`` or ``copy`` that is not there is simply not there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from marshmallow import Schema

from esb.datatypes.paths import inner

_METHODS: Final = frozenset(name for name in dir(dict) if not name.startswith("_"))


def get_value(schema: Schema) -> Callable[[Any, str, Any], Any]:
    """The schema's accessor, with missing keys of dicts missing."""
    own = schema.get_attribute

    def get(value: Any, attribute: str, default: Any) -> Any:
        if value.__class__ is dict and "." not in attribute:
            return value.get(attribute, default)
        return own(value, attribute, default)

    return get


def shielded_dump(schema: Schema) -> Callable[[Any], Any]:
    """``schema.dump``, with dicts that hide the methods that fields are called like; the method itself if none is."""
    if not _needed(schema, ()):
        return schema.dump
    return lambda value: schema.dump(_shield(schema, value))


class _Shielded(dict[str, Any]):
    """A dict without some methods."""

    hidden: frozenset[str] = frozenset()

    def __getattribute__(self, name: str) -> Any:
        if name in _METHODS and name in type(self).hidden:
            raise AttributeError(name)
        return super().__getattribute__(name)


def _attributes(schema: Schema) -> frozenset[str]:
    return _METHODS & {field.attribute or name for name, field in schema.dump_fields.items()}


def _needed(schema: Schema, above: tuple[type[Schema], ...]) -> bool:
    if type(schema) in above:
        return False
    if _attributes(schema):
        return True
    nested = (inner(field)[0] for field in schema.dump_fields.values())
    return any(_needed(below, (*above, type(schema))) for below in nested if below is not None)


def _shield(schema: Schema, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_shield(schema, item) for item in value]
    if value.__class__ is not dict:
        return value
    made = dict(value)
    for name, field in schema.dump_fields.items():
        attribute = field.attribute or name
        below, _ = inner(field)
        if below is not None and attribute in made:
            made[attribute] = _shield(below, made[attribute])
    hidden = _attributes(schema)
    return type("Shielded", (_Shielded,), {"hidden": hidden})(made) if hidden else made
