"""XML Schema types as plain Python data, compiled once per type from the contract's model.

The shape, the same for reading and writing:

- an element with children or attributes is a dict; the key is the local name of the child or of the attribute. Where both have one name
  the attribute is ``attr__NAME``; where two children of different namespaces or places do, the later is ``NAME__1``;
- an element that may stand several times is always a list, one that is absent is no key, an ``xsi:nil`` is None;
- text beside attributes (simple content) is under ``$``; mixed content is its XML text under ``$``;
- a group (``xs:sequence`` or ``xs:choice`` of several elements) with ``maxOccurs`` above 1 is a list of dicts under ``$items``;
- elements and attributes let in by a wildcard are under ``$any`` (see :mod:`adapters.soap.particles`) and under ``{namespace}name``;
- where ``xsi:type`` names a derived type, the dict has its name as ``$type`` (``{namespace}Name``; on writing the local name is enough);
- a member of a substitution group stands under its own name;
- ``xs:anyType`` is a scalar, or a dict with ``$type``, or ``{"$xml": "<...>"}`` for markup without a known type.

Scalars: see :mod:`adapters.soap.scalars`. Reading expects what the schema validated; it still raises Malformed rather than guess.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from adapters.soap.content import (
    TYPE,
    ArrayContent,
    Attribute,
    ComplexContent,
    SimpleContent,
    fill_markup,
    fill_simple,
    inner,
    outer,
)
from adapters.soap.contract import model
from adapters.soap.contract.model import ANY_TYPE, ComplexType, Schemas, SimpleType, is_named
from adapters.soap.names import XSD, XSI, XSI_TYPE, local, namespace, resolve
from adapters.soap.particles import (
    Choice,
    Codec,
    Field,
    Group,
    Particle,
    Problem,
    Problems,
    Repeat,
    Wildcard,
    fields_of,
)
from adapters.soap.scalars import BUILTINS, scalar_of, text_of
from esb.errors import Malformed

Element = Any  # lxml's stubs do not know that it takes QNames and hands out text

XML: Final = "$xml"
ITEMS: Final = "$items"


class Codecs:
    """The codecs of one WSDL's types, compiled on demand and kept. Thread-safe."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._lock = threading.RLock()
        self._done: dict[str, Codec] = {}
        self._building: dict[str, Codec] = {}

    def field(self, element: model.Element, key: str = "", name: Callable[[str], str] | None = None) -> Field:
        """The field for an element; ``key`` instead of its local name. ``name`` gives out the keys of those that may stand for it."""
        key = key or local(element.tag)
        name = name or Keys(key).name
        alternatives = [
            self._field(msgspec.structs.replace(other, min=0, max=element.max), name(tag), ())
            for tag in (self._schemas.substitutes.get(element.tag, ()) if element.glob else ())
            if (other := self._schemas.elements.get(tag)) is not None
        ]
        return self._field(element, key, alternatives)

    def _field(self, element: model.Element, key: str, alternatives: Sequence[Field]) -> Field:
        # What has no content in a message stands for the default, and for the fixed value as well.
        default = element.default if element.default is not None else element.fixed
        simple = default is not None and isinstance(self._schemas.type(element.type), SimpleType)
        return Field(
            element.tag,
            key,
            self.codec(element.type, default if simple else None),
            required=element.min > 0,
            many=element.many,
            nillable=element.nillable,
            alternatives=alternatives,
        )

    def named_field(self, tag: str) -> Field | None:
        """The field of a global element, or None."""
        element = self._schemas.elements.get(tag)
        return None if element is None else self.field(element)

    def codec(self, key: str, default: str | None = None) -> Codec:
        """The codec of the type with a key."""
        known = self._done.get(key)
        if known is not None and default is None:
            return known
        with self._lock:
            if (begun := self._building.get(key)) is not None and default is None:
                return begun
            outermost = not self._building
            codec = Codec(key if is_named(key) else "", key)
            if default is not None:
                self._fill(codec, key, default)  # elements with a default have a codec of their own
                return codec
            self._building[key] = codec
            try:
                self._fill(codec, key, None)
                if outermost:
                    self._done.update(self._building)
            finally:
                if outermost:
                    self._building.clear()
            return codec

    def _fill(self, codec: Codec, key: str, default: str | None) -> None:
        found = self._schemas.type(key)
        if isinstance(found, SimpleType):
            fill_simple(codec, scalar_of(found, self._schemas), default)
        elif isinstance(found, ComplexType) and found.array:
            ArrayContent(codec, self.field(model.Element("item", found.array, 0, model.UNBOUNDED, nillable=True)))
        elif isinstance(found, ComplexType):
            self._fill_complex(codec, found)
        else:
            codec.read, codec.write = (
                self._read_any_type,
                self._write_any_type if key == ANY_TYPE else _write_undeclared,
            )
            codec.namespaces = {XSI, XSD}

    def _fill_complex(self, codec: Codec, found: ComplexType) -> None:
        codec.namespaces = {namespace(attribute.tag) for attribute in found.attributes} - {""}
        names_type = found.key in self._schemas.derived and is_named(found.key)
        if names_type:
            codec.namespaces.add(XSI)
        retype = self._retype if names_type else None
        if found.text:
            text = self._schemas.type(found.text)
            scalar = scalar_of(text if isinstance(text, SimpleType) else SimpleType("", "string"), self._schemas)
            SimpleContent(codec, self._attributes(found, frozenset()), found.any_attribute, scalar, retype)
            return
        # libxml2 has made sure that text stands only where the content is mixed.
        particle, in_order = self.content(found)
        codec.fields = list(fields_of(particle))
        if any(each.nillable for each in codec.fields):
            codec.namespaces.add(XSI)
        ComplexContent(
            codec,
            self._attributes(found, particle.keys),
            found.any_attribute,
            particle,
            retype,
            in_order=in_order,
            mixed=found.mixed,
        )

    def content(self, found: ComplexType) -> tuple[Particle, bool]:
        """The children of a type with their keys, and whether they must be read in order."""
        builder = _Content(self)
        particle = builder.group(found.content) if found.content is not None else Group(())
        for wildcard in builder.wildcards:
            wildcard.named = particle.first
        return particle, builder.in_order

    def _attributes(self, found: ComplexType, taken: frozenset[str]) -> list[Attribute]:
        """The attributes with their keys: those of the children, ``taken``, are not for them."""
        made: list[Attribute] = []
        for each in found.attributes:
            kind = self._schemas.type(each.type)
            scalar = scalar_of(kind if isinstance(kind, SimpleType) else SimpleType("", "string"), self._schemas)
            default = None if each.default is None or scalar.qname else scalar.read(each.default)
            made.append((attribute_key(each.tag, taken), each.tag, scalar, each.required, default))
        return made

    def _retype(self, declared: Codec, named: Any) -> Codec | None:
        """The codec of the type that data or ``xsi:type`` names; None if it is the declared one. Raises ValueError for an unknown name."""
        if named == declared.name:
            return None
        if not isinstance(named, str):
            raise ValueError(f"a {type(named).__name__} names no type")  # noqa: TRY004 -- one kind of error for all bad values
        if not named.startswith("{"):
            candidates = {key for key in self._schemas.types if local(key) == named}
            if not candidates and named in BUILTINS:
                candidates = {f"{{{XSD}}}{named}"}
            if len(candidates) != 1:
                raise ValueError(f"there are {len(candidates)} types named {named!r}: write {{namespace}}{named}")
            named = candidates.pop()
        if not self._knows(named):
            raise ValueError(f"there is no type {named!r} in the WSDL")
        return self.codec(named)

    def _read_any_type(self, node: Element) -> Any:
        named = node.get(XSI_TYPE)
        codec = None
        if named:
            name = resolve(node, named)
            codec = self.codec(name) if name != ANY_TYPE and self._knows(name) else None
        if codec is not None:
            data = codec.read(node)
            if isinstance(data, dict):
                data.setdefault(TYPE, codec.name)
            return data
        if len(node) or any(not name.startswith(f"{{{XSI}}}") for name in node.attrib):
            return {XML: inner(node)}
        return node.text or ""

    def _write_any_type(self, node: Element, value: Any, problems: Problems) -> None:
        from lxml.etree import QName

        if isinstance(value, dict):
            if isinstance(markup := value.get(XML), str):
                fill_markup(node, markup, problems)
                return
            try:
                codec = self._retype(Codec(), value[TYPE])
            except KeyError:
                problems.append(
                    Problem(
                        f"may be anything here, so the dict must name its type under {TYPE!r} or hold markup under {XML!r}"
                    )
                )
            except ValueError as exc:
                problems.append(Problem(str(exc)))
            else:
                assert codec is not None
                node.set(XSI_TYPE, QName(codec.name))
                codec.write(node, {key: item for key, item in value.items() if key != TYPE}, problems)
            return
        try:
            kind, node.text = text_of(value)
        except ValueError as exc:
            problems.append(Problem(str(exc)))
        else:
            node.set(XSI_TYPE, QName(XSD, kind))

    def _knows(self, name: str) -> bool:
        if namespace(name) == XSD:
            return local(name) in BUILTINS or name == ANY_TYPE
        return is_named(name) and name in self._schemas.types

    def read_any(self, node: Element) -> Any:
        """What a wildcard let in."""
        known = self.named_field(node.tag)
        return {node.tag: known.read(node)} if known is not None else outer(node)

    def write_any(self, parent: Element, value: Any, problems: Problems) -> None:
        """The same the other way."""
        import esb.xml

        if isinstance(value, dict) and len(value) == 1:
            tag, data = next(iter(value.items()))
            known = self.named_field(tag)
            if known is None:
                problems.append(Problem("is not a global element of the WSDL: give XML text", [str(tag)]))
            else:
                known.write_one(parent, data, problems)
            return
        try:
            parent.append(esb.xml.parse(value))
        except (Malformed, TypeError, AttributeError) as exc:
            problems.append(Problem(f"is neither {{'{{namespace}}name': data}} nor XML text: {exc}"))


class _Content:
    """Builds the particles of one type: gives out keys, and notices what needs reading in order."""

    def __init__(self, codecs: Codecs) -> None:
        self._codecs = codecs
        self._keys = Keys()
        self._groups = 0
        self.in_order = False
        self.wildcards: list[Wildcard] = []

    def group(self, source: model.Particle) -> Particle:
        if isinstance(source, model.Group):
            return self._occurring(source, self._members(source))
        if isinstance(source, model.Any):
            # All that several wildcards let in is one list, in the order of the message; the first one writes it.
            wildcard = Wildcard(self._codecs.read_any, self._codecs.write_any if not self.wildcards else _written)
            self.wildcards.append(wildcard)
            return wildcard
        return self._codecs.field(source, self._key(source.tag), self._key)

    def _members(self, source: model.Group) -> Callable[[], Particle]:
        if source.kind != "choice":
            return lambda: _flat([self.group(member) for member in source.items], optional=source.min == 0)

        def choice() -> Particle:
            # Branches may use one name for one element: only one of them is taken.
            before, after, members = self._keys.tags, dict(self._keys.tags), []
            for member in source.items:
                self._keys.tags = dict(before)
                members.append(self.group(member))
                after.update(self._keys.tags)
            self._keys.tags = after
            return Choice(members, optional=source.min == 0 or any(_may_be_empty(member) for member in source.items))

        return choice

    def _occurring(self, source: model.Group, build: Callable[[], Particle]) -> Particle:
        if source.max in {0, 1}:
            particle = build()
            if source.min == 0 and isinstance(particle, (Group, Choice)) and not particle.optional:
                return Group([particle], optional=True)
            return particle
        outer, self._keys = self._keys, Keys()
        particle = build()
        self._keys = outer
        alone = (
            particle.members[0] if isinstance(particle, (Group, Choice)) and len(particle.members) == 1 else particle
        )
        if isinstance(alone, Field) and not alone.alternatives:  # one element that repeats: the list is its own
            required = source.min > 0 and bool(alone.required)
            return Field(
                alone.tag, self._key(alone.tag), alone.codec, required=required, many=True, nillable=alone.nillable
            )
        self._groups += 1
        self.in_order = True
        key = ITEMS if self._groups == 1 else f"{ITEMS}_{self._groups}"
        return Repeat(particle, key, required=source.min > 0 and bool(particle.required))

    def _key(self, tag: str) -> str:
        key = self._keys.name(tag)
        self.in_order = self.in_order or self._keys.again
        return key


class Keys:
    """Gives out the keys of one dict: local names, with a number where one is taken."""

    def __init__(self, *taken: str) -> None:
        self.tags: dict[str, str] = dict.fromkeys(taken, "")
        self.again = False
        """Whether the last one was for a tag that has another key as well."""

    def name(self, tag: str) -> str:
        """The key for an element."""
        key, number, self.again = local(tag), 0, False
        while key in self.tags:
            self.again = self.again or self.tags[key] == tag
            number += 1
            key = f"{local(tag)}__{number}"
        self.tags[key] = tag
        return key


def _written(parent: Element, value: Any, problems: Problems) -> None:
    """For a wildcard whose content another one writes."""
    _ = parent, value, problems


def _write_undeclared(node: Element, value: Any, problems: Problems) -> None:
    """Content of a type that no schema declares: text, or markup under ``$xml``."""
    if isinstance(value, dict) and isinstance(markup := value.get(XML), str):
        fill_markup(node, markup, problems)
        return
    try:
        node.text = text_of(value)[1]
    except ValueError as exc:
        problems.append(Problem(str(exc)))


def _may_be_empty(particle: model.Particle) -> bool:
    """Whether nothing at all is a valid instance."""
    if particle.min == 0 or not isinstance(particle, model.Group):
        return particle.min == 0
    decide = any if particle.kind == "choice" and particle.items else all
    return decide(_may_be_empty(item) for item in particle.items)


def attribute_key(tag: str, taken: frozenset[str]) -> str:
    """The key of an attribute beside the keys of the children."""
    return f"attr__{local(tag)}" if local(tag) in taken else local(tag)


def _flat(members: Sequence[Particle], *, optional: bool) -> Particle:
    """A sequence in a sequence is one sequence."""
    flat: list[Particle] = []
    for member in members:
        if isinstance(member, Group) and not member.optional:
            flat.extend(member.members)
        else:
            flat.append(member)
    return Group(flat, optional=optional)
