"""The contract's own XML Schema, run by libxml2 over whatever comes in or goes out.

A WSDL's schemas are spread over its ``types`` and over files, several of them for one namespace, and often without the imports that the
specification asks for (zeep and most stacks do not mind). libxml2 takes one document a namespace, so there is one wrapper a namespace here that
includes all of its documents, and each document imports all the namespaces that it uses.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urljoin
from xml.sax.saxutils import quoteattr

import esb.xml
from adapters.soap.loader import SchemaDocument
from adapters.soap.names import XSD, local, namespace
from adapters.soap.wsdl import Content, Wsdl
from esb.errors import ConfigError, Position, ValidationFailed

Element = Any  # lxml's stubs do not know that it hands out text

_IMPORT: Final = f"{{{XSD}}}import"
_INCLUDE: Final = f"{{{XSD}}}include"
_REDEFINE: Final = f"{{{XSD}}}redefine"
_SUBJECT: Final = re.compile(r"^Element '[^']*'(?:, attribute '([^']*)')?: ")
_STEP: Final = re.compile(r"/(\*|[^/\[]+)(?:\[(\d+)\])?")


class Validator:
    """Checks elements against the WSDL's schemas and the wrappers of its rpc operations. Thread-safe: one at a time."""

    def __init__(self, wsdl: Wsdl) -> None:
        """Compile. Raises :class:`~esb.errors.ConfigError` for schemas that libxml2 refuses."""
        wrappers = [
            content
            for port in wsdl.ports
            for operation in port.operations.values()
            for content in (operation.input, operation.output)
            if content is not None and content.rpc and not operation.encoded
        ]
        try:
            self._schema = esb.xml.schema(_Closure(wsdl.schemas, wrappers).documents, "esb:/start")
        except ConfigError as exc:
            raise ConfigError(
                exc.message,
                Position(str(wsdl.path)),
                "correct the schema (xmllint shows the same errors)",
            ) from exc
        # lxml keeps the errors of a run in the schema object, so two threads must not be in it together; a run takes microseconds.
        self._lock = threading.Lock()

    def check(self, element: Element, subject: str) -> None:
        """Raise :class:`~esb.errors.ValidationFailed` with a report (path, message) if the element breaks the schema."""
        with self._lock:
            if self._schema.validate(element):
                return
            errors = [(entry.path, entry.message) for entry in self._schema.error_log]  # type: ignore[attr-defined]  # the stubs' lack
        report = [
            {"path": _path(element, path, message), "message": _SUBJECT.sub("", message)}
            for path, message in errors[:50]
        ]
        told = "; ".join(f"{entry['path']}: {entry['message']}" for entry in report[:3])
        more = f" (and {len(errors) - 3} more)" if len(errors) > 3 else ""
        raise ValidationFailed(f"{subject} breaks its schema: {told}{more}", report)


class _Closure:
    """The documents libxml2 may see: wrappers by namespace, and every schema with its references rewritten to them."""

    def __init__(self, schemas: Iterable[SchemaDocument], rpc: Sequence[Content]) -> None:
        self.documents: dict[str, bytes] = {}
        self._schemas = _distinct(schemas)
        self._by_location = {each.location: number for number, each in enumerate(self._schemas) if not each.inline}
        included = self._included()
        namespaces: dict[str, list[str]] = {}
        for number, each in enumerate(self._schemas):
            if number not in included:
                namespaces.setdefault(each.root.get("targetNamespace", ""), []).append(f"esb:/doc/{number}")
        for target in {namespace(content.tag) for content in rpc}:
            namespaces.setdefault(target, [])
        self._addresses = {target: f"esb:/ns/{number}" for number, target in enumerate(namespaces)}
        for number, each in enumerate(self._schemas):
            self.documents[f"esb:/doc/{number}"] = self._rewritten(each)
        for target, addresses in namespaces.items():
            includes = "".join(f'<xs:include schemaLocation="{address}"/>' for address in addresses)
            wrappers = self._wrappers(target, [content for content in rpc if namespace(content.tag) == target])
            self._add(self._addresses[target], target, includes + wrappers)
        imports = "".join(_import(target, address) for target, address in self._addresses.items() if target)
        nameless = f'<xs:include schemaLocation="{self._addresses[""]}"/>' if "" in self._addresses else ""
        self._add("esb:/start", "", nameless + imports)

    def _add(self, address: str, target: str, content: str) -> None:
        named = f" targetNamespace={quoteattr(target)}" if target else ""
        self.documents[address] = f'<xs:schema xmlns:xs="{XSD}"{named}>{content}</xs:schema>'.encode()

    def _included(self) -> set[int]:
        """Documents that others redefine or that take their namespace from those that include them: not to be compiled by themselves."""
        found = set()
        for each in self._schemas:
            for node in each.root.iterchildren(_INCLUDE, _REDEFINE):
                number = self._find(each, node.get("schemaLocation", ""))
                if number is not None and (
                    node.tag == _REDEFINE or not self._schemas[number].root.get("targetNamespace")
                ):
                    found.add(number)
        return found

    def _find(self, where: SchemaDocument, location: str) -> int | None:
        for candidate in (beside(where.location, location), location):
            if candidate in self._by_location:
                return self._by_location[candidate]
        return None

    def _rewritten(self, document: SchemaDocument) -> bytes:
        from lxml import etree

        # Through bytes: what is inherited from the WSDL (prefixes) is written out with an inline schema.
        root = etree.fromstring(esb.xml.serialize(document.root))
        target = root.get("targetNamespace", "")
        for node in list(root.iterchildren(_IMPORT)):
            root.remove(node)
        for node in list(root.iterchildren(_INCLUDE, _REDEFINE)):
            number = self._find(document, node.get("schemaLocation", ""))
            if number is None or (node.tag == _INCLUDE and self._schemas[number].root.get("targetNamespace")):
                root.remove(node)  # the wrapper of the namespace includes it
            else:
                node.set("schemaLocation", f"esb:/doc/{number}")
        used = {uri for node in root.iter(etree.Element) for uri in node.nsmap.values()}
        chameleon = not target
        for uri, address in self._addresses.items():
            if uri != target and (uri in used or (not uri and not chameleon)):
                node = etree.Element(_IMPORT, schemaLocation=address)
                if uri:
                    node.set("namespace", uri)
                root.insert(0, node)
        return etree.tostring(root, encoding="utf-8")

    def _wrappers(self, target: str, rpc: Sequence[Content]) -> str:
        """Elements for rpc messages: SOAP's wrapper with an unqualified child a part (WSDL 1.1 section 3.5)."""
        told = []
        imported: set[str] = set()
        for tag, content in {content.tag: content for content in rpc}.items():
            parts = "".join(self._part(part, imported) for part in content.parts)
            told.append(
                f'<xs:element name="{local(tag)}"><xs:complexType><xs:sequence>{parts}</xs:sequence><xs:anyAttribute namespace="##other" '
                f'processContents="skip"/></xs:complexType></xs:element>'
            )
        known = self._addresses
        imports = "".join(_import(uri, known[uri]) for uri in sorted(imported - {target}) if uri in known)
        return imports + "".join(told)

    def _part(self, part: Any, imported: set[str]) -> str:
        element = part.schema
        name = part.tag if element.is_global else element.type.qname.text
        imported.add(namespace(name))
        prefixed = f"p:{local(name)}" if namespace(name) else local(name)
        prefix = f" xmlns:p={quoteattr(namespace(name))}" if namespace(name) else ""
        if element.is_global:
            return f'<xs:element{prefix} ref="{prefixed}"/>'
        return f'<xs:element{prefix} form="unqualified" name="{local(part.tag)}" type="{prefixed}" nillable="true"/>'


def _distinct(schemas: Iterable[SchemaDocument]) -> list[SchemaDocument]:
    """Without the copies of one schema that several documents carry."""
    seen: dict[bytes, SchemaDocument] = {}
    for each in schemas:
        seen.setdefault(esb.xml.serialize(each.root), each)
    return list(seen.values())


def beside(location: str, address: str) -> str:
    """``address`` as it is meant in a document at ``location``; the same form that zeep asks the loader for."""
    from zeep.loader import absolute_location

    if location.startswith(("http:", "https:")):
        return urljoin(location, address)
    return str(absolute_location(address, location))  # type: ignore[no-untyped-call]  # zeep types only some of its functions


def _import(target: str, address: str) -> str:
    named = f" namespace={quoteattr(target)}" if target else ""
    return f"<xs:import{named} schemaLocation={quoteattr(address)}/>"


def _path(root: Element, path: str, message: str) -> str:
    """libxml2's path (with ``*`` for elements in a default namespace) in the names of the document."""
    node, steps = root, [local(root.tag)]
    for name, index in _STEP.findall(path)[1:]:
        wanted = name.rpartition(":")[2]
        children = [child for child in node if name == "*" or local(child.tag) == wanted]
        position = int(index or 1) - 1
        if position >= len(children):
            break
        node = children[position]
        same = [child for child in node.getparent() if child.tag == node.tag]
        steps.append(local(node.tag) + (f"[{same.index(node) + 1}]" if len(same) > 1 else ""))
    attribute = _SUBJECT.match(message)
    if attribute and attribute[1]:
        steps.append("@" + local(attribute[1]))
    return "/" + "/".join(steps)
