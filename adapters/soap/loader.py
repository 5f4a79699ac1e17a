"""Where WSDL and XSD documents come from: files of the project, and the built-in catalogue. Nothing else, ever.

zeep asks us for every document (its own guards let ``file://`` and plain paths through), so this is the place of the allow-list, the caps and of two
corrections to what zeep makes of a schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import esb.xml
from adapters.soap import catalogue
from adapters.soap.names import WSDL, XSD
from esb.errors import ConfigError, Malformed, Position

if TYPE_CHECKING:
    from esb.xml import Element

MAX_DOCUMENTS: Final = 2000
MAX_BYTES: Final = 64 << 20

_SCHEMA: Final = f"{{{XSD}}}schema"
_WRAPPED: Final = frozenset({f"{{{XSD}}}{name}" for name in ("sequence", "choice", "group")})


@dataclass(frozen=True, slots=True)
class SchemaDocument:
    """One ``xs:schema``: inline in a WSDL or a file of its own. ``location`` is where relative addresses in it start from."""

    location: str
    root: Element
    inline: bool


class Loader:
    """Hands documents to zeep (its ``Transport.load``) and remembers them. One per WSDL; used while loading only."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [root.resolve() for root in roots]
        self.documents: dict[str, Element] = {}
        """Location -> root element as it was read, WSDLs and schemas, in the order of loading."""

    def load(self, address: str) -> bytes:
        """The document for zeep. Raises :class:`~esb.errors.ConfigError` for what is missing, outside the roots or not plain XML."""
        address = str(address)
        if address not in self.documents:
            if len(self.documents) >= MAX_DOCUMENTS:
                raise ConfigError(f"the WSDL imports more than {MAX_DOCUMENTS} documents", Position(address))
            try:
                self.documents[address] = esb.xml.parse(self._read(address), max_bytes=MAX_BYTES)
            except Malformed as exc:
                raise ConfigError(f"the document cannot be read: {exc}", Position(address)) from exc
        return esb.xml.serialize(_for_zeep(self.documents[address]))

    def schemas(self) -> Iterator[SchemaDocument]:
        """Every schema that was loaded."""
        for location, root in self.documents.items():
            if root.tag == _SCHEMA:
                yield SchemaDocument(location, root, inline=False)
            for inline in root.iterfind(f"{{{WSDL}}}types/{_SCHEMA}"):
                yield SchemaDocument(location, inline, inline=True)

    def _read(self, address: str) -> bytes:
        parts = urlsplit(address)
        if parts.scheme in {"http", "https"}:
            known = catalogue.find(address)
            if known is not None:
                return known
            raise ConfigError(
                f"the WSDL imports {address}, and nothing is fetched at run time",
                Position(self._first()),
                "save that document beside the WSDL and point the import's location (schemaLocation) at the file",
            )
        path = Path(unquote(parts.path) if parts.scheme == "file" else address).resolve()
        if not any(path.is_relative_to(root) for root in self._roots):
            allowed = ", ".join(str(root) for root in self._roots)
            raise ConfigError(
                f"{path} is outside the folders that WSDLs may be read from ({allowed})", Position(self._first())
            )
        try:
            if path.stat().st_size > MAX_BYTES:
                raise ConfigError(f"{path} has more than {MAX_BYTES} bytes", Position(self._first()))
            return path.read_bytes()
        except OSError as exc:
            raise ConfigError(
                f"{path} cannot be read: {exc.strerror}",
                Position(self._first()),
                "save the imported document there, or correct the import's location (schemaLocation)"
                if self.documents
                else "correct the path",
            ) from exc

    def _first(self) -> str:
        return next(iter(self.documents), "")


def _for_zeep(root: Element) -> Element:
    """The document with every complex type's content as one plain sequence.

    zeep merges the content of an extension with its base's by joining the two groups, which loses ``maxOccurs`` of a group and mixes up two choices.
    A sequence around each changes nothing in meaning and keeps both.
    """
    from lxml import etree

    copy = deepcopy(root)
    for owner in copy.iter(f"{{{XSD}}}complexType", f"{{{XSD}}}extension"):
        for child in list(owner):
            if child.tag in _WRAPPED and (
                child.tag != f"{{{XSD}}}sequence" or {"minOccurs", "maxOccurs"} & set(child.attrib)
            ):
                around = etree.Element(f"{{{XSD}}}sequence")
                owner.replace(child, around)
                around.append(child)
    return copy
