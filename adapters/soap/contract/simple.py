"""Simple types of XML Schema: where a restriction ends, and what it restricts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from adapters.soap.contract.declared import Scope, documentation, plain
from adapters.soap.contract.model import Facets, SimpleType
from adapters.soap.names import XSD, local

Element = Any  # lxml's stubs do not know that it hands out text
Named = Callable[[str], SimpleType | None]
"""The simple type of a key."""
Nested = Callable[[Element, Scope, str], str]
"""Makes an anonymous simple type known under a key, and gives the key."""

_COUNTS: Final = {
    "length": "length",
    "minLength": "min_length",
    "maxLength": "max_length",
    "totalDigits": "total_digits",
    "fractionDigits": "fraction_digits",
}
_BOUNDS: Final = {
    "minInclusive": "min_inclusive",
    "maxInclusive": "max_inclusive",
    "minExclusive": "min_exclusive",
    "maxExclusive": "max_exclusive",
    "whiteSpace": "white_space",
}
STRING: Final = f"{{{XSD}}}string"


def simple_type(node: Element, scope: Scope, key: str, named: Named, nested: Nested) -> SimpleType:
    """The record of an ``xs:simpleType``."""
    doc = documentation(node)
    for child in plain(node):
        kind = local(child.tag)
        inner = [each for each in plain(child) if local(each.tag) == "simpleType"]
        if kind == "restriction":
            base = scope.name(child, child.get("base")) if child.get("base") else ""
            if not base and inner:
                base = nested(inner[0], scope, f"{key}/base")
            return restricted(child, key, named(base), base, doc)
        if kind == "list":
            item = scope.name(child, child.get("itemType")) if child.get("itemType") else ""
            return SimpleType(
                key, "list", item=item or (nested(inner[0], scope, f"{key}/item") if inner else STRING), doc=doc
            )
        if kind == "union":
            members = [scope.name(child, each) for each in (child.get("memberTypes") or "").split()]
            members += [nested(each, scope, f"{key}/{number}") for number, each in enumerate(inner, 1)]
            return SimpleType(key, "union", members=tuple(members), doc=doc)
    return SimpleType(key, "string", doc=doc)


def restricted(node: Element, key: str, base: SimpleType | None, base_key: str, doc: str = "") -> SimpleType:
    """A type that restricts ``base`` by the facets in ``node``."""
    base = base or SimpleType(base_key or STRING, "string")
    return SimpleType(
        key,
        base.builtin,
        base_key,
        base.item,
        base.members,
        narrowed(base.facets, node),
        doc,
    )


def narrowed(facets: Facets, node: Element) -> Facets:
    """The facets of a base together with those of a restriction, which are narrower."""
    changes: dict[str, Any] = {}
    enums: list[str] = []
    patterns: list[str] = []
    for child in plain(node):
        kind, value = local(child.tag), child.get("value")
        if value is None:
            continue
        if kind == "enumeration":
            enums.append(value)
        elif kind == "pattern":
            patterns.append(value)
        elif kind in _COUNTS and value.strip().isdigit():
            changes[_COUNTS[kind]] = int(value)
        elif kind in _BOUNDS:
            changes[_BOUNDS[kind]] = value.strip()
    if enums:
        changes["enums"] = tuple(dict.fromkeys(enums))
    if patterns:
        joined = patterns[0] if len(patterns) == 1 else "|".join(f"({each})" for each in patterns)
        changes["patterns"] = (*facets.patterns, joined)
    return msgspec.structs.replace(facets, **changes) if changes else facets


def number(text: str | None) -> Decimal | None:
    """A bound as a number, or None if it is none (a date)."""
    try:
        return Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
