"""Schemas as plain data: for the command line, the reference pages and the mapping's proposals."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from marshmallow.constants import missing

from esb.datatypes.layout import KEYS
from esb.datatypes.paths import inner, is_list
from esb.datatypes.report import is_secret


def describe(schema: Schema, above: tuple[type[Schema], ...] = ()) -> dict[str, Any]:
    """Fields by name with kind, constraints and, below nested ones, theirs; a type inside itself is only named."""
    described: dict[str, Any] = {"class": type(schema).__name__, "unknown": schema.unknown}
    if type(schema).__doc__ and type(schema).__doc__ != Schema.__doc__:
        described["doc"] = (type(schema).__doc__ or "").strip()
    if type(schema) in above:
        return described
    described["fields"] = {name: _field(name, field, (*above, type(schema))) for name, field in schema.fields.items()}
    rules = getattr(schema, "rules", ())
    if rules:
        described["rules"] = [{"rule": rule.name, "field": rule.field, "message": rule.message} for rule in rules]
    return described


def kind(field: fields.Field[Any]) -> str:
    """The name of a field's kind: string, integer, list, nested ... as in YAML; else the class's name in lower case."""
    for name, cls in _KINDS:
        if isinstance(field, cls):
            return name
    return type(field).__name__.lower()


_KINDS: tuple[tuple[str, type], ...] = (
    ("email", fields.Email),
    ("url", fields.Url),
    ("string", fields.String),
    ("integer", fields.Integer),
    ("decimal", fields.Decimal),
    ("float", fields.Float),
    ("boolean", fields.Boolean),
    ("datetime", fields.DateTime),
    ("date", fields.Date),
    ("time", fields.Time),
    ("uuid", fields.UUID),
    ("enum", fields.Enum),
    ("list", fields.List),
    ("nested", fields.Nested),
    ("map", fields.Mapping),
    ("any", fields.Raw),
)


def _field(name: str, field: fields.Field[Any], above: tuple[type[Schema], ...]) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "list" if is_list(field) else kind(field)}
    if field.data_key is not None and field.data_key != name:
        found["data_key"] = field.data_key
    for option in ("required", "allow_none", "load_only", "dump_only"):
        if getattr(field, option):
            found[option] = True
    if field.load_default is not missing:
        found["default"] = "computed" if callable(field.load_default) else _plain(field.load_default)
    if is_secret(name, field):
        found["secret"] = True
    if field.metadata.get("description"):
        found["doc"] = field.metadata["description"]
    found.update({key: field.metadata[key] for key in KEYS if key in field.metadata})
    data_format = getattr(field, "format", None)
    if isinstance(data_format, str):
        found["format"] = data_format
    checks = [check for check in map(_check, field.validators) if check]
    if checks:
        found["checks"] = checks
    schema, item = inner(field)
    if schema is not None:
        found["of"] = describe(schema, above)
    elif is_list(field) and item is not None:
        found["of"] = _field(name, item, above)
    return found


def _check(validator: Any) -> str:
    match validator:
        case validate.Length():
            bounds = {"equal": validator.equal, "min": validator.min, "max": validator.max}
            return "length " + ", ".join(f"{word} {bound}" for word, bound in bounds.items() if bound is not None)
        case validate.Range():
            low = None if validator.min is None else f"{'min' if validator.min_inclusive else 'above'} {validator.min}"
            high = None if validator.max is None else f"{'max' if validator.max_inclusive else 'below'} {validator.max}"
            return "range " + ", ".join(bound for bound in (low, high) if bound)
        case validate.Regexp():
            return f"regex {validator.regex.pattern!s}"
        case validate.ContainsOnly() | validate.ContainsNoneOf() | validate.NoneOf():
            return type(validator).__name__.lower()
        case validate.OneOf():
            return f"one of {validator.choices_text}"
        case validate.Email() | validate.URL():
            return ""  # the kind says it
        case _:
            return getattr(validator, "__name__", type(validator).__name__)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
