"""The WSDL as clients may fetch it: with our address, and with its imports under ``?xsd=`` and ``?wsdl=``."""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import parse_qsl, quote

import esb.xml
from adapters.soap.loader import beside
from adapters.soap.names import BINDING_11, BINDING_12, WSDL, XSD
from adapters.soap.wsdl import Wsdl

Element = Any  # lxml's stubs are older than lxml

_REFERENCES: Final = (
    *((f"{{{XSD}}}{name}", "schemaLocation") for name in ("import", "include", "redefine")),
    (f"{{{WSDL}}}import", "location"),
)


class Published:
    """The documents of a WSDL by query string. Immutable; thread-safe."""

    def __init__(self, wsdl: Wsdl, service: str, ports: Collection[str]) -> None:
        """``ports`` of ``service`` are the ones served here: their address becomes ours."""
        self._documents = wsdl.documents
        self._service = service
        self._ports = frozenset(ports)
        self._queries: dict[str, str] = {}
        taken: dict[str, str] = {}
        for number, location in enumerate(wsdl.documents):
            if number == 0:
                self._queries[location] = "wsdl"
                continue
            kind = "xsd" if wsdl.documents[location].tag == f"{{{XSD}}}schema" else "wsdl"
            name = PurePath(location.rstrip("/")).name or "schema"
            if name in taken:
                name = f"{number}-{name}"
            taken[name] = location
            self._queries[location] = f"{kind}={quote(name)}"
        self._locations = {query.lower(): location for location, query in self._queries.items()}

    def wants(self, query: str) -> bool:
        """Whether a query string asks for one of the documents."""
        return any(name.lower() in {"wsdl", "xsd"} for name, _ in parse_qsl(query, keep_blank_values=True))

    def document(self, query: str, url: str) -> bytes | None:
        """The document for a query string such as ``wsdl`` or ``xsd=types.xsd``, for a service at ``url``; None if there is none."""
        pairs = [(name.lower(), value) for name, value in parse_qsl(query, keep_blank_values=True)]
        wanted = next(((name, value) for name, value in pairs if name in {"wsdl", "xsd"}), ("", ""))
        location = self._locations.get((f"{wanted[0]}={quote(wanted[1])}" if wanted[1] else wanted[0]).lower())
        if location is None:
            return None
        root = deepcopy(self._documents[location])
        for tag, attribute in _REFERENCES:
            for node in root.iter(tag):
                target = self._queries.get(beside(location, node.get(attribute, "")))
                if node.get(attribute) and target:
                    node.set(attribute, f"{url}?{target}")
        self._place(root, url)
        return esb.xml.serialize(root, declaration=True)

    def _place(self, root: Element, url: str) -> None:
        for service in root.iterfind(f"{{{WSDL}}}service"):
            if service.get("name") != self._service:
                continue
            for port in service.iterfind(f"{{{WSDL}}}port"):
                if port.get("name") in self._ports:
                    for binding in (BINDING_11, BINDING_12):
                        for address in port.iterfind(f"{{{binding}}}address"):
                            address.set("location", url)
