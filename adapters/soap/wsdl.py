"""A WSDL as a small frozen model: services, ports, operations and what their messages hold.

zeep reads the document (WSDL 1.1, SOAP 1.1 and 1.2 bindings over HTTP) and owns the types; this model is what the rest of the adapter looks at.
It is immutable and may be shared by all threads of a process.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from adapters.soap.loader import Loader, SchemaDocument
from adapters.soap.names import BINDING_11, BINDING_12, WSDL
from esb.errors import ConfigError, OptionError, Position, UnknownName


@dataclass(frozen=True, slots=True)
class Part:
    """A named piece of a message. ``tag`` is the element's qualified name; ``schema`` is zeep's element, which holds the type."""

    name: str
    tag: str
    schema: Any


@dataclass(frozen=True, slots=True)
class Content:
    """What stands in the Body.

    ``rpc``: one wrapper element named ``tag`` with a child a part. Otherwise one element a part (document/literal): usually exactly one, none for
    an empty Body.
    """

    rpc: bool
    tag: str
    parts: tuple[Part, ...]
    schema: Any = None
    """zeep's wrapper element, for rpc."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The qualified names of the Body's children, in order."""
        return (self.tag,) if self.rpc else tuple(part.tag for part in self.parts)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a port. ``output`` is None for a one-way operation."""

    name: str
    style: str
    soap: str
    action: str
    input: Content
    output: Content | None
    input_headers: tuple[Part, ...]
    output_headers: tuple[Part, ...]
    faults: tuple[Part, ...]
    encoded: bool
    """``use="encoded"`` somewhere: the SOAP section 5 encoding rather than a schema."""


@dataclass(frozen=True, slots=True)
class Port:
    """A service's port: a binding at an address."""

    name: str
    service: str
    soap: str
    address: str
    operations: Mapping[str, Operation]


@dataclass(frozen=True, slots=True)
class Wsdl:
    """A loaded WSDL. ``notes`` are the parts zeep had to leave out, in its words."""

    path: Path
    ports: tuple[Port, ...]
    types: Any
    schemas: tuple[SchemaDocument, ...]
    documents: Mapping[str, Any]
    notes: tuple[str, ...]

    def port(self, service: str = "", port: str = "", operation: str = "") -> Port:
        """The port by names; empty means any, and of several that fit SOAP 1.1 comes first, as in the file.

        Raises :class:`~esb.errors.ConfigError` saying what there is.
        """
        at = Position(str(self.path))
        if not self.ports:
            notes = f" ({'; '.join(self.notes)})" if self.notes else ""
            raise ConfigError(f"the WSDL has no port with a SOAP binding{notes}", at)
        if service and service not in (known := {each.service for each in self.ports}):
            raise UnknownName("SOAP service", service, known, at)
        ports = [each for each in self.ports if not service or each.service == service]
        if port and port not in (known := {each.name for each in ports}):
            raise UnknownName("SOAP port", port, known, at)
        ports = [each for each in ports if not port or each.name == port]
        if operation:
            having = [each for each in ports if operation in each.operations]
            if not having:
                raise UnknownName("SOAP operation", operation, {name for each in ports for name in each.operations}, at)
            ports = having
        services = {each.service for each in ports}
        if len(services) > 1:
            raise OptionError(
                f"the WSDL has several services: {', '.join(sorted(services))}",
                at,
                "name one with the option 'service'",
            )
        return min(ports, key=lambda each: each.soap)


def load(path: Path, roots: Sequence[Path] = ()) -> Wsdl:
    """Read a WSDL file and everything it imports from the folders ``roots`` (default: the file's own folder).

    Raises :class:`~esb.errors.ConfigError` naming the file, what is wrong and what to do. Not to be called by two threads at a time.
    """
    from zeep.settings import Settings
    from zeep.wsdl import Document

    path = path.resolve()
    loader = Loader([*roots] or [path.parent])
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always", UserWarning)
        try:
            document = Document(str(path), loader, settings=Settings(strict=True, force_https=False))  # type: ignore[arg-type]  # zeep only calls load()
        except ConfigError:
            raise
        except Exception as exc:
            said = "; ".join([str(exc) or type(exc).__name__, *(str(note.message) for note in notes)])
            raise ConfigError(
                f"the WSDL cannot be understood: {said}",
                Position(str(path)),
                "a binding, port type, message or type that is referred to is missing or incomplete",
            ) from exc
    encoded = _encoded(loader.documents)
    ports = tuple(
        _port(service.name, port, encoded)
        for service in document.services.values()
        for port in service.ports.values()
        if hasattr(port.binding, "nsmap") and "soap-env" in port.binding.nsmap
    )
    return Wsdl(
        path=path,
        ports=ports,
        types=document.types,
        schemas=tuple(loader.schemas()),
        documents=MappingProxyType(loader.documents),
        notes=tuple(dict.fromkeys(str(note.message) for note in notes if issubclass(note.category, UserWarning))),
    )


def _port(service: str, port: Any, encoded: set[tuple[str, str]]) -> Port:
    soap = "1.2" if port.binding.nsmap["soap"] == BINDING_12 else "1.1"
    operations = {name: _operation(operation, soap, encoded) for name, operation in port.binding.all().items()}
    address = (port.binding_options or {}).get("address") or ""
    return Port(port.name, service, soap, address, MappingProxyType(operations))


def _operation(operation: Any, soap: str, encoded: set[tuple[str, str]]) -> Operation:
    rpc = operation.style == "rpc"
    abstract = operation.abstract
    two_way = abstract.output_message is not None
    faults = [
        Part(name or message.name.localname, part.element.qname.text, part.element)
        for name, message in abstract.fault_messages.items()
        for part in message.parts.values()
        if part.element is not None
    ]
    return Operation(
        name=operation.name,
        style=operation.style,
        soap=soap,
        action=operation.soapaction or "",
        input=_content(operation.input, operation.name, rpc=rpc, answer=False),
        output=_content(operation.output, operation.name, rpc=rpc, answer=True) if two_way else None,
        input_headers=_headers(operation.input),
        output_headers=_headers(operation.output),
        faults=tuple(faults),
        encoded=(operation.binding.name.text, operation.name) in encoded,
    )


def _content(message: Any, operation: str, *, rpc: bool, answer: bool) -> Content:
    body = getattr(message, "body", None)
    if body is None:
        if rpc:
            return Content(rpc=True, tag=operation + ("Response" if answer else ""), parts=())
        return Content(rpc=False, tag="", parts=())
    if rpc:
        # zeep names the answer's wrapper after the message; WS-I Basic Profile R2729 wants operation + "Response".
        namespace = f"{{{body.qname.namespace}}}" if body.qname.namespace else ""
        tag = f"{namespace}{operation}Response" if answer else body.qname.text
        parts = tuple(Part(name, element.qname.text, element) for name, element in body.type.elements)
        for part in parts:
            if not part.schema.is_global:
                # A part has no declaration that could say so, and PHP and gSOAP send xsi:nil for what they do not have.
                part.schema.nillable = True
        return Content(rpc=True, tag=tag, parts=parts, schema=body)
    if message._is_body_wrapped:  # noqa: SLF001 -- the only trace of a message with several parts; pinned with zeep's version
        parts = tuple(Part(name, element.qname.text, element) for name, element in body.type.elements)
        return Content(rpc=False, tag="", parts=parts)
    return Content(rpc=False, tag="", parts=(Part(body.attr_name, body.qname.text, body),))


def _headers(message: Any) -> tuple[Part, ...]:
    header = getattr(message, "header", None)
    if header is None:
        return ()
    return tuple(Part(name, element.qname.text, element) for name, element in header.type.elements)


def _encoded(documents: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Binding and operation of every ``use="encoded"``, which zeep forgets."""
    found = set()
    for root in documents.values():
        target = root.get("targetNamespace")
        for binding in root.iterfind(f"{{{WSDL}}}binding"):
            for operation in binding.iterfind(f"{{{WSDL}}}operation"):
                if any(
                    node.get("use") == "encoded"
                    for soap in (BINDING_11, BINDING_12)
                    for node in operation.iter(f"{{{soap}}}body")
                ):
                    name = f"{{{target}}}{binding.get('name')}" if target else binding.get("name")
                    found.add((name, operation.get("name")))
    return found
