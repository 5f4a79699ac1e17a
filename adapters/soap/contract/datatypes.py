"""Data types (marshmallow schemas declared in YAML) for the types of a contract, under the keys that the codec uses.

Field names are those of the data, so that what is valid may be sent as it is. What the notation of data types cannot say (choices, the contents of
wildcards, facets of dates) is left to the contract's own schema, which every message meets all the same.
"""

from __future__ import annotations

import re
from typing import Any, Final

from adapters.soap.codec import ITEMS, attribute_key
from adapters.soap.content import TEXT, TYPE
from adapters.soap.contract.model import ComplexType, Facets, SimpleType
from adapters.soap.contract.simple import number
from adapters.soap.messages import Contract
from adapters.soap.names import local
from adapters.soap.particles import ANY, Choice, Field, Group, Particle, Repeat, Wildcard
from adapters.soap.wsdl import Content

_INTEGERS: Final = {
    "integer": {},
    "long": {"min": -(2**63), "max": 2**63 - 1},
    "int": {"min": -(2**31), "max": 2**31 - 1},
    "short": {"min": -32768, "max": 32767},
    "byte": {"min": -128, "max": 127},
    "nonNegativeInteger": {"min": 0},
    "positiveInteger": {"min": 1},
    "nonPositiveInteger": {"max": 0},
    "negativeInteger": {"max": -1},
    "unsignedLong": {"min": 0, "max": 2**64 - 1},
    "unsignedInt": {"min": 0, "max": 2**32 - 1},
    "unsignedShort": {"min": 0, "max": 65535},
    "unsignedByte": {"min": 0, "max": 255},
}
_KINDS: Final = {
    "boolean": "boolean",
    "decimal": "decimal",
    "float": "decimal",
    "double": "decimal",
    "date": "date",
    "dateTime": "datetime",
    "base64Binary": "any",
    "hexBinary": "any",
    "anySimpleType": "any",
}


class DataTypes:
    """The types of one document. Not thread-safe."""

    def __init__(self, contract: Contract, document: str) -> None:
        """``document`` is the name that the types are found under: ``stock`` for ``schemas/stock.yaml``."""
        self._contract = contract
        self._schemas = contract.wsdl.schemas
        self.document = document
        self._names: dict[str, str] = {}
        self.types: dict[str, dict[str, Any]] = {}
        """Name -> declaration, in the order in which they were asked for."""

    def message(self, content: Content) -> str:
        """The full name of the type of a message's data; empty if the data is no map with known fields."""
        if content.rpc:
            return self._full(content.type, local(content.tag)) if content.parts else ""
        if len(content.parts) == 1:
            element = content.parts[0].element
            found = self._schemas.type(element.type)
            return self._full(element.type, local(element.tag)) if isinstance(found, ComplexType) else ""
        return ""

    def _full(self, key: str, called: str) -> str:
        found = self._schemas.type(key)
        if not isinstance(found, ComplexType) or found.array:
            return ""
        return f"{self.document}.{self._named(found, called)}"

    def _named(self, found: ComplexType, called: str) -> str:
        """The short name of a complex type, which is declared if it is not yet."""
        known = self._names.get(found.key)
        if known is not None:
            return known
        wanted = re.sub(r"\W", "_", called if "#" in local(found.key) else local(found.key)) or "Type"
        wanted = wanted if wanted[0].isalpha() else f"T{wanted}"
        name, again = wanted, 1
        while name in self.types:
            again += 1
            name = f"{wanted}{again}"
        self._names[found.key] = name
        self.types[name] = {}  # holds the place: types may hold themselves
        self.types[name] = self._declared(found)
        return name

    def _declared(self, found: ComplexType) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        open_ended = found.any_attribute or found.key in self._schemas.derived
        if found.text:
            fields[TEXT] = {**self._of_type(found.text, TEXT), "required": True}
            keys: frozenset[str] = frozenset()
        else:
            particle, _ = self._contract.codecs.content(found)
            keys = particle.keys
            self._members(particle, fields, required=True)
            if found.mixed:
                fields[TEXT] = {"type": "string"}
        for attribute in found.attributes:
            fields[attribute_key(attribute.tag, keys)] = self._with(
                self._of_type(attribute.type, local(attribute.tag)), required=attribute.required, doc=attribute.doc
            )
        if found.key in self._schemas.derived:
            fields[TYPE] = {"type": "string"}
        nameless = [name for name in fields if "." in name]
        made: dict[str, Any] = {"doc": found.doc} if found.doc else {}
        if open_ended or nameless:
            # Attributes of other namespaces, members of derived types, names with dots, which fields cannot have.
            made["unknown"] = "include"
        made["fields"] = {name: spec for name, spec in fields.items() if name not in nameless}
        return made

    def _members(self, particle: Particle, fields: dict[str, Any], *, required: bool) -> None:
        if isinstance(particle, Field):
            needed = required and bool(particle.required)
            for each in (particle, *particle.alternatives):
                fields[each.key] = self._field(each, required=needed)
        elif isinstance(particle, Group):
            for member in particle.members:
                self._members(member, fields, required=required and not particle.optional)
        elif isinstance(particle, Choice):
            for member in particle.members:
                self._members(member, fields, required=False)
        elif isinstance(particle, Wildcard):
            fields[ANY] = {"type": "list", "of": "any"}
        elif isinstance(particle, Repeat):
            inner: dict[str, Any] = {}
            self._members(particle.group, inner, required=True)
            items = {"type": "list", "of": {"type": "nested", "fields": inner}}
            fields[particle.key or ITEMS] = self._with(items, required=required and bool(particle.required))

    def _field(self, field: Field, *, required: bool) -> dict[str, Any]:
        spec = self._of_type(field.codec.key, field.key)
        if field.nillable:
            spec = {**spec, "allow_none": True}
        if field.many:
            spec = {"type": "list", "of": spec if len(spec) > 1 else spec["type"]}
        return self._with(spec, required=required)

    @staticmethod
    def _with(spec: dict[str, Any], *, required: bool, doc: str = "") -> dict[str, Any]:
        made = {**spec, "required": True} if required else spec
        return {**made, "doc": doc} if doc else made

    def _of_type(self, key: str, called: str) -> dict[str, Any]:
        found = self._schemas.type(key)
        if isinstance(found, SimpleType):
            return self._simple(found)
        if isinstance(found, ComplexType) and found.array:
            item = self._of_type(found.array, "item")
            return {"type": "list", "of": item if len(item) > 1 else item["type"]}
        if isinstance(found, ComplexType):
            return {"type": "nested", "of": f"{self.document}.{self._named(found, called)}"}
        return {"type": "any"}

    def _simple(self, found: SimpleType) -> dict[str, Any]:
        if found.members:
            return {"type": "any"}
        if found.item:
            item = self._of_type(found.item, "item")
            return {"type": "list", "of": item if len(item) > 1 else item["type"]}
        facets = found.facets
        if found.builtin in _INTEGERS:
            bounds = {**_INTEGERS[found.builtin], **_range(facets)}
            return {"type": "integer", "range": bounds} if bounds else {"type": "integer"}
        kind = _KINDS.get(found.builtin, "string")
        if kind == "decimal":
            bounds = _range(facets)
            return {"type": kind, "range": bounds} if bounds else {"type": kind}
        if kind != "string":
            return {"type": kind}
        if facets.enums:
            return {"type": "enum", "values": list(facets.enums)}
        return _text(facets)


def _range(facets: Facets) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, key in (
        ("min_inclusive", "min"),
        ("max_inclusive", "max"),
        ("min_exclusive", "above"),
        ("max_exclusive", "below"),
    ):
        bound = number(getattr(facets, name))
        if bound is not None and bound.is_finite():
            whole = bound == bound.to_integral_value()
            found[key] = int(bound) if whole else float(bound)
    for low, other in (("above", "min"), ("below", "max")):
        if low in found:
            found.pop(other, None)
    return found


def _text(facets: Facets) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": "string"}
    if facets.length is not None:
        spec["length"] = facets.length
    else:
        length = {"min": facets.min_length or None, "max": facets.max_length}
        length = {key: value for key, value in length.items() if value is not None}
        if length:
            spec["length"] = length
    if len(facets.patterns) == 1 and _is_regex(facets.patterns[0]):
        spec["regex"] = facets.patterns[0]
    return spec


def _is_regex(pattern: str) -> bool:
    from esb.datatypes.patterns import compile_whole

    if re.search(r"\\[icIC]|\[.*-\[|[\^$]", pattern):  # means something else in XML Schema
        return False
    try:
        compile_whole(pattern)
    except ValueError:  # the contract's own schema checks the pattern
        return False
    return True
