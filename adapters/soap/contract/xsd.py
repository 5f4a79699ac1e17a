"""XML Schema documents to records: every global element and type, with references resolved and bases filled in.

What no schema declares is noted and stands for any content, so that one missing import does not hide the rest; libxml2, which runs the same schemas
over each message, says what is wrong with a schema. Source: XML Schema 1.0 part 1, sections 3.3 to 3.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any as AnyNode
from typing import Final

from adapters.soap.contract.declared import ORIGINAL, Declarations, Declared, Scope, documentation, plain
from adapters.soap.contract.model import (
    ANY_TYPE,
    ARRAY,
    UNBOUNDED,
    Any,
    Attribute,
    ComplexType,
    Element,
    Group,
    Particle,
    Schemas,
    SimpleType,
    is_builtin,
)
from adapters.soap.contract.simple import STRING, restricted, simple_type
from adapters.soap.names import ENCODING_11, ENCODING_12, WSDL, XSD, local, namespace

Node = AnyNode  # lxml's stubs do not know that it hands out text

_GROUPS: Final = frozenset({"sequence", "choice", "all"})
_ARRAYS: Final = frozenset({f"{{{ENCODING_11}}}Array", f"{{{ENCODING_12}}}Array"})
_ANY_SIMPLE: Final = f"{{{XSD}}}anySimpleType"
_ANYTHING: Final = ComplexType(
    ANY_TYPE, mixed=True, content=Group("sequence", (Any(0, UNBOUNDED),)), any_attribute=True
)


class Reader:
    """Makes records of declarations. Used once, by one thread."""

    def __init__(self, declarations: Declarations) -> None:
        self._declared = declarations
        self.types: dict[str, SimpleType | ComplexType] = {}
        self.elements: dict[str, Element] = {}
        self.attributes: dict[str, Attribute] = {}
        self._building: set[str] = set()
        self._groups: set[str] = set()
        self._anonymous: dict[str, Node] = {}

    def read(self) -> Schemas:
        """All that the declarations hold."""
        for kind, name in list(self._declared.found):
            if kind == "type" and ORIGINAL not in name:
                self.type(name)
            elif kind == "element" and ORIGINAL not in name:
                self.element(name)
            elif kind == "attribute":
                self.attribute(name)
        heads: dict[str, list[str]] = {}
        for (kind, name), declared in self._declared.found.items():
            if kind == "element" and (head := declared.node.get("substitutionGroup")):
                heads.setdefault(declared.scope.name(declared.node, head), []).append(name)
        derived = frozenset(each.base for each in self.types.values() if isinstance(each, ComplexType) and each.base)
        return Schemas(
            self.elements,
            self.types,
            self.attributes,
            {
                head: tuple(name for name in _members(head, heads, set()) if not self.elements[name].abstract)
                for head in heads
            },
            derived,
        )

    # Types

    def type(self, key: str) -> SimpleType | ComplexType | None:
        """The type of a name; None if it is nowhere or contains itself as its base."""
        if key in self.types:
            return self.types[key]
        if is_builtin(key):
            return _ANYTHING if key == ANY_TYPE else SimpleType(key, local(key))
        declared = self._declared.find("type", key)
        if declared is None or key in self._building:
            return None
        return self._make(declared.node, declared.scope, key)

    def _make(self, node: Node, scope: Scope, key: str) -> SimpleType | ComplexType:
        self._building.add(key)
        # A group that holds itself is endless, but not within the type of an element in it.
        groups, self._groups = self._groups, set()
        simple = local(node.tag) == "simpleType"
        made = simple_type(node, scope, key, self._simple, self._nested) if simple else self._complex(node, scope, key)
        self._groups = groups
        self._building.discard(key)
        self.types[key] = made
        return made

    def _nested(self, node: Node, scope: Scope, key: str) -> str:
        """The key of a type without a name: one of its own, but the same wherever the group that it stands in is used."""
        number, unique = 1, key
        while unique in self.types or unique in self._building:
            if self._anonymous.get(unique) is node:
                return unique
            number += 1
            unique = f"{key}~{number}"
        self._anonymous[unique] = node
        self._make(node, scope, unique)
        return unique

    def _simple(self, key: str) -> SimpleType | None:
        found = self.type(key) if key else None
        if isinstance(found, ComplexType):
            found = self._simple(found.text)
        return found

    def _complex(self, node: Node, scope: Scope, key: str) -> ComplexType:
        doc, abstract = documentation(node), _true(node.get("abstract"))
        mixed = _true(node.get("mixed"))
        for child in plain(node):
            kind = local(child.tag)
            if kind in {"simpleContent", "complexContent"}:
                derivation = next(iter(plain(child)), None)
                if derivation is None:
                    break
                mixed = _true(child.get("mixed")) if child.get("mixed") else mixed
                base_key = scope.name(derivation, derivation.get("base") or "")
                if base_key == key:
                    base_key += ORIGINAL
                restricts = local(derivation.tag) == "restriction"
                if kind == "simpleContent":
                    return self._text(derivation, scope, ComplexType(key, base_key, restricts, abstract, doc=doc))
                return self._derived(derivation, scope, ComplexType(key, base_key, restricts, abstract, mixed, doc=doc))
        attributes, wild = self._attributes(node, scope, key)
        return ComplexType(
            key,
            abstract=abstract,
            mixed=mixed,
            content=self._content(node, scope, key),
            attributes=tuple(attributes.values()),
            any_attribute=wild,
            doc=doc,
        )

    def _text(self, node: Node, scope: Scope, head: ComplexType) -> ComplexType:
        base = self.type(head.base)
        text = base.text if isinstance(base, ComplexType) else head.base if base is not None else STRING
        inner = [child for child in plain(node) if local(child.tag) == "simpleType"]
        if inner:
            text = self._nested(inner[0], scope, f"{head.key}#text")
        if head.restricts and any(child.get("value") is not None for child in plain(node)):
            key = f"{head.key}#text~facets"
            self.types[key] = restricted(node, key, self._simple(text), text)
            text = key
        attributes, wild = self._inherited(node, scope, head)
        return ComplexType(
            head.key,
            head.base if isinstance(base, ComplexType) else "",
            head.restricts,
            head.abstract,
            text=text or STRING,
            attributes=attributes,
            any_attribute=wild,
            doc=head.doc,
        )

    def _derived(self, node: Node, scope: Scope, head: ComplexType) -> ComplexType:
        base = self.type(head.base)
        if base is None and head.base not in self._building:
            self._declared.lacks_base(head.base)
        own = self._content(node, scope, head.key)
        content, mixed = own, head.mixed
        array = self._array(node, scope, head)
        if not head.restricts and isinstance(base, ComplexType):
            # Each in a sequence of its own, so that the occurrences of both stay.
            both = tuple(each for each in (base.content, own) if each is not None)
            content = Group("sequence", both) if len(both) > 1 else next(iter(both), None)
            mixed = mixed or base.mixed
        elif array and own is None and isinstance(base, ComplexType):
            content = base.content
        attributes, wild = self._inherited(node, scope, head)
        text = base.text if isinstance(base, ComplexType) and not head.restricts else ""
        named = "" if head.base == ANY_TYPE or head.base.endswith(ORIGINAL) else head.base
        return ComplexType(
            head.key, named, head.restricts, head.abstract, mixed, content, text, attributes, wild, array, head.doc
        )

    def _array(self, node: Node, scope: Scope, head: ComplexType) -> str:
        """The type of the members of an array in the SOAP encoding (WSDL 1.1 section 2.2)."""
        base = self.types.get(head.base)
        if head.base not in _ARRAYS and not (isinstance(base, ComplexType) and base.array):
            return ""
        for attribute in node.iter(f"{{{XSD}}}attribute"):
            written = attribute.get(f"{{{WSDL}}}arrayType")
            if written:
                name, _, dimensions = written.partition("[")
                item = scope.name(attribute, name)
                for _ in range(dimensions.count("[")):  # an array of arrays
                    inner, item = item, f"{item}{ARRAY}"
                    self.types[item] = ComplexType(item, array=inner)
                return item
            item = attribute.get("ref") and attribute.get("fixed")
            if item and local(scope.name(attribute, attribute.get("ref"))) == "itemType":
                return scope.name(attribute, item)
        items = [child for child in node.iter(f"{{{XSD}}}element") if child.get("type")]
        if len(items) == 1:
            return scope.name(items[0], items[0].get("type"))
        return base.array if isinstance(base, ComplexType) and base.array else ANY_TYPE

    # Content

    def _content(self, node: Node, scope: Scope, owner: str) -> Group | None:
        for child in plain(node):
            if local(child.tag) in _GROUPS or local(child.tag) == "group":
                made = self._particle(child, scope, owner)
                if isinstance(made, Group):
                    return (
                        made
                        if made.kind == "sequence" and (made.min, made.max) == (1, 1)
                        else Group("sequence", (made,))
                    )
        return None

    def _particle(self, node: Node, scope: Scope, owner: str) -> Particle | None:
        kind = local(node.tag)
        low, high = _occurs(node)
        if high == 0:
            return None
        if kind == "element":
            return self._local_element(node, scope, owner, low, high)
        if kind == "any":
            return Any(low, high, node.get("namespace") or "##any")
        if kind == "group":
            return self._group(node, scope, low, high)
        if kind not in _GROUPS:
            return None
        items = tuple(made for child in plain(node) if (made := self._particle(child, scope, owner)) is not None)
        return Group(kind, items, low, high)

    def _group(self, node: Node, scope: Scope, low: int, high: int) -> Particle | None:
        name = self._original("group", scope.name(node, node.get("ref") or ""))
        declared = self._declared.find("group", name)
        if declared is None:
            return Any(0, UNBOUNDED)
        if name in self._groups:
            return None
        self._groups.add(name)
        made = self._content(declared.node, declared.scope, f"{name}#group")
        self._groups.discard(name)
        if made is None:
            return None
        return made if (low, high) == (1, 1) else Group("sequence", (made,), low, high)

    def _original(self, kind: str, name: str) -> str:
        """The name of a group; within its own ``xs:redefine`` it means what it was before."""
        before = f"{name}{ORIGINAL}"
        return before if name in self._groups and (kind, before) in self._declared.found else name

    def _local_element(self, node: Node, scope: Scope, owner: str, low: int, high: int) -> Particle:
        if ref := node.get("ref"):
            name = scope.name(node, ref)
            if namespace(name) == XSD:  # an ADO.NET data set carries its own schema
                return Any(low, high, XSD)
            head = self.element(name) or Element(name, ANY_TYPE)
            return Element(
                name,
                head.type,
                low,
                high,
                head.nillable,
                head.default,
                head.fixed,
                True,
                head.abstract,
                documentation(node) or head.doc,
            )
        name = (node.get("name") or "").strip()
        form = node.get("form")
        qualified = form == "qualified" if form else scope.elements_qualified
        tag = scope.own(name, qualified=qualified)
        return self._element(
            Declared(node, scope), tag, f"{owner}{'/' if '#' in local(owner) else '#'}{name}", low, high
        )

    def declares(self, name: str) -> bool:
        """Whether there is a global element of a name. Unlike :meth:`element` this does not note that it is missing."""
        return ("element", name) in self._declared.found

    def element(self, name: str) -> Element | None:
        """The global element of a name; None if it is nowhere."""
        if name not in self.elements:
            declared = self._declared.find("element", name)
            if declared is None:
                return None
            # Known before its content is read, which may refer to it.
            begun = Element(
                name, self._type_name(declared, name), glob=True, nillable=_true(declared.node.get("nillable"))
            )
            self.elements[name] = begun
            made = self._element(declared, name, f"{name}#", glob=True)
            self.elements[name] = made
        return self.elements[name]

    def _type_name(self, declared: Declared, name: str) -> str:
        node = declared.node
        if node.get("type"):
            return declared.scope.name(node, node.get("type"))
        inner = any(local(child.tag) in {"simpleType", "complexType"} for child in plain(node))
        return f"{name}#" if inner else ANY_TYPE

    def _element(
        self, declared: Declared, tag: str, key: str, low: int = 1, high: int = 1, *, glob: bool = False
    ) -> Element:
        node, scope = declared.node, declared.scope
        named = node.get("type")
        if named:
            type_key = scope.name(node, named)
            if not is_builtin(type_key):
                self.type(type_key)
        else:
            inner = next((child for child in plain(node) if local(child.tag) in {"simpleType", "complexType"}), None)
            type_key = self._nested(inner, scope, key) if inner is not None else ANY_TYPE
            if inner is None and (head := node.get("substitutionGroup")):
                found = self.element(scope.name(node, head))
                type_key = found.type if found is not None else ANY_TYPE
        return Element(
            tag,
            type_key,
            low,
            high,
            _true(node.get("nillable")),
            node.get("default"),
            node.get("fixed"),
            glob,
            _true(node.get("abstract")),
            documentation(node),
        )

    # Attributes

    def _inherited(self, node: Node, scope: Scope, head: ComplexType) -> tuple[tuple[Attribute, ...], bool]:
        """The attributes of the base with those of the derivation, which may change or prohibit some."""
        base = self.type(head.base)
        found: dict[str, Attribute] = {}
        wild = False
        if isinstance(base, ComplexType) and base is not _ANYTHING:
            found = {each.tag: each for each in base.attributes}
            wild = base.any_attribute and not head.restricts
        own, own_wild = self._attributes(node, scope, head.key)
        found |= own
        for child in node.iterchildren(f"{{{XSD}}}attribute"):
            if child.get("use") == "prohibited":
                name = scope.name(child, child.get("ref")) if child.get("ref") else self._attribute_tag(child, scope)
                found.pop(name, None)
        return tuple(found.values()), wild or own_wild

    def _attributes(self, node: Node, scope: Scope, owner: str) -> tuple[dict[str, Attribute], bool]:
        found: dict[str, Attribute] = {}
        wild = False
        for child in plain(node):
            kind = local(child.tag)
            if kind == "anyAttribute":
                wild = True
            elif kind == "attribute" and child.get("use") != "prohibited":
                made = self._attribute(child, scope, owner)
                found[made.tag] = made
            elif kind == "attributeGroup":
                name = self._original("attribute group", scope.name(child, child.get("ref") or ""))
                declared = self._declared.find("attribute group", name)
                if declared is not None and name not in self._groups:
                    self._groups.add(name)
                    more, more_wild = self._attributes(declared.node, declared.scope, f"{name}#attributes")
                    self._groups.discard(name)
                    found |= more
                    wild = wild or more_wild
        return found, wild

    def _attribute(self, node: Node, scope: Scope, owner: str) -> Attribute:
        required = node.get("use") == "required"
        if ref := node.get("ref"):
            name = scope.name(node, ref)
            known = self.attribute(name)
            kind = known.type if known is not None else _ANY_SIMPLE
            default = node.get("default") or (known.default if known is not None else None)
            fixed = node.get("fixed") or (known.fixed if known is not None else None)
            return Attribute(name, kind, required, default, fixed, documentation(node))
        tag = self._attribute_tag(node, scope)
        inner = next((child for child in plain(node) if local(child.tag) == "simpleType"), None)
        if node.get("type"):
            kind = scope.name(node, node.get("type"))
            if not is_builtin(kind):
                self.type(kind)
        elif inner is not None:
            kind = self._nested(inner, scope, f"{owner}{'/' if '#' in local(owner) else '#'}@{local(tag)}")
        else:
            kind = _ANY_SIMPLE
        return Attribute(tag, kind, required, node.get("default"), node.get("fixed"), documentation(node))

    def _attribute_tag(self, node: Node, scope: Scope) -> str:
        form = node.get("form")
        qualified = form == "qualified" if form else scope.attributes_qualified
        return scope.own((node.get("name") or "").strip(), qualified=qualified)

    def attribute(self, name: str) -> Attribute | None:
        """The global attribute of a name; None if it is nowhere."""
        if name not in self.attributes:
            declared = self._declared.find("attribute", name)
            if declared is None:
                return None
            made = self._attribute(declared.node, declared.scope, f"{name}#")
            self.attributes[name] = Attribute(name, made.type, made.required, made.default, made.fixed, made.doc)
        return self.attributes[name]


def _occurs(node: Node) -> tuple[int, int]:
    low, high = node.get("minOccurs") or "1", (node.get("maxOccurs") or "1").strip()
    try:
        return int(low), UNBOUNDED if high == "unbounded" else int(high)
    except ValueError:
        return 1, 1


def _true(text: str | None) -> bool:
    return text is not None and text.strip() in {"true", "1"}


def _members(head: str, heads: dict[str, list[str]], seen: set[str]) -> Iterator[str]:
    for name in heads.get(head, ()):
        if name not in seen:
            seen.add(name)
            yield name
            yield from _members(name, heads, seen)
