"""What the schemas of a WSDL declare, as plain records: elements, types, groups, facets.

The records are what a compiled contract holds (see :mod:`adapters.soap.contract.compiled`): small, without references to each other, so that types
may be recursive and a file of them is decoded in milliseconds. Types are found by key: ``{namespace}Name`` for a global one, the owner's key with
``#`` and a path for one without a name. All of it is immutable and may be shared by threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from adapters.soap.names import ENCODING_11, XSD, local, namespace

UNBOUNDED: Final = -1
ANY_TYPE: Final = f"{{{XSD}}}anyType"


class Element(Struct, frozen=True, array_like=True, tag_field="~", tag="e", gc=False):
    """An element where it is declared or referred to. ``glob`` marks global ones, which others may substitute."""

    tag: str
    type: str
    min: int = 1
    max: int = 1
    nillable: bool = False
    default: str | None = None
    fixed: str | None = None
    glob: bool = False
    abstract: bool = False
    doc: str = ""

    @property
    def many(self) -> bool:
        """Whether it may stand several times, and so is a list in the data."""
        return self.max == UNBOUNDED or self.max > 1


class Any(Struct, frozen=True, array_like=True, tag_field="~", tag="a", gc=False):
    """``xs:any``."""

    min: int = 1
    max: int = 1
    namespaces: str = "##any"


class Group(Struct, frozen=True, array_like=True, tag_field="~", tag="g"):
    """A ``sequence``, ``choice`` or ``all``."""

    kind: str
    items: tuple[Element | Any | Group, ...]
    min: int = 1
    max: int = 1


Particle = Element | Any | Group


class Attribute(Struct, frozen=True, array_like=True, gc=False):
    """An attribute of a type. The tag has a namespace only where the attribute is qualified."""

    tag: str
    type: str
    required: bool = False
    default: str | None = None
    fixed: str | None = None
    doc: str = ""


class Facets(Struct, frozen=True, array_like=True, gc=False):
    """What restricts a simple type; the narrowest of each along its bases. ``patterns``: each must hold; alternatives are joined by ``|``."""

    enums: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    length: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_inclusive: str | None = None
    max_inclusive: str | None = None
    min_exclusive: str | None = None
    max_exclusive: str | None = None
    total_digits: int | None = None
    fraction_digits: int | None = None
    white_space: str | None = None


class SimpleType(Struct, frozen=True, array_like=True, tag_field="~", tag="s"):
    """A simple type. ``builtin`` is the nearest type of XML Schema itself (``int``); a list has ``item``, a union ``members``, by key."""

    key: str
    builtin: str
    base: str = ""
    item: str = ""
    members: tuple[str, ...] = ()
    facets: Facets = Facets()
    doc: str = ""


class ComplexType(Struct, frozen=True, array_like=True, tag_field="~", tag="c"):
    """A complex type with everything its bases give it.

    ``text`` is the key of the simple type of its text (simple content), otherwise ``content`` holds its children. ``array`` is the key of the
    members' type of an array in the SOAP encoding.
    """

    key: str
    base: str = ""
    restricts: bool = False
    abstract: bool = False
    mixed: bool = False
    content: Group | None = None
    text: str = ""
    attributes: tuple[Attribute, ...] = ()
    any_attribute: bool = False
    array: str = ""
    doc: str = ""


Type = SimpleType | ComplexType


ARRAY: Final = "#[]"
"""Ends the key of an array in the SOAP encoding that is the member of another: of arrays of arrays."""


def is_named(key: str) -> bool:
    """Whether a type's key is a name that ``xsi:type`` can carry."""
    return "#" not in local(key)


def is_builtin(key: str) -> bool:
    """Whether a key names a type of XML Schema itself."""
    return namespace(key) == XSD


class Schemas(Struct, frozen=True, array_like=True):
    """All declarations of a contract. ``substitutes``: head element -> those that may stand for it, indirect ones too, abstract ones not."""

    elements: dict[str, Element]
    types: dict[str, SimpleType | ComplexType]
    attributes: dict[str, Attribute]
    substitutes: dict[str, tuple[str, ...]]
    derived: frozenset[str]
    """Keys of types that others extend or restrict, so that ``xsi:type`` may name another."""

    def type(self, key: str) -> Type | None:
        """The type of a key, those of XML Schema included; None for ``xs:anyType`` and for a name that nothing declares.

        The SOAP encoding has each simple type once more, with attributes that the encoding itself uses: here they are simple.
        """
        found = self.types.get(key)
        if isinstance(found, ComplexType) and found.text and namespace(key) == ENCODING_11:
            return SimpleType(key, local(found.text))
        if found is None and is_builtin(key) and key != ANY_TYPE:
            return SimpleType(key, local(key))
        return found

    def heirs(self, key: str) -> list[str]:
        """Keys of the types that extend or restrict this one, directly or not."""
        found: list[str] = []
        todo = [key]
        while todo:
            base = todo.pop()
            below = [
                each.key
                for each in self.types.values()
                if isinstance(each, ComplexType) and each.base == base and each.key not in found
            ]
            found += below
            todo += below
        return found


def elements_of(particle: Particle | None) -> Iterator[Element]:
    """Every element in a particle, in order."""
    if isinstance(particle, Element):
        yield particle
    elif isinstance(particle, Group):
        for item in particle.items:
            yield from elements_of(item)
