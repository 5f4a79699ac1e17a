"""Global declarations of all schemas by name, before anything is made of them: nodes with the defaults that hold where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.soap.loader import SchemaDocument
from adapters.soap.names import XML, XSD, local, resolve

Element = Any  # lxml's stubs do not know that it hands out text

_KINDS: Final = {
    f"{{{XSD}}}element": "element",
    f"{{{XSD}}}complexType": "type",
    f"{{{XSD}}}simpleType": "type",
    f"{{{XSD}}}group": "group",
    f"{{{XSD}}}attribute": "attribute",
    f"{{{XSD}}}attributeGroup": "attribute group",
}
_REDEFINE: Final = f"{{{XSD}}}redefine"
ORIGINAL: Final = "#original"
"""Ends the key of what an ``xs:redefine`` replaces."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The schema that a node stands in: its namespace and whether its local names are qualified."""

    target: str
    elements_qualified: bool
    attributes_qualified: bool

    def name(self, node: Element, written: str) -> str:
        """A prefixed name as it is meant at ``node``."""
        written = written.strip()
        if written.startswith("xml:"):  # declared nowhere, since it is bound by definition
            return f"{{{XML}}}{written[4:]}"
        return resolve(node, written, self.target)

    def own(self, name: str, *, qualified: bool = True) -> str:
        """The full name of something declared here."""
        return f"{{{self.target}}}{name}" if self.target and qualified else name


@dataclass(frozen=True, slots=True)
class Declared:
    """A global declaration."""

    node: Element
    scope: Scope


@dataclass(slots=True)
class Declarations:
    """All of them: kind and full name -> declaration. The first of a name wins, as copies of one schema are common."""

    found: dict[tuple[str, str], Declared] = field(default_factory=dict)
    more: Callable[[str], Iterable[SchemaDocument]] | None = None
    """Asked for schemas of a namespace that is referred to and not there."""
    missing: dict[tuple[str, str], None] = field(default_factory=dict)
    """Kind and name of what is referred to and declared nowhere."""

    replaced: set[tuple[str, str]] = field(default_factory=set)
    """What an ``xs:redefine`` replaces: the original has the key with :data:`ORIGINAL`."""

    def take_all(self, schemas: Iterable[SchemaDocument]) -> None:
        """Add schemas; those that redefine others first, since what they say holds."""
        for schema in sorted(schemas, key=lambda each: each.root.find(_REDEFINE) is None):
            self.take(schema)

    def take(self, schema: SchemaDocument) -> None:
        """Add what a schema declares."""
        root = schema.root
        scope = Scope(
            schema.target,
            root.get("elementFormDefault") == "qualified",
            root.get("attributeFormDefault") == "qualified",
        )
        for redefine in root.iterchildren(_REDEFINE):
            for kind, name, node in _named(redefine, scope):
                self.found[kind, name] = Declared(node, scope)
                self.replaced.add((kind, name))
        for kind, name, node in _named(root, scope):
            key = (kind, name + ORIGINAL) if (kind, name) in self.replaced else (kind, name)
            self.found.setdefault(key, Declared(node, scope))

    def find(self, kind: str, name: str) -> Declared | None:
        """A declaration; what is not there is noted."""
        known = self.found.get((kind, name))
        if known is None and self.more is not None and (kind, name) not in self.missing:
            target = name[1:].partition("}")[0] if name.startswith("{") else ""
            for schema in self.more(target):
                self.take(schema)
            known = self.found.get((kind, name))
        if known is None and (kind != "type" or ("base", name) not in self.missing):
            self.missing.setdefault((kind, name))
        return known

    def lacks_base(self, name: str) -> None:
        """Note that a type which others extend is declared nowhere."""
        self.missing.pop(("type", name), None)
        self.missing["base", name] = None


def _named(parent: Element, scope: Scope) -> Iterator[tuple[str, str, Element]]:
    for node in parent:
        kind = _KINDS.get(node.tag)
        if kind is not None and (name := node.get("name")):
            yield kind, scope.own(name.strip()), node


def documentation(node: Element) -> str:
    """The text of a node's annotation on one line, at most 500 characters."""
    for note in node.iterchildren(f"{{{XSD}}}annotation"):
        words = " ".join(" ".join(part.itertext()) for part in note.iterchildren(f"{{{XSD}}}documentation"))
        text = " ".join(words.split())
        if text:
            return text if len(text) <= 500 else text[:499] + "…"
    return ""


def plain(node: Element) -> list[Element]:
    """A node's children without annotations."""
    return [child for child in node if isinstance(child.tag, str) and local(child.tag) != "annotation"]
