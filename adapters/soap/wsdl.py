"""A WSDL as a small frozen model: services, ports, operations and what their messages hold.

WSDL 1.1 with SOAP 1.1 and 1.2 bindings. The model is made once, by :mod:`adapters.soap.contract.wsdl11`, or read from a compiled file; it may be
shared by all threads of a process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from adapters.soap.contract.model import Element, Schemas
from esb.errors import ConfigError, OptionError, Position, UnknownName

if TYPE_CHECKING:
    from esb.xml import Element as Node


_OTHER_TRANSPORT: Final = re.compile(r"(?!https?:)[A-Za-z][A-Za-z0-9+.-]*:")
"""An address that HTTP does not lead to, such as ``jms:queue:orders``."""


class Part(Struct, frozen=True, array_like=True):
    """A named piece of a message. ``tag`` is the element's qualified name; ``element`` holds the type."""

    name: str
    tag: str
    element: Element
    doc: str = ""


class Content(Struct, frozen=True, array_like=True):
    """What stands in the Body.

    ``rpc``: one wrapper element named ``tag`` with a child a part, of the type with the key ``type``. Otherwise one element a part
    (document/literal): usually exactly one, none for an empty Body. ``attachments`` are the parts outside of the envelope (``mime:content``).
    """

    rpc: bool
    tag: str
    parts: tuple[Part, ...]
    type: str = ""
    attachments: tuple[str, ...] = ()
    checked_as: str = ""
    """rpc: the wrapper's name in the schemas that check it, where ``tag`` stands for something else there. Otherwise empty."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The qualified names of the Body's children, in order."""
        return (self.tag,) if self.rpc else tuple(part.tag for part in self.parts)


class Operation(Struct, frozen=True, array_like=True):
    """One operation of a port. ``output`` is None for a one-way operation.

    Of several with one name (overloaded) the first has it alone, and the others are called ``name#inputName``.
    """

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
    unusable: str = ""
    """Why it can be neither called nor served: what the WSDL lacks for it. Empty if it is whole."""
    doc: str = ""
    overload: str = ""
    """The name of its input, if there are several of its name."""


class Port(Struct, frozen=True, array_like=True):
    """A service's port: a binding at an address."""

    name: str
    service: str
    soap: str
    address: str
    operations: dict[str, Operation]


class Source(Struct, frozen=True, array_like=True):
    """A document that the contract was made from. ``digest`` is the SHA-256 of a file's bytes, empty for one of the catalogue."""

    location: str
    digest: str = ""


class Wsdl:
    """A loaded WSDL. ``notes`` are what it lacks. Immutable; thread-safe."""

    def __init__(
        self,
        path: Path,
        ports: tuple[Port, ...],
        schemas: Schemas,
        *,
        prefixes: Mapping[str, str],
        closure: Mapping[str, bytes],
        notes: tuple[str, ...],
        documents: Mapping[str, Node] | None = None,
        roots: Sequence[Path] = (),
    ) -> None:
        self.path = path
        self.ports = ports
        self.schemas = schemas
        self.prefixes = prefixes
        """Namespace -> prefix: the WSDL's own where it has one."""
        self.closure = closure
        """The schemas as libxml2 takes them: see :mod:`adapters.soap.contract.closure`."""
        self.notes = notes
        self._documents = documents
        self._roots = tuple(roots)

    @property
    def documents(self) -> Mapping[str, Any]:
        """Location -> root element as it was written, the WSDL first. Read from the files when first asked for."""
        if self._documents is None:
            from adapters.soap.loader import Documents

            self._documents = Documents(self.path, self._roots).documents
        return self._documents

    def port(self, service: str = "", port: str = "", operation: str = "") -> Port:
        """The port by names; empty means any. Of several that fit those over HTTP come first, then SOAP 1.1, then the order of the file.

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
        return min(ports, key=lambda each: (_OTHER_TRANSPORT.match(each.address) is not None, each.soap))


def load(path: Path, roots: Sequence[Path] = ()) -> Wsdl:
    """The contract of a WSDL file: the compiled one beside it if it is up to date, otherwise made from the file and what it imports.

    ``roots`` are the folders that documents may be in (default: the file's own). Raises :class:`~esb.errors.ConfigError` naming the file, what is
    wrong or missing and what to do. What a compiled contract lacks was told when it was compiled.
    """
    from adapters.soap.contract import compiled, read

    return compiled.read(path, roots) or read.read(path, roots)
