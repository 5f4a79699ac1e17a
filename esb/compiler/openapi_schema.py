"""A data type's description as a schema of OpenAPI 3.0."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_KINDS: Final[dict[str, dict[str, Any]]] = {
    "string": {"type": "string"},
    "email": {"type": "string", "format": "email"},
    "url": {"type": "string", "format": "uri"},
    "uuid": {"type": "string", "format": "uuid"},
    "integer": {"type": "integer"},
    "decimal": {"type": "number"},
    "float": {"type": "number", "format": "double"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "datetime": {"type": "string", "format": "date-time"},
    "enum": {"type": "string"},
    "map": {"type": "object"},
    "any": {},
}
_BOUND: Final = re.compile(r"(min|max|equal|above|below) (-?[0-9.]+)")


def schema(described: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a type as :func:`esb.datatypes.describe.describe` gives it. Fields that are secret or only read are marked, not left out."""
    fields: Mapping[str, Any] = described.get("fields", {})
    told: dict[str, Any] = {"type": "object"}
    if described.get("doc"):
        told["description"] = described["doc"]
    told["properties"] = {one.get("data_key", name): _field(one) for name, one in fields.items()}
    required = [one.get("data_key", name) for name, one in fields.items() if one.get("required")]
    if required:
        told["required"] = required
    if described.get("unknown") == "raise":
        told["additionalProperties"] = False
    return told


def _field(one: Mapping[str, Any]) -> dict[str, Any]:
    kind, inner = one.get("type", "any"), one.get("of")
    if kind == "list":
        told: dict[str, Any] = {"type": "array", "items": _inner(inner)}
    elif inner is not None:
        told = _inner(inner)
    else:
        told = dict(_KINDS.get(kind, {"type": "string"}))
    for check in one.get("checks", ()):
        told.update(_check(check, kind))
    if "doc" in one:
        told["description"] = one["doc"]
    for ours, theirs in (("allow_none", "nullable"), ("dump_only", "readOnly"), ("load_only", "writeOnly")):
        if one.get(ours):
            told[theirs] = True
    if "default" in one and one["default"] != "computed":
        told["default"] = one["default"]
    if one.get("secret"):
        told["format"] = "password"
    return told


def _inner(inner: Any) -> dict[str, Any]:
    if not isinstance(inner, Mapping):
        return {}
    if "class" in inner:
        return schema(inner) if "fields" in inner else {"type": "object"}
    return _field(inner)


def _check(check: str, kind: str) -> dict[str, Any]:
    word, _, rest = check.partition(" ")
    bounds = {name: float(value) if "." in value else int(value) for name, value in _BOUND.findall(rest)}
    match word:
        case "length":
            unit = "Items" if kind == "list" else "Length"
            low, high = bounds.get("equal", bounds.get("min")), bounds.get("equal", bounds.get("max"))
            return _given(**{f"min{unit}": low, f"max{unit}": high})
        case "range":
            told = _given(
                minimum=bounds.get("min", bounds.get("above")), maximum=bounds.get("max", bounds.get("below"))
            )
            told |= {"exclusiveMinimum": True} if "above" in bounds else {}
            return told | ({"exclusiveMaximum": True} if "below" in bounds else {})
        case "regex":
            return {"pattern": rest}
        case "one" if rest.startswith("of "):
            return {"enum": [choice.strip() for choice in rest.removeprefix("of ").split(",")]}
    return {}


def _given(**parts: Any) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value is not None}
