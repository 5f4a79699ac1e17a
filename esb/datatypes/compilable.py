"""What of a marshmallow schema may be compiled: the classes as marshmallow ships them, with nothing overridden."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final

from marshmallow import Schema, fields
from marshmallow.constants import EXCLUDE, INCLUDE, RAISE
from marshmallow.decorators import POST_DUMP, POST_LOAD, PRE_DUMP, PRE_LOAD, VALIDATES_SCHEMA

_LOAD_METHODS: Final = (
    "load",
    "_do_load",
    "_deserialize",
    "_call_and_store",
    "_invoke_field_validators",
    "_invoke_schema_validators",
    "_invoke_load_processors",
    "_invoke_processors",
    "_run_validator",
    "dict_class",
)
_DUMP_METHODS: Final = (
    "dump",
    "_serialize",
    "get_attribute",
    "_invoke_dump_processors",
    "_invoke_processors",
    "dict_class",
)
_FIELD_METHODS: Final = frozenset(
    {
        "deserialize",
        "_deserialize",
        "serialize",
        "_serialize",
        "get_value",
        "_validate",
        "_validate_all",
        "_validate_missing",
    }
)
_PLAIN: Final = frozenset(
    {
        fields.String,
        fields.Email,
        fields.Url,
        fields.Integer,
        fields.Float,
        fields.Decimal,
        fields.Boolean,
        fields.Raw,
        fields.Date,
        fields.DateTime,
        fields.NaiveDateTime,
        fields.AwareDateTime,
        fields.Time,
        fields.UUID,
        fields.Enum,
        fields.Nested,
        fields.List,
        fields.Dict,
    }
)


class Uncompilable(Exception):
    """A schema that only marshmallow itself can run; the text says why."""


def is_plain(field: fields.Field[Any]) -> bool:
    """Whether a field is one of those whose code is known, as shipped. Others are called through marshmallow's own methods."""
    return type(field) in _PLAIN and not (_FIELD_METHODS & vars(field).keys())


def check_load(schema: Schema, many: bool) -> None:
    """Raise Uncompilable for what would make the generated function differ from ``schema.load``."""
    _check_methods(schema, _LOAD_METHODS)
    if schema._hooks.get(PRE_LOAD):  # noqa: SLF001 - marshmallow has no public way to ask
        # They often change their input in place: run a second time, in the fallback, they would see their own output.
        raise Uncompilable("it has pre_load hooks")
    if schema.partial is not None:
        raise Uncompilable("it loads partially")
    _check_collections(schema, many, (VALIDATES_SCHEMA, POST_LOAD))
    for name, field in schema.load_fields.items():
        if "." in (field.attribute or name):
            raise Uncompilable(f"the field {name!r} is loaded into a path")


def check_dump(schema: Schema, many: bool) -> None:
    """Raise Uncompilable for what would make the generated function differ from ``schema.dump``."""
    _check_methods(schema, _DUMP_METHODS)
    if schema._hooks.get(PRE_DUMP):  # noqa: SLF001 - as above
        raise Uncompilable("it has pre_dump hooks")
    _check_collections(schema, many, (POST_DUMP,))


def unknown_policy(policy: str) -> str:
    """The policy, if it is one of marshmallow's three."""
    if policy not in (RAISE, INCLUDE, EXCLUDE):
        raise Uncompilable(f"its policy for unknown fields is {policy!r}")
    return policy


def identity(schema: Schema, *more: Hashable) -> Hashable:
    """Equal for schemas that behave alike, so that one generated function serves them: the ends of recursive types.

    Fields are copies of the class's, so class and options decide. Unequal for classes that fill fields in on binding.
    """
    if type(schema).on_bind_field is not Schema.on_bind_field or "fields" not in vars(schema):
        return (id(schema), *more)
    return (
        type(schema),
        tuple(schema.fields),
        frozenset(schema.load_only),
        frozenset(schema.dump_only),
        tuple((name, _narrowing(field)) for name, field in schema.fields.items()),
        *more,
    )


def _narrowing(field: fields.Field[Any]) -> Hashable:
    """How a parent's dotted ``only`` and ``exclude`` changed a field that nests."""
    only, exclude = getattr(field, "only", None), getattr(field, "exclude", ())
    return (None if only is None else frozenset(only), frozenset(exclude), field.load_only, field.dump_only)


def hooks(schema: Schema, tag: str) -> list[tuple[Callable[..., Any], dict[str, Any]]]:
    """The bound hooks of a kind with their options, those for collections first, as marshmallow orders them on load."""
    known = schema._hooks.get(tag, [])  # noqa: SLF001 - as above
    ordered = [hook for hook in known if hook[1]] + [hook for hook in known if not hook[1]]
    return [(getattr(schema, name), options) for name, _, options in ordered]


def _check_methods(schema: Schema, names: tuple[str, ...]) -> None:
    own = vars(schema)
    for name in names:
        if getattr(type(schema), name) is not getattr(Schema, name) or name in own:
            raise Uncompilable(f"it has its own {name}")


def _check_collections(schema: Schema, many: bool, tags: tuple[str, ...]) -> None:
    for tag in tags:
        for name, collection, _ in schema._hooks.get(tag, []):  # noqa: SLF001 - as above
            if collection and (many or tag == POST_DUMP):
                raise Uncompilable(f"its hook {name} wants the whole collection")
