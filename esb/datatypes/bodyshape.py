"""What a data type's own values look like, for static checks: the fields that are always there, and of which kind."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Final

from marshmallow import INCLUDE, Schema, fields, missing, validate

from esb.shapes import UNKNOWN, Constant, Items, Member, Record, Scalar, Shape

_DEEPEST: Final = 8
# Exact classes: a subclass may read something else.
_KINDS: Final[dict[type, type]] = {
    fields.String: str,
    fields.Email: str,
    fields.Url: str,
    fields.Integer: int,
    fields.Decimal: Decimal,
    fields.Float: float,
    fields.Boolean: bool,
    fields.DateTime: dt.datetime,
    fields.NaiveDateTime: dt.datetime,
    fields.AwareDateTime: dt.datetime,
    fields.Date: dt.date,
    fields.Time: dt.time,
}


def shape_of(schema: Schema, depth: int = 0) -> Shape:
    """The shape of what the schema loads."""
    if depth > _DEEPEST or _has_hooks(schema):
        return UNKNOWN
    members: dict[str, Member] = {}
    for name, each in schema.load_fields.items():
        key = each.attribute or name
        if "." in key:
            return UNKNOWN
        members[key] = Member(_of_field(each, depth), always=each.required or each.load_default is not missing)
    made: Shape = Record(members, open=schema.unknown == INCLUDE)
    return Items(made) if schema.many else made


def _of_field(each: fields.Field[Any], depth: int) -> Shape:
    if type(each) is fields.Nested:
        inner = shape_of(each.schema, depth + 1)
        return Items(inner) if each.many and not isinstance(inner, Items) else inner
    if type(each) is fields.List:
        return Items(_of_field(each.inner, depth + 1))
    if type(each) is fields.Constant:
        return Constant(each.constant)
    kind = _KINDS.get(type(each))
    if kind is None:
        return UNKNOWN
    choices = [one for one in each.validators if type(one) is validate.OneOf]
    return Scalar(kind, tuple(choices[0].choices) if choices and not each.allow_none else ())


def _has_hooks(schema: Schema) -> bool:
    """Whether something of the user's own changes what is loaded."""
    hooks = getattr(schema, "_hooks", {})
    return bool(hooks.get("post_load"))
