"""How a document is written: the compact notation, deprecated options, a blank that is missing after a colon."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from esb.dsl.compact import Fix, compact
from esb.dsl.document import TOP_LEVEL
from esb.dsl.grammar import option
from esb.dsl.lint.rules import COMPACT, DEPRECATED, GLUED, NOT_READ, Finding
from esb.dsl.nodes import MapNode, Node, ScalarNode
from esb.dsl.walk import Part, find
from esb.expression import LanguageSpec
from esb.fields import Kind
from esb.registry import Registry

_GLUED: Final = re.compile(r"([A-Za-z][A-Za-z-]*):(?!/)(\S.*)", re.DOTALL)


def notation(root: Node | None, parts: Sequence[Part], registry: Registry) -> Iterator[Finding]:
    """The findings of a document."""
    yield from _without_routes(root)
    told: set[tuple[int, int]] = set()
    for place in compact(root, registry, parts):
        spot = (place.at.line, place.at.column)
        if spot in told:
            continue  # the language below a wrapped expression: told with it
        if place.fix is Fix.WRAP:
            told.add(spot)
        yield Finding(
            COMPACT, f"{place.wrong} is the compact notation", place.at, f"write {place.right}; 'esb fmt' does"
        )
    yield from _deprecated(parts)
    yield from _glued(parts, registry)


def _without_routes(root: Node | None) -> Iterator[Finding]:
    """A map at the top that is no kamelet: Camel and the bus read nothing of it."""
    if not isinstance(root, MapNode):
        return
    kind = root.get("kind")
    if isinstance(kind, ScalarNode) and kind.text == "Kamelet":
        return
    near = next((key.text for key, _ in root if key.text in TOP_LEVEL), "")
    hint = f"write '- {near}:' and indent what is below it" if near else "a route file is a list: begin with '- route:'"
    yield Finding(NOT_READ, "this file is a map, so nothing of it is read", root.at, hint)


def _deprecated(parts: Sequence[Part]) -> Iterator[Finding]:
    for part in parts:
        if part.cls is None or not isinstance(part.node, MapNode):
            continue
        for key, _ in part.node:
            declared = option(part.cls, key.text)
            if declared is not None and declared.deprecated:
                yield Finding(DEPRECATED, f"{key.text!r} is deprecated", key.at, declared.deprecated)


def _glued(parts: Sequence[Part], registry: Registry) -> Iterator[Finding]:
    """A text in place of options that looks like one of them: ``log: message:hello``."""
    for part in parts:
        node, cls, declared = part.node, part.cls, part.declared
        slip = _GLUED.fullmatch(node.text) if isinstance(node, ScalarNode) and not node.style else None
        if slip is None:
            continue
        meant = cls is not None and not issubclass(cls, LanguageSpec) and option(cls, slip[1]) is not None
        if declared is not None and declared.kind is Kind.EXPRESSION:
            meant = find(registry, "language", slip[1]) is not None
        if meant:
            name = cls.name if cls is not None else declared.name if declared is not None else ""
            hint = f"write '{slip[1]}: {slip[2]}' below {name!r}, or put the text in quotes if it is meant so"
            yield Finding(GLUED, f"{node} is a text: there is no blank after the colon", node.at, hint)
