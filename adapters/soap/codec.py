"""XML Schema types as plain Python data, compiled once per type from zeep's model.

The shape, the same for reading and writing:

- an element with children or attributes is a dict; the key is the local name of the child or of the attribute. Where both have one name
  the attribute is ``attr__NAME``; where two children of different namespaces or places do, the later is ``NAME__1`` (zeep's names);
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

from adapters.soap.content import TYPE, Attribute, ComplexContent, SimpleContent, fill_markup, fill_simple, inner, outer
from adapters.soap.facts import SchemaFacts, resolve
from adapters.soap.names import XSD, XSI, XSI_TYPE, local, namespace
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
from adapters.soap.scalars import scalar_of, text_of
from esb.errors import Malformed

Element = Any  # lxml's stubs do not know that it takes QNames and hands out text

XML: Final = "$xml"
ITEMS: Final = "$items"


class Codecs:
    """The codecs of one WSDL's types, compiled on demand and kept. Thread-safe."""

    def __init__(self, types: Any, facts: SchemaFacts) -> None:
        self._types = types
        self._facts = facts
        self._lock = threading.RLock()
        # By identity, with the type beside it so that the identity stays taken.
        self._done: dict[int, tuple[Any, Codec]] = {}
        self._building: dict[int, tuple[Any, Codec]] = {}

    def field(self, element: Any, key: str = "") -> Field:
        """The field for one of zeep's elements; ``key`` instead of its local name."""
        tag = element.qname.text
        maximum = element.max_occurs
        alternatives = [
            self.field(other.clone(other.qname, min_occurs=0, max_occurs=maximum))
            for name in (self._facts.substitutes.get(tag, ()) if element.is_global else ())
            if (other := self._global("get_element", name)) is not None
        ]
        codec = self.codec(element.type, element.default)
        many = maximum == "unbounded" or maximum > 1
        return Field(
            tag,
            key or local(tag),
            codec,
            required=element.min_occurs > 0,
            many=many,
            nillable=element.nillable,
            alternatives=alternatives,
        )

    def named_field(self, tag: str) -> Field | None:
        """The field of a global element, or None."""
        element = self._global("get_element", tag)
        return None if element is None else self.field(element)

    def codec(self, schema_type: Any, default: str | None = None) -> Codec:
        """The codec of one of zeep's types."""
        if hasattr(schema_type, "schema"):  # one of zeep's references that nobody resolved yet
            schema_type = schema_type.resolve()
        known = self._done.get(id(schema_type))
        if known is not None and default is None:
            return known[1]
        with self._lock:
            if (begun := self._building.get(id(schema_type))) is not None and default is None:
                return begun[1]
            outermost = not self._building
            name = schema_type.qname.text if schema_type.qname is not None and schema_type.is_global else ""
            codec = Codec(name)
            if default is not None:
                self._fill(codec, schema_type, default)  # elements with a default have a codec of their own
                return codec
            self._building[id(schema_type)] = (schema_type, codec)
            try:
                self._fill(codec, schema_type, None)
                if outermost:
                    self._done.update(self._building)
            finally:
                if outermost:
                    self._building.clear()
            return codec

    def _fill(self, codec: Codec, schema_type: Any, default: str | None) -> None:
        from zeep.xsd.types import AnySimpleType, ComplexType

        if isinstance(schema_type, AnySimpleType):
            fill_simple(codec, scalar_of(schema_type), default)
        elif isinstance(schema_type.resolve(), ComplexType):
            self._fill_complex(codec, schema_type.resolve())
        else:
            codec.read, codec.write = self._read_any_type, self._write_any_type
            codec.namespaces = {XSI, XSD}

    def _fill_complex(self, codec: Codec, schema_type: Any) -> None:
        from zeep.xsd.elements import Element as ZeepElement
        from zeep.xsd.types import AnySimpleType

        attributes, wild = self._attributes(schema_type)
        content = schema_type._element  # noqa: SLF001 -- zeep has no public access to the group itself
        codec.namespaces = {namespace(attribute[1]) for attribute in attributes} - {""}
        if isinstance(content, ZeepElement):
            if isinstance(content.type, AnySimpleType):
                SimpleContent(codec, attributes, wild, scalar_of(content.type))
                return
            content = None
        # libxml2 has made sure that text stands only where the content is mixed.
        builder = _Content(self)
        particle = builder.group(content) if content else Group(())
        for wildcard in builder.wildcards:
            wildcard.named = particle.first
        codec.fields = list(fields_of(particle))
        if any(each.nillable for each in codec.fields):
            codec.namespaces.add(XSI)
        names_type = codec.name in self._facts.derived
        if names_type:
            codec.namespaces.add(XSI)
        ComplexContent(
            codec,
            attributes,
            wild,
            particle,
            self._retype if names_type else None,
            in_order=builder.in_order,
            mixed=self._facts.mixed,
        )

    def _attributes(self, schema_type: Any) -> tuple[list[Attribute], bool]:
        found: list[Attribute] = []
        wild = False
        for key, attribute in schema_type.attributes:
            if attribute.name is None:
                wild = True
                continue
            kind = attribute.type.resolve() if hasattr(attribute.type, "schema") else attribute.type
            scalar = scalar_of(kind)
            default = None if attribute.default is None or scalar.qname else scalar.read(attribute.default)
            found.append((key, attribute.qname.text, scalar, attribute.required, default))
        return found, wild

    def _global(self, getter: str, name: str) -> Any:
        from lxml.etree import QName
        from zeep.exceptions import LookupError as ZeepLookupError
        from zeep.exceptions import NamespaceError

        try:
            found = getattr(self._types, getter)(QName(name))
        except (NamespaceError, ZeepLookupError, ValueError, TypeError):  # the last two: no name at all
            return None
        return found.resolve() if found is not None else None

    def _retype(self, declared: Codec, named: Any) -> Codec | None:
        """The codec of the type that data or ``xsi:type`` names; None if it is the declared one. Raises ValueError for an unknown name."""
        if named == declared.name:
            return None
        if not isinstance(named, str):
            raise ValueError(f"a {type(named).__name__} names no type")  # noqa: TRY004 -- one kind of error for all bad values
        if not named.startswith("{"):
            candidates = {
                each.qname.text
                for each in self._types.types
                if each.qname is not None and each.qname.localname == named
            }
            if len(candidates) != 1:
                raise ValueError(f"there are {len(candidates)} types named {named!r}: write {{namespace}}{named}")
            named = candidates.pop()
        found = self._global("get_type", named)
        if found is None:
            raise ValueError(f"there is no type {named!r} in the WSDL")
        return self.codec(found)

    def _read_any_type(self, node: Element) -> Any:
        named = node.get(XSI_TYPE)
        codec = None
        if named:
            found = self._global("get_type", resolve(node, named))
            codec = self.codec(found) if found is not None and resolve(node, named) != f"{{{XSD}}}anyType" else None
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
        self._tags: dict[str, str] = {}
        self._groups = 0
        self.in_order = False
        self.wildcards: list[Wildcard] = []

    def group(self, source: Any) -> Particle:
        from zeep.xsd import elements as zeep

        if isinstance(source, zeep.Group):
            return self._occurring(source, self._members(source.child))
        if isinstance(source, (zeep.Sequence, zeep.All, zeep.Choice)):
            return self._occurring(source, self._members(source))
        if isinstance(source, zeep.Any):
            wildcard = Wildcard(self._codecs.read_any, self._codecs.write_any)
            self.wildcards.append(wildcard)
            return wildcard
        if not isinstance(source, zeep.Element):
            if hasattr(source, "_ref"):
                return self.group(source.resolve())
            # A reference to the schema of schemas (ADO.NET data sets): any markup.
            wildcard = Wildcard(self._codecs.read_any, self._codecs.write_any)
            self.wildcards.append(wildcard)
            return wildcard
        return self._codecs.field(source, self._key(source.qname.text))

    def _members(self, source: Any) -> Callable[[], Particle]:
        from zeep.xsd import elements as zeep

        if not isinstance(source, zeep.Choice):
            return lambda: _flat([self.group(member) for member in source], optional=source.min_occurs == 0)

        def choice() -> Particle:
            # Branches may use one name for one element: only one of them is taken.
            before, after, members = dict(self._tags), dict(self._tags), []
            for member in source:
                self._tags = dict(before)
                members.append(self.group(member))
                after.update(self._tags)
            self._tags = after
            return Choice(members, optional=source.min_occurs == 0)

        return choice

    def _occurring(self, source: Any, build: Callable[[], Particle]) -> Particle:
        if source.max_occurs != "unbounded" and source.max_occurs <= 1:
            particle = build()
            if source.min_occurs == 0 and isinstance(particle, (Group, Choice)) and not particle.optional:
                return Group([particle], optional=True)
            return particle
        outer, self._tags = self._tags, {}
        particle = build()
        self._tags = outer
        alone = (
            particle.members[0] if isinstance(particle, (Group, Choice)) and len(particle.members) == 1 else particle
        )
        if isinstance(alone, Field) and not alone.alternatives:  # one element that repeats: the list is its own
            required = source.min_occurs > 0 and bool(alone.required)
            return Field(
                alone.tag, self._key(alone.tag), alone.codec, required=required, many=True, nillable=alone.nillable
            )
        self._groups += 1
        self.in_order = True
        key = ITEMS if self._groups == 1 else f"{ITEMS}_{self._groups}"
        return Repeat(particle, key, required=source.min_occurs > 0 and bool(particle.required))

    def _key(self, tag: str) -> str:
        key, number = local(tag), 0
        while key in self._tags:
            self.in_order = self.in_order or self._tags[key] == tag
            number += 1
            key = f"{local(tag)}__{number}"
        self._tags[key] = tag
        return key


def _flat(members: Sequence[Particle], *, optional: bool) -> Particle:
    """A sequence in a sequence is one sequence."""
    flat: list[Particle] = []
    for member in members:
        if isinstance(member, Group) and not member.optional:
            flat.extend(member.members)
        else:
            flat.append(member)
    return Group(flat, optional=optional)
