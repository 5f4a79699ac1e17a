"""Where a route file uses the compact notation, and what the canonical one is.

Camel knows two notations of its YAML DSL. In the canonical one, which its newer versions ask for (``camel validate yaml --canonical``), each step,
language and endpoint is a map of named options: ``log: {message: ...}``, ``setBody: {expression: {simple: {expression: ...}}}``,
``- route: {from: ...}``. The compact one leaves out what can be guessed. Both mean the same and both are read (ADR 0042).
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from esb.dsl.grammar import alone, wrapped
from esb.dsl.model import RouteSpec
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.parse import TAKES_REST, camel_case
from esb.dsl.walk import Part, inline, walk
from esb.errors import Position
from esb.expression import LanguageSpec
from esb.fields import Field, Kind, Spec
from esb.registry import Registry


class Fix(enum.Enum):
    """How a place becomes canonical."""

    OPTION = "name the option"
    """A plain text becomes a map with one option, ``name``."""
    FORMAT = "name as key"
    """A plain text becomes a map with it as the key of an empty map."""
    WRAP = "wrap the entry"
    """An entry goes below a new key ``name``."""
    RENAME = "rename the key"
    REST = "indent the rest"
    """The items after a block go into its ``steps``."""
    UNDER = "move steps under from"
    """``steps`` beside ``from`` go into it."""


@dataclass(frozen=True, slots=True)
class Compact:
    """One place in the compact notation. ``key`` and ``node`` are the entry it is about; ``key`` is None for an item of a list."""

    fix: Fix
    name: str
    node: Node
    key: ScalarNode | None
    owner: MapNode | None
    wrong: str
    right: str
    rest: tuple[Node, ...] = ()
    """Of REST: the items that belong to the block."""

    @property
    def at(self) -> Position:
        """Where it begins."""
        return self.key.at if self.key is not None else self.node.at


def compact(root: Node | None, registry: Registry, parts: Sequence[Part] | None = None) -> Iterator[Compact]:
    """All places of a document in the compact notation, outer before inner. ``parts`` are the document's, where somebody has them already."""
    for item in root if isinstance(root, ListNode) else ():
        if isinstance(item, MapNode):
            yield from _bare_from(item)
    for part in walk(root, registry) if parts is None else parts:
        yield from _renamed(part)
        if part.cls is not None:
            yield from _of_spec(part, part.cls, registry)
        elif part.declared is not None and part.declared.kind is Kind.EXPRESSION:
            yield from _of_expression(part, part.declared)
        elif part.declared is not None and part.declared.kind is Kind.STEPS:
            yield from _rest(part.node)


def _bare_from(item: MapNode) -> Iterator[Compact]:
    key, value = item.key("from"), item.get("from")
    if key is not None and value is not None and set(item.keys()) <= {"from", "steps"}:
        yield Compact(Fix.WRAP, "route", item, key, item, "from: at the top", "route: {from: {uri: ..., steps: [...]}}")


def _renamed(part: Part) -> Iterator[Compact]:
    key = part.key
    if key is None:
        return
    name = part.declared.name if part.declared is not None else camel_case(key.text)
    if name != key.text:
        yield Compact(Fix.RENAME, name, part.node, key, part.owner, key.text, name)


def _of_spec(part: Part, cls: type[Spec], registry: Registry) -> Iterator[Compact]:
    node, key = part.node, part.key
    if isinstance(node, ScalarNode):
        yield from _scalar(part, cls, node)
    if not isinstance(node, MapNode):
        return
    if cls is RouteSpec:
        yield from _beside_from(node)
    for name, value in node:
        if name.text in cls.fields:
            continue
        found = inline(cls, name.text, registry)
        if found is None or found[0].kind is not Kind.EXPRESSION:
            continue
        outer, told = key.text if key is not None else cls.name, _told(found[1], name.text, value)
        right = f"{outer}: {{{found[0].name}: {{{told}}}}}"
        yield Compact(Fix.WRAP, found[0].name, value, name, node, f"{outer}: {{{name.text}: ...}}", right)


def _scalar(part: Part, cls: type[Spec], node: ScalarNode) -> Iterator[Compact]:
    name = part.key.text if part.key is not None else cls.name
    if node.is_null and not (
        node.text and issubclass(cls, LanguageSpec)
    ):  # as the parser: an expression ``null`` is a text
        return
    declared = alone(cls)
    if declared is not None:
        right = f"{name}: {{{declared.name}: ...}}" if part.key is not None else f"{declared.name}: ..."
        yield Compact(Fix.OPTION, declared.name, node, part.key, part.owner, f"{name}: ...", right)
    elif any(known.kind is Kind.FORMAT and known.inline for known in cls.fields.values()):
        right = f"{name}: {{{node.text}: {{}}}}"
        yield Compact(Fix.FORMAT, node.text, node, part.key, part.owner, f"{name}: {node.text}", right)


def _told(language: type[Spec], name: str, value: Node) -> str:
    declared = alone(language)
    return f"{name}: {{{declared.name}: ...}}" if isinstance(value, ScalarNode) and declared else f"{name}: {{...}}"


def _of_expression(part: Part, declared: Field) -> Iterator[Compact]:
    """An option that holds an expression: a plain text is simple; below ``onWhen`` stands ``expression``."""
    node, name = part.node, declared.name
    if isinstance(node, ScalarNode) and not node.is_null:
        right = f"{name}: {{simple: {{expression: ...}}}}"
        yield Compact(Fix.OPTION, "simple", node, part.key, part.owner, f"{name}: ...", right)
    elif wrapped(declared) and not declared.inline and isinstance(node, MapNode) and len(node) == 1:
        key, value = node.entries[0]
        if key.text != "expression":
            right = f"{name}: {{expression: {{{key.text}: ...}}}}"
            yield Compact(Fix.WRAP, "expression", value, key, node, f"{name}: {{{key.text}: ...}}", right)


def _beside_from(route: MapNode) -> Iterator[Compact]:
    key, steps, source = route.key("steps"), route.get("steps"), route.get("from")
    if key is None or steps is None or source is None or (isinstance(source, MapNode) and "steps" in source):
        return
    if isinstance(source, ScalarNode):
        return  # it becomes a map first, then its steps move
    yield Compact(Fix.UNDER, "steps", steps, key, route, "steps: beside from", "from: {uri: ..., steps: [...]}")


def _rest(steps: Node) -> Iterator[Compact]:
    """Blocks that take the rest of the list as their steps; the parser's own rule."""
    items = steps.items if isinstance(steps, ListNode) else ()
    for index, item in enumerate(items[:-1]):
        if not isinstance(item, MapNode) or len(item) != 1:
            continue
        key, value = item.entries[0]
        if key.text not in TAKES_REST or (isinstance(value, ScalarNode) and not value.is_null):
            continue
        given = value.get("steps") if isinstance(value, MapNode) else None
        filled = (isinstance(given, ListNode) and given.items) or (isinstance(given, ScalarNode) and not given.is_null)
        if filled or not isinstance(value, MapNode | ScalarNode):
            continue
        wrong = f"{key.text} without steps takes the rest of the list"
        yield Compact(
            Fix.REST, "steps", value, key, item, wrong, f"{key.text}: {{..., steps: [...]}}", items[index + 1 :]
        )
        return
