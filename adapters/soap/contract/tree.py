"""Messages as indented trees: what a contract says, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any as AnyNode
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from adapters.soap.contract.model import (
    ANY_TYPE,
    UNBOUNDED,
    Any,
    ComplexType,
    Element,
    Facets,
    Group,
    Particle,
    Schemas,
    SimpleType,
)
from adapters.soap.names import local
from adapters.soap.wsdl import Content, Operation, Part, Wsdl

DEPTH: Final = 30
_BOUNDS: Final = (
    ("min_inclusive", ">="),
    ("max_inclusive", "<="),
    ("min_exclusive", ">"),
    ("max_exclusive", "<"),
)


class Line(Struct, omit_defaults=True, rename="camel"):
    """A line of a tree. ``kind`` is element, attribute, text, choice, sequence, all, any, or again (a type that is already open above)."""

    kind: str
    name: str = ""
    type: str = ""
    min: int | UnsetType = UNSET
    max: int | str | UnsetType = UNSET
    """A number, or ``unbounded``."""
    nillable: bool = False
    abstract: bool = False
    base: str = ""
    values: tuple[str, ...] = ()
    facets: dict[str, AnyNode] = {}
    default: str | None = None
    fixed: str | None = None
    namespace: str = ""
    doc: str = ""
    children: list[Line] = []


class Message(Struct, omit_defaults=True, rename="camel"):
    """A direction of an operation."""

    body: list[Line] = []
    headers: list[Line] = []
    attachments: tuple[str, ...] = ()


class Trees:
    """Makes the trees of one contract. Immutable; thread-safe."""

    def __init__(self, schemas: Schemas, depth: int = DEPTH) -> None:
        self._schemas = schemas
        self._depth = depth

    def message(self, content: Content, headers: tuple[Part, ...]) -> Message:
        """Body and header blocks of a direction."""
        elements = [Element(content.tag, content.type)] if content.rpc else [part.element for part in content.parts]
        return Message(
            [self.element(each) for each in elements],
            [self.element(part.element) for part in headers],
            content.attachments,
        )

    def element(self, element: Element, above: tuple[str, ...] = ()) -> Line:
        """The tree of an element."""
        line = Line("element", local(element.tag), nillable=element.nillable, doc=element.doc)
        line.namespace = element.tag[1:].partition("}")[0] if element.tag.startswith("{") and not above else ""
        line.min, line.max = element.min, _most(element.max)
        line.default, line.fixed, line.abstract = element.default, element.fixed, element.abstract
        self._typed(line, element.type, above)
        others = self._schemas.substitutes.get(element.tag, ()) if element.glob else ()
        if others:
            line.children.append(Line("substitutes", values=tuple(local(name) for name in others)))
        return line

    def type(self, key: str) -> Line:
        """The tree of a type."""
        line = Line("type", local(key))
        self._typed(line, key, ())
        return line

    def _typed(self, line: Line, key: str, above: tuple[str, ...]) -> None:
        found = self._schemas.type(key)
        if isinstance(found, SimpleType):
            self._simple(line, found)
        elif not isinstance(found, ComplexType):
            line.type = "any type" if key == ANY_TYPE else local(key)
        else:
            line.type = "" if "#" in local(key) else local(key)
            line.doc = line.doc or found.doc
            line.base = local(found.base)
            line.abstract = line.abstract or found.abstract
            if key in above or len(above) >= self._depth:
                line.children = [Line("again", type=line.type or "the same")]
                return
            line.children = list(self._complex(found, (*above, key)))

    def _complex(self, found: ComplexType, above: tuple[str, ...]) -> Iterator[Line]:
        for attribute in found.attributes:
            line = Line("attribute", local(attribute.tag), default=attribute.default, fixed=attribute.fixed)
            line.min, line.max, line.doc = int(attribute.required), 1, attribute.doc
            kind = self._schemas.type(attribute.type)
            if isinstance(kind, SimpleType):
                self._simple(line, kind)
            yield line
        if found.text:
            line = Line("text")
            kind = self._schemas.type(found.text)
            if isinstance(kind, SimpleType):
                self._simple(line, kind)
            yield line
        if found.array:
            yield self.element(Element("item", found.array, 0, UNBOUNDED), above)
        elif found.content is not None:
            plain = found.content.kind == "sequence" and (found.content.min, found.content.max) == (1, 1)
            for item in found.content.items if plain else (found.content,):
                yield from self._particle(item, above)
        heirs = [local(key) for key in self._schemas.heirs(found.key)] if found.key in self._schemas.derived else []
        if heirs:
            yield Line("extended by", values=tuple(heirs))

    def _particle(self, particle: Particle, above: tuple[str, ...]) -> Iterator[Line]:
        if isinstance(particle, Element):
            yield self.element(particle, above)
        elif isinstance(particle, Any):
            yield Line("any", min=particle.min, max=_most(particle.max), values=_spaces(particle.namespaces))
        elif particle.kind == "sequence" and (particle.min, particle.max) == (1, 1):
            for item in particle.items:
                yield from self._particle(item, above)
        else:
            yield self._group(particle, above)

    def _group(self, group: Group, above: tuple[str, ...]) -> Line:
        line = Line(group.kind, min=group.min, max=_most(group.max))
        line.children = [child for item in group.items for child in self._particle(item, above)]
        return line

    def _simple(self, line: Line, found: SimpleType) -> None:
        name = "" if "#" in local(found.key) else local(found.key)
        if found.item:
            item = self._schemas.type(found.item)
            line.type = f"list of {local(item.builtin if isinstance(item, SimpleType) else found.item)}"
        elif found.members:
            line.type = " or ".join(local(each) for each in found.members if "#" not in local(each)) or "union"
        else:
            line.type = found.builtin
        line.base = name if name not in {"", found.builtin} else ""
        line.values = found.facets.enums
        line.facets = _facets(found.facets)
        line.doc = line.doc or found.doc


def operation_tree(wsdl: Wsdl, operation: Operation, depth: int = DEPTH) -> dict[str, AnyNode]:
    """An operation with the trees of its messages, as data for JSON."""
    trees = Trees(wsdl.schemas, depth)
    output = operation.output
    return {
        **operation_summary(operation),
        "request": trees.message(operation.input, operation.input_headers),
        "answer": None if output is None else trees.message(output, operation.output_headers),
        "faults": {part.name: trees.element(part.element) for part in operation.faults},
    }


def operation_summary(operation: Operation) -> dict[str, AnyNode]:
    """What an operation is, without its messages."""
    return {
        "name": operation.name,
        "style": f"{operation.style}/{'encoded' if operation.encoded else 'literal'}",
        "action": operation.action,
        "oneWay": operation.output is None,
        "unusable": operation.unusable,
        "doc": operation.doc,
    }


def lines_of(line: Line, indent: int = 0) -> Iterator[str]:
    """A tree as text."""
    pad = "  " * indent
    if line.kind == "again":
        yield f"{pad}... {line.type} again"
        return
    if line.kind in {"extended by", "substitutes"}:
        word = "extended by" if line.kind == "extended by" else "or one of"
        yield f"{pad}({word}: {', '.join(line.values[:12])}{', ...' if len(line.values) > 12 else ''})"
        return
    name = {"attribute": f"@{line.name}", "text": "(text)"}.get(line.kind, line.name or line.kind)
    words = [name, line.type, f"({line.base})" if line.base else "", _often(line)]
    words += ["nillable"] if line.nillable else []
    words += ["abstract"] if line.abstract else []
    words += [f"{key} {value}" if key.isalpha() else f"{key}{value}" for key, value in line.facets.items()]
    if line.values:
        words.append("one of " + " | ".join(line.values[:20]) + (" | ..." if len(line.values) > 20 else ""))
    words += [f"= {line.fixed}"] if line.fixed is not None else []
    words += [f"default {line.default}"] if line.default is not None else []
    told = "  ".join(word for word in words if word)
    yield f"{pad}{told}" + (f"   -- {line.doc}" if line.doc else "")
    for child in line.children:
        yield from lines_of(child, indent + 1)


def _often(line: Line) -> str:
    if line.kind == "text" or line.min is UNSET:
        return ""
    if line.max == "unbounded":
        return f"{line.min}..n"
    return (
        ""
        if (line.min, line.max) == (1, 1)
        else "optional"
        if (line.min, line.max) == (0, 1)
        else f"{line.min}..{line.max}"
    )


def _most(number: int) -> int | str:
    return "unbounded" if number == UNBOUNDED else number


def _spaces(text: str) -> tuple[str, ...]:
    return () if text == "##any" else tuple(text.split())


def _facets(facets: Facets) -> dict[str, AnyNode]:
    told: dict[str, AnyNode] = {}
    for name, sign in _BOUNDS:
        if (value := getattr(facets, name)) is not None:
            told[sign] = value
    if facets.length is not None:
        told["length"] = facets.length
    elif facets.min_length is not None or facets.max_length is not None:
        high = "" if facets.max_length is None else facets.max_length
        told["length"] = f"{facets.min_length or 0}-{high}"
    if facets.total_digits is not None:
        told["digits"] = facets.total_digits
    if facets.fraction_digits is not None:
        told["fraction"] = facets.fraction_digits
    if facets.patterns:
        told["pattern"] = " and ".join(facets.patterns)
    return told


def plain(value: AnyNode) -> AnyNode:
    """Records as data for JSON."""
    import msgspec

    return msgspec.to_builtins(value)
