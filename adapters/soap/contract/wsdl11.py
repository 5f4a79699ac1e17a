"""WSDL 1.1 to the model: services and their ports, bindings to SOAP, messages and their parts.

What is referred to and not there is noted with the operation that needs it, never a reason to refuse the rest. A WSDL without a service (its author
gives the address elsewhere) has its bindings as ports. Source: WSDL 1.1 sections 2 and 3, WS-I Basic Profile 1.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from adapters.soap.contract.model import ANY_TYPE, ComplexType, Element, Group
from adapters.soap.contract.xsd import Reader
from adapters.soap.names import BINDING_11, BINDING_12, WSDL, local, namespace, resolve
from adapters.soap.wsdl import Content, Operation, Part, Port

Node = Any  # lxml's stubs do not know that it hands out text

_VERSIONS: Final = {BINDING_11: "1.1", BINDING_12: "1.2"}
_MIME: Final = "http://schemas.xmlsoap.org/wsdl/mime/"


class Definitions:
    """The definitions of a WSDL and of those that it imports. Used once, by one thread."""

    def __init__(self, documents: Mapping[str, Node], reader: Reader, hint: str = "") -> None:
        """``hint`` is added to what makes an operation unusable: where the rest of the contract may be had."""
        self.hint = hint
        self.reader = reader
        self._found: dict[tuple[str, str], Node] = {}
        self._abstract: dict[Node, dict[str, list[Node]]] = {}
        self.notes: list[str] = []
        self._services: list[Node] = []
        for root in documents.values():
            if root.tag != f"{{{WSDL}}}definitions":
                continue
            target = root.get("targetNamespace", "")
            for node in root:
                kind, name = local(node.tag), node.get("name")
                if namespace(node.tag) == WSDL and name:
                    self._found.setdefault((kind, f"{{{target}}}{name}" if target else name), node)
                    if kind == "service":
                        self._services.append(node)

    def ports(self) -> tuple[Port, ...]:
        """Every port with a SOAP binding."""
        made: list[Port] = []
        for service in self._services:
            for port in service.iterfind(f"{{{WSDL}}}port"):
                made += self._port(service, port)
        if not made:
            for (kind, _), binding in list(self._found.items()):
                if kind == "binding" and (soap := _soap_of(binding)):
                    self.notes.append(
                        f"no service has a port for the binding {binding.get('name')}, which stands for one without an address"
                    )
                    made.append(Port(binding.get("name"), "", soap, "", self._operations(binding, soap)))
        if not made and not self.notes:
            self.notes.append("there is no service and no SOAP binding in it")
        return tuple(made)

    def find(self, kind: str, node: Node, written: str) -> Node | None:
        """A definition by the name in an attribute. Without a namespace of its own a name is often meant in the target namespace."""
        name = resolve(node, written)
        root = node.getroottree().getroot()
        candidates = [
            name,
            f"{{{root.get('targetNamespace', '')}}}{local(name)}" if ":" not in written else name,
            local(name),
        ]
        for each in candidates:
            if (kind, each) in self._found:
                return self._found[kind, each]
        # A prefix that means another namespace, as hand-written and cut-down WSDLs have: what else can the only one of its name be?
        same = [node for (known, each), node in self._found.items() if known == kind and local(each) == local(name)]
        if len(same) != 1 or not local(name):
            return None
        note = f"{written} is taken for the only {kind} of that name, which is in another namespace"
        if note not in self.notes:
            self.notes.append(note)
        return same[0]

    def abstract(self, port_type: Node) -> dict[str, list[Node]]:
        """The operations of a port type by name."""
        known = self._abstract.get(port_type)
        if known is None:
            known = self._abstract[port_type] = {}
            for node in port_type.iterfind(f"{{{WSDL}}}operation"):
                known.setdefault(node.get("name", ""), []).append(node)
        return known

    def wrapper(self, tag: str, content: Group | None) -> tuple[str, str]:
        """The type of an rpc wrapper with this content, and the name that checks it if ``tag`` is taken by another wrapper or an element.

        Two port types may have one operation, and one operation several inputs; nor need wrappers and elements differ by their names.
        """
        number, key = 1, f"{tag}#rpc"
        while self.reader.types.get(key, made := ComplexType(key, content=content)) != made:
            number += 1
            key = f"{tag}#rpc~{number}"
        self.reader.types[key] = made
        if number == 1 and not self.reader.declares(tag):
            return key, ""
        while self.reader.declares(checked_as := f"{tag}.rpc{number}"):
            number += 1000
        return key, checked_as

    def _port(self, service: Node, port: Node) -> Iterator[Port]:
        binding = self.find("binding", port, port.get("binding", ""))
        address = next(
            (
                each.get("location", "")
                for each in port
                if local(each.tag) == "address" and namespace(each.tag) in _VERSIONS
            ),
            "",
        )
        if binding is None:
            if any(namespace(each.tag) in _VERSIONS for each in port):
                self.notes.append(f"the binding {port.get('binding')} of port {port.get('name')} is not in the WSDL")
            return
        soap = _soap_of(binding)
        if soap:
            yield Port(
                port.get("name", ""), service.get("name", ""), soap, address.strip(), self._operations(binding, soap)
            )

    def _operations(self, binding: Node, soap: str) -> dict[str, Operation]:
        style = next((each.get("style") for each in binding if local(each.tag) == "binding"), None) or "document"
        abstract = self.find("portType", binding, binding.get("type", ""))
        made: dict[str, Operation] = {}
        before: Counter[str] = Counter()
        for node in binding.iterfind(f"{{{WSDL}}}operation"):
            name = node.get("name", "")
            operation = _Operation(self, node, soap, style).made(abstract, binding.get("type", ""), before[name])
            before[name] += 1
            if name in made:
                known = operation.overload or str(before[name])
                operation = msgspec.structs.replace(operation, name=f"{name}#{known}")
                if operation.name in made:
                    self.notes.append(f"operation {operation.name} is there twice: the first is used")
                    continue
                self.notes.append(f"operation {name} is overloaded: another one is called {operation.name}")
            made[operation.name] = operation
        return made


class _Operation:
    """One operation of a binding, being made. ``_lacks`` gathers why it is not usable."""

    def __init__(self, definitions: Definitions, node: Node, soap: str, style: str) -> None:
        self._definitions = definitions
        self._node = node
        self._soap = soap
        bound = next(
            (each for each in node if namespace(each.tag) in _VERSIONS and local(each.tag) == "operation"), None
        )
        self._style = (bound.get("style") if bound is not None else None) or style
        self._action = (bound.get("soapAction") if bound is not None else None) or ""
        self._lacks: list[str] = []

    def made(self, port_type: Node | None, wanted: str, before: int) -> Operation:
        """The operation; ``before``: how many of its name the binding has had."""
        name = self._node.get("name", "")
        rpc = self._style == "rpc"
        same = self._definitions.abstract(port_type).get(name, []) if port_type is not None else []
        abstract = self._abstract(same, before)
        if port_type is None:
            self._lacks.append(f"the port type {wanted} is not in the WSDL")
        elif abstract is None:
            self._lacks.append(f"the port type {wanted} has no operation {name}")
        bound_in, bound_out = self._node.find(f"{{{WSDL}}}input"), self._node.find(f"{{{WSDL}}}output")
        given = abstract.find(f"{{{WSDL}}}input") if abstract is not None else None
        taken = abstract.find(f"{{{WSDL}}}output") if abstract is not None else None
        if taken is not None and self._is_axis_null(taken):
            taken = None
        if abstract is not None and given is None:
            self._lacks.append("it has no input: the service would call its clients (notification)")
        return Operation(
            name=name,
            style=self._style,
            soap=self._soap,
            action=self._action,
            input=self._content(bound_in, given, name, rpc=rpc, answer=False),
            output=self._content(bound_out, taken, name, rpc=rpc, answer=True) if taken is not None else None,
            input_headers=self._headers(bound_in),
            output_headers=self._headers(bound_out),
            faults=tuple(self._faults(abstract)) if abstract is not None else (),
            encoded=any(each.get("use") == "encoded" for each in _bound(self._node, "body")),
            unusable="; ".join(
                [
                    *dict.fromkeys(self._lacks),
                    *([self._definitions.hint] if self._lacks and self._definitions.hint else []),
                ]
            ),
            doc=_doc(abstract) or _doc(self._node),
            overload=input_name(abstract) if len(same) > 1 else "",
        )

    def _is_axis_null(self, output: Node) -> bool:
        """Axis 2 writes the message ``null``, which is nowhere, for methods that return nothing and throw; it answers them with no message."""
        written = output.get("message", "")
        return local(written.replace(":", "}")) == "null" and self._definitions.find("message", output, written) is None

    def _abstract(self, same: Sequence[Node], before: int) -> Node | None:
        """Of several the one whose input has the name that the binding gives; where it gives none, the order tells."""
        bound = self._node.find(f"{{{WSDL}}}input")
        wanted = bound.get("name") if bound is not None else None
        for each in same if wanted else ():
            if input_name(each) == wanted:
                return each
        return same[min(before, len(same) - 1)] if same else None

    def _content(self, bound: Node | None, abstract: Node | None, name: str, *, rpc: bool, answer: bool) -> Content:
        body = next(_bound(bound, "body"), None) if bound is not None else None
        parts = self._parts(abstract)
        headers = (
            {(each.get("message", ""), each.get("part")) for each in _bound(bound, "header")}
            if bound is not None
            else set()
        )
        wanted = body.get("parts").split() if body is not None and body.get("parts") is not None else None
        attached = [each.get("part", "") for each in bound.iter(f"{{{_MIME}}}content")] if bound is not None else []
        if wanted is not None:
            parts = [part for part in parts if part.name in wanted]
        elif headers and abstract is not None and not rpc:
            # WS-I asks for 'parts' here; without it what is bound to a header is not in the Body as well.
            here = local(abstract.get("message", "").replace(":", "}"))
            parts = [
                part
                for part in parts
                if not any(local(m.replace(":", "}")) == here and p == part.name for m, p in headers)
            ]
        parts = [part for part in parts if part.name not in attached]
        outside = tuple(dict.fromkeys(each for each in attached if each))
        if not rpc:
            return Content(rpc=False, tag="", parts=tuple(parts), attachments=outside)
        target = body.get("namespace") if body is not None else None
        # WS-I Basic Profile R2729: the answer's wrapper is the operation's name with Response.
        local_name = name + ("Response" if answer else "")
        tag = f"{{{target}}}{local_name}" if target else local_name
        # A part has no declaration that could say so, and PHP and gSOAP send xsi:nil for what they do not have.
        parts = [_nillable(part) for part in parts]
        content = Group("sequence", tuple(part.element for part in parts)) if parts else None
        key, checked_as = self._definitions.wrapper(tag, content)
        return Content(rpc=True, tag=tag, parts=tuple(parts), type=key, attachments=outside, checked_as=checked_as)

    def _parts(self, abstract: Node | None) -> list[Part]:
        if abstract is None:
            return []
        written = abstract.get("message", "")
        message = self._definitions.find("message", abstract, written)
        if message is None:
            self._lacks.append(f"the message {written} is not in the WSDL")
            return []
        return [made for part in message.iterfind(f"{{{WSDL}}}part") if (made := self._part(message, part)) is not None]

    def _part(self, message: Node, part: Node) -> Part | None:
        name, reader = part.get("name", ""), self._definitions.reader
        if written := part.get("element"):
            tag = resolve(part, written)
            element = reader.element(tag)
            # An element of which only the name is known may hold anything; that it is declared nowhere is noted.
            return Part(name, tag, element or Element(tag, ANY_TYPE, glob=True), _doc(part))
        written = part.get("type")
        if not written:
            self._lacks.append(f"the part {name} of message {message.get('name')} has neither an element nor a type")
            return None
        key = resolve(part, written)
        reader.type(key)  # what is declared nowhere is noted, and holds anything
        return Part(name, name, Element(name, key), _doc(part))

    def _headers(self, bound: Node | None) -> tuple[Part, ...]:
        made = []
        for node in _bound(bound, "header") if bound is not None else ():
            message = self._definitions.find("message", node, node.get("message", ""))
            part = None
            if message is not None:
                part = next((p for p in message.iterfind(f"{{{WSDL}}}part") if p.get("name") == node.get("part")), None)
            if message is None or part is None:
                self._definitions.notes.append(
                    f"operation {self._node.get('name')}: the header {node.get('message')} {node.get('part') or ''} is not in the WSDL"
                )
                continue
            found = self._part(message, part)
            if found is not None:
                made.append(found)
        return tuple(made)

    def _faults(self, abstract: Node) -> Iterator[Part]:
        for fault in abstract.iterfind(f"{{{WSDL}}}fault"):
            message = self._definitions.find("message", fault, fault.get("message", ""))
            if message is None:
                self._definitions.notes.append(f"the message {fault.get('message')} of a fault is not in the WSDL")
                continue
            name = fault.get("name") or message.get("name", "")
            for part in message.iterfind(f"{{{WSDL}}}part"):
                made = self._part(message, part)
                if made is not None and part.get("element"):
                    yield Part(name, made.tag, made.element, made.doc)
                elif made is not None:
                    # WS-I Basic Profile R2205 forbids it. Axis 1 sends an element named after the part, in the binding's namespace.
                    tag = f"{{{target}}}{made.tag}" if (target := self._fault_namespace(name)) else made.tag
                    yield Part(name, tag, Element(tag, made.element.type), made.doc)

    def _fault_namespace(self, name: str) -> str:
        found = next((each for each in _bound(self._node, "fault") if each.get("name") == name), None)
        return str(found.get("namespace") or "") if found is not None else ""


def input_name(operation: Node) -> str:
    """The name of an operation's input: the one that it has, or WSDL's default (WSDL 1.1 section 2.4.5)."""
    given, taken = operation.find(f"{{{WSDL}}}input"), operation.find(f"{{{WSDL}}}output")
    named = given.get("name") if given is not None else None
    return str(named or operation.get("name", "") + ("Request" if taken is not None else ""))


def _nillable(part: Part) -> Part:
    element = part.element
    if element.glob:
        return part
    return Part(part.name, part.tag, Element(element.tag, element.type, nillable=True), part.doc)


def _soap_of(binding: Node) -> str:
    return next(
        (
            _VERSIONS[namespace(each.tag)]
            for each in binding
            if namespace(each.tag) in _VERSIONS and local(each.tag) == "binding"
        ),
        "",
    )


def _bound(node: Node, name: str) -> Iterator[Node]:
    """The SOAP elements of a name in a binding's operation, input or output, within mime:multipartRelated too."""
    yield from node.iter(*(f"{{{uri}}}{name}" for uri in _VERSIONS))


def _doc(node: Node | None) -> str:
    found = node.find(f"{{{WSDL}}}documentation") if node is not None else None
    words = " ".join("".join(found.itertext()).split()) if found is not None else ""
    return words if len(words) <= 500 else words[:499] + "…"
