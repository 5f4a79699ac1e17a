"""What zeep's model leaves out of a schema: substitution groups, who derives from whom, mixed content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from adapters.soap.loader import SchemaDocument
from adapters.soap.names import XSD

if TYPE_CHECKING:
    from esb.xml import Element

_ELEMENT: Final = f"{{{XSD}}}element"
_TYPE: Final = f"{{{XSD}}}complexType"


@dataclass(slots=True)
class SchemaFacts:
    """Qualified names throughout, as ``{namespace}local``."""

    substitutes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Head of a substitution group -> the elements that may stand for it, indirect ones too, abstract ones not."""
    derived: set[str] = field(default_factory=set)
    """Types that others extend or restrict, so that ``xsi:type`` may name another."""
    mixed: bool = False
    """Whether any type has mixed content."""


def gather(schemas: Iterable[SchemaDocument]) -> SchemaFacts:
    """Read the facts off the schemas as they were written."""
    facts = SchemaFacts()
    heads: dict[str, list[str]] = defaultdict(list)
    abstract = set()
    for document in schemas:
        target = document.root.get("targetNamespace", "")
        for element in document.root.iterfind(_ELEMENT):
            name = f"{{{target}}}{element.get('name')}" if target else element.get("name", "")
            if element.get("abstract") in {"true", "1"}:
                abstract.add(name)
            if head := element.get("substitutionGroup"):
                heads[resolve(element, head, target)].append(name)
        for derivation in document.root.iter(f"{{{XSD}}}extension", f"{{{XSD}}}restriction"):
            parent = derivation.getparent()
            if (base := derivation.get("base")) and parent is not None and parent.tag == f"{{{XSD}}}complexContent":
                facts.derived.add(resolve(derivation, base, target))
        facts.mixed = facts.mixed or any(
            node.get("mixed") in {"true", "1"} for node in document.root.iter(_TYPE, f"{{{XSD}}}complexContent")
        )
    for head in heads:
        facts.substitutes[head] = [name for name in _members(head, heads, set()) if name not in abstract]
    return facts


def resolve(node: Element, name: str, target: str = "") -> str:
    """A prefixed name as it is meant at ``node``; without a prefix it is in the default namespace, else in ``target`` (chameleon includes)."""
    prefix, _, local = name.strip().rpartition(":")
    namespace = node.nsmap.get(prefix or None) or ("" if prefix else target)
    return f"{{{namespace}}}{local}" if namespace else local


def _members(head: str, heads: dict[str, list[str]], seen: set[str]) -> Iterable[str]:
    for name in heads.get(head, ()):
        if name not in seen:
            seen.add(name)
            yield name
            yield from _members(name, heads, seen)
