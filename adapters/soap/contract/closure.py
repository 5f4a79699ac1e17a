"""The schemas of a contract in the form that libxml2 takes: a closed set of documents that refer only to each other.

A WSDL's schemas are spread over its ``types`` and over files, several of them for one namespace, and often without the imports that the
specification asks for (most stacks do not mind). libxml2 takes one document a namespace, so there is one wrapper a namespace here that
includes all of its documents, and each document imports all the namespaces that it uses. What no document declares has a stub of any content, so
that one missing document does not switch off the validation of the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import esb.xml
from adapters.soap.loader import SchemaDocument, beside
from adapters.soap.names import ENCODING_11, XML, XSD, local, namespace
from adapters.soap.wsdl import Content, Part

Element = Any  # lxml's stubs do not know that it hands out text

START: Final = "esb:/start"

_IMPORT: Final = f"{{{XSD}}}import"
_INCLUDE: Final = f"{{{XSD}}}include"
_REDEFINE: Final = f"{{{XSD}}}redefine"
_NOTES: Final = f"{{{XSD}}}annotation"
_STUBS: Final = {
    "type": '<xs:complexType name="{0}" mixed="true"><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence>'
    '<xs:anyAttribute processContents="lax"/></xs:complexType>',
    # Any content would not let those that extend it add theirs.
    "base": '<xs:complexType name="{0}"><xs:anyAttribute processContents="lax"/></xs:complexType>',
    "element": '<xs:element name="{0}"/>',
    "group": '<xs:group name="{0}"><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence></xs:group>',
    "attribute": '<xs:attribute name="{0}"/>',
    "attribute group": '<xs:attributeGroup name="{0}"><xs:anyAttribute processContents="lax"/></xs:attributeGroup>',
}


def closure(
    schemas: Iterable[SchemaDocument], contents: Sequence[Content], missing: Iterable[tuple[str, str]] = ()
) -> Mapping[str, bytes]:
    """The documents by address, to begin with :data:`START`.

    ``contents`` are the messages, some of which need elements that no schema declares; ``missing`` are kinds and names without a declaration.
    """
    return _Closure(schemas, contents, missing).documents


class _Closure:
    def __init__(
        self, schemas: Iterable[SchemaDocument], contents: Sequence[Content], missing: Iterable[tuple[str, str]]
    ) -> None:
        rpc = [content for content in contents if content.rpc]
        # Document style with types in place of elements, which WS-I forbids: stacks send an element named after the part.
        loose = {
            part.tag: part for content in contents if not content.rpc for part in content.parts if not part.element.glob
        }
        self.documents: dict[str, bytes] = {}
        self._schemas = _distinct(schemas)
        self._by_location = {
            (each.location, each.target): number for number, each in enumerate(self._schemas) if not each.inline
        }
        included = self._included()
        namespaces: dict[str, list[str]] = {}
        for number, each in enumerate(self._schemas):
            if number not in included:
                namespaces.setdefault(each.target, []).append(f"esb:/doc/{number}")
        stubs: dict[str, str] = {}
        for kind, name in missing:
            if namespace(name) != XSD:
                stubs[namespace(name)] = stubs.get(namespace(name), "") + _STUBS[kind].format(local(name))
        for target in {namespace(content.tag) for content in rpc} | set(stubs) | ({""} if loose else set()):
            namespaces.setdefault(target, [])
        self._addresses = {target: f"esb:/ns/{number}" for number, target in enumerate(namespaces)}
        for number, each in enumerate(self._schemas):
            self.documents[f"esb:/doc/{number}"] = self._rewritten(each)
        for target, addresses in namespaces.items():
            includes = "".join(f'<xs:include schemaLocation="{address}"/>' for address in addresses)
            mine = [content for content in rpc if namespace(content.tag) == target]
            imports, wrappers = self._wrappers(target, mine, loose.values() if not target else ())
            self._add(self._addresses[target], target, includes + imports + stubs.get(target, "") + wrappers)
        imports = "".join(_import(target, address) for target, address in self._addresses.items() if target)
        nameless = f'<xs:include schemaLocation="{self._addresses[""]}"/>' if "" in self._addresses else ""
        self._add(START, "", nameless + imports)

    def _add(self, address: str, target: str, content: str) -> None:
        named = f" targetNamespace={quoteattr(target)}" if target else ""
        self.documents[address] = f'<xs:schema xmlns:xs="{XSD}"{named}>{content}</xs:schema>'.encode()

    def _included(self) -> set[int]:
        """Documents that others redefine: not to be compiled by themselves."""
        found = set()
        for each in self._schemas:
            for node in each.root.iterchildren(_REDEFINE):
                number = self._find(each, node.get("schemaLocation", ""))
                if number is not None:
                    found.add(number)
        return found

    def _find(self, where: SchemaDocument, location: str) -> int | None:
        return self._by_location.get((beside(where.location, location), where.target))

    def _rewritten(self, document: SchemaDocument) -> bytes:
        from lxml import etree

        # Through bytes: what is inherited from the WSDL (prefixes) is written out with an inline schema.
        root = etree.fromstring(esb.xml.serialize(document.root))
        own = root.get("targetNamespace", "")
        for node in list(root.iterchildren(_IMPORT)):
            root.remove(node)
        for node in list(root.iter(_NOTES)):
            parent = node.getparent()
            if parent is not None:
                parent.remove(node)
        for node in list(root.iterchildren(_INCLUDE, _REDEFINE)):
            number = self._find(document, node.get("schemaLocation", ""))
            if number is None or node.tag == _INCLUDE:
                root.remove(node)  # the wrapper of the namespace includes it
            else:
                node.set("schemaLocation", f"esb:/doc/{number}")
        _amend(root)
        used = {uri for node in root.iter(etree.Element) for uri in node.nsmap.values()}
        if any(
            (node.get("ref") or "").startswith("xml:")
            for node in root.iter(f"{{{XSD}}}attribute", f"{{{XSD}}}attributeGroup")
        ):
            used.add(XML)  # its prefix is declared nowhere, being bound by definition
        for uri, address in self._addresses.items():
            if uri != document.target and (uri in used or (not uri and bool(own))):
                node = etree.Element(_IMPORT, schemaLocation=address)
                if uri:
                    node.set("namespace", uri)
                root.insert(0, node)
        return etree.tostring(root, encoding="utf-8")

    def _wrappers(self, target: str, rpc: Sequence[Content], loose: Iterable[Part]) -> tuple[str, str]:
        """Elements for rpc messages: SOAP's wrapper with an unqualified child a part (WSDL 1.1 section 3.5)."""
        imported: set[str] = set()
        told = [self._part(part, imported).replace(' form="unqualified"', "") for part in loose]
        for tag, content in {content.checked_as or content.tag: content for content in rpc}.items():
            parts = "".join(self._part(part, imported) for part in content.parts)
            told.append(
                f'<xs:element name="{local(tag)}"><xs:complexType><xs:sequence>{parts}</xs:sequence><xs:anyAttribute namespace="##other" '
                f'processContents="skip"/></xs:complexType></xs:element>'
            )
        known = self._addresses
        imports = "".join(_import(uri, known[uri]) for uri in sorted(imported - {target}) if uri in known)
        return imports, "".join(told)

    def _part(self, part: Part, imported: set[str]) -> str:
        element = part.element
        name = part.tag if element.glob else element.type
        imported.add(namespace(name))
        prefixed = f"p:{local(name)}" if namespace(name) else local(name)
        prefix = f" xmlns:p={quoteattr(namespace(name))}" if namespace(name) else ""
        if element.glob:
            return f'<xs:element{prefix} ref="{prefixed}"/>'
        return f'<xs:element{prefix} form="unqualified" name="{local(part.tag)}" type="{prefixed}" nillable="true"/>'


def _amend(root: Element) -> None:
    """Change what libxml2 takes by the letter and nobody means so."""
    for node in root.iter(f"{{{XSD}}}restriction"):
        _let_members_in(node)
    for node in list(root.iter(f"{{{XSD}}}element")):
        if (ref := node.get("ref")) and node.nsmap.get(ref.rpartition(":")[0] or None) == XSD:
            _let_schemas_in(node)


def _let_members_in(restriction: Element) -> None:
    """An array of the SOAP encoding that says its members' type only (WSDL 1.1 section 2.2): by the letter it would be empty."""
    prefix, _, name = (restriction.get("base") or "").rpartition(":")
    if name != "Array" or restriction.nsmap.get(prefix or None) != ENCODING_11:
        return
    if all(local(child.tag) in {"attribute", "attributeGroup", "anyAttribute"} for child in restriction):
        inside = f'<s:sequence xmlns:s="{XSD}"><s:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></s:sequence>'
        restriction.insert(0, esb.xml.parse(inside))


def _let_schemas_in(node: Element) -> None:
    """An element that is a schema itself (ADO.NET's data sets): any content, since there is no schema of schemas here.

    Beside it stands a wildcard for the data, which that schema describes and none of the contract's: it cannot be meant as strict as it is.
    """
    for other in node.getparent().iterchildren(f"{{{XSD}}}any"):
        if not other.get("processContents"):
            other.set("processContents", "lax")
    for name in ("ref", "name", "type"):
        node.attrib.pop(name, None)
    node.tag = f"{{{XSD}}}any"
    node.set("namespace", XSD)
    node.set("processContents", "skip")


def _distinct(schemas: Iterable[SchemaDocument]) -> list[SchemaDocument]:
    """Without the copies of one schema that several documents carry."""
    seen: dict[tuple[bytes, str], SchemaDocument] = {}
    for each in schemas:
        seen.setdefault((esb.xml.serialize(each.root), each.target), each)
    return list(seen.values())


def _import(target: str, address: str) -> str:
    named = f" namespace={quoteattr(target)}" if target else ""
    return f"<xs:import{named} schemaLocation={quoteattr(address)}/>"
