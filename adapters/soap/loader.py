"""Where WSDL and XSD documents come from: files of the project, what was vendored beside the WSDL, and the built-in catalogue. Nothing else, ever.

This is the place of the allow-list and of the caps. A document that is not there is remembered with who wants it, so that everything missing is
told at once, and what does not need it may still be used.
"""

from __future__ import annotations

import codecs
import os.path
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urljoin, urlsplit

import esb.xml
from adapters.soap import catalogue
from adapters.soap.contract.vendored import Vendored
from adapters.soap.names import WSDL, WSDL_20, XSD
from esb.errors import ConfigError, Malformed, Position

Element = Any  # lxml's stubs do not know that it hands out text

MAX_DOCUMENTS: Final = 2000
MAX_BYTES: Final = 64 << 20

_SCHEMA: Final = f"{{{XSD}}}schema"
_DRAFTS: Final = re.compile(r"http://www\.w3\.org/(?:1999|2000/10|2000/08)/XMLSchema(?!-)")
_DRAFT_BYTES: Final = re.compile(_DRAFTS.pattern.encode())
_REFERENCES: Final = tuple(f"{{{XSD}}}{name}" for name in ("import", "include", "redefine"))
_DECLARED: Final = re.compile(rb"""^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["'][^>]*\?>""")


@dataclass(frozen=True, slots=True)
class SchemaDocument:
    """One ``xs:schema``: inline in a WSDL or a file of its own. ``location`` is where relative addresses in it start from.

    ``target`` is its namespace, that of the including schema if it has none of its own (a chameleon).
    """

    location: str
    root: Element
    target: str
    inline: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """A document that is not there: its full address, the address as it is written, the document that wants it, and why it cannot be had."""

    address: str
    written: str
    wanted_by: str
    why: str
    hint: str

    def error(self) -> ConfigError:
        """It as a finding."""
        return ConfigError(self.why, Position(self.wanted_by), self.hint)


class Documents:
    """A WSDL file and everything it refers to. Used by one thread, while loading only."""

    def __init__(self, path: Path, roots: Sequence[Path] = ()) -> None:
        """Read all. ``roots`` are the folders that files may be in (default: the WSDL's own).

        Raises :class:`~esb.errors.ConfigError` if the WSDL itself cannot be read, or a document is not plain XML or outside the roots.
        """
        self.path = path.resolve()
        self._roots = [root.resolve() for root in roots] or [self.path.parent]
        self.vendored = Vendored.beside(self.path)
        self.documents: dict[str, Element] = {}
        """Location -> root element as it was read, WSDLs and schemas, in the order of loading."""
        self.contents: dict[str, bytes] = {}
        """Location -> the bytes of files, for their hashes; not those of the catalogue."""
        self.missing: dict[str, Missing] = {}
        self.schemas: list[SchemaDocument] = []
        self._seen: set[tuple[int, str]] = set()
        self._kept: list[Element] = []
        root = self._load(str(self.path), str(self.path), "")
        if root is None:
            raise self.missing.popitem()[1].error()
        if root.tag == f"{{{WSDL_20}}}description":
            raise ConfigError(
                "this is WSDL 2.0, and contracts are WSDL 1.1", Position(str(path)), "ask for the WSDL 1.1"
            )
        if root.tag not in {f"{{{WSDL}}}definitions", _SCHEMA}:
            raise ConfigError(f"the root element is {root.tag}, not a WSDL's definitions", Position(str(path)))
        self._wsdl(str(self.path), root)

    def add(self, address: str) -> bool:
        """Take a schema of the catalogue along, which is referred to without an import. True if there is one."""
        if address in self.documents or catalogue.find(address) is None:
            return False
        root = self._load(address, address, str(self.path))
        assert root is not None
        self._schema(address, root, root.get("targetNamespace", ""), inline=False)
        return True

    def own_schemas(self) -> list[SchemaDocument]:
        """The schemas, without those of the catalogue for namespaces that the WSDL's documents declare themselves."""
        own = {each.target for each in self.schemas if each.location in self.contents}
        return [each for each in self.schemas if each.location in self.contents or each.target not in own]

    def _wsdl(self, location: str, root: Element) -> None:
        if root.tag == _SCHEMA:  # some import schemas as if they were WSDLs
            self._schema(location, root, root.get("targetNamespace", ""), inline=False)
            return
        for inline in root.iterfind(f"{{{WSDL}}}types/{_SCHEMA}"):
            self._schema(location, inline, inline.get("targetNamespace", ""), inline=True)
        for node in root.iterfind(f"{{{WSDL}}}import"):
            if (written := node.get("location")) and (address := beside(location, written)) not in self.documents:
                found = self._load(address, written, location)
                if found is not None:
                    self._wsdl(address, found)

    def _schema(self, location: str, root: Element, target: str, *, inline: bool) -> None:
        if (id(root), target) in self._seen:
            return
        self._seen.add((id(root), target))
        self._kept.append(root)  # lxml makes its objects anew, with another identity, unless they are held
        self.schemas.append(SchemaDocument(location, root, target, inline))
        for node in root.iterchildren(*_REFERENCES):
            written = node.get("schemaLocation")
            importing = node.tag == _REFERENCES[0]
            if not written:
                # An import without a location: another schema of the WSDL has the namespace, or the catalogue.
                self.add(node.get("namespace", ""))
                continue
            address = beside(location, written)
            found = self._load(address, written, location, node.get("namespace", "") if importing else "")
            if found is None:
                continue
            if found.tag == f"{{{WSDL}}}definitions":
                self._wsdl(address, found)  # the schemas in it are meant
                continue
            if found.tag != _SCHEMA:
                raise ConfigError(f"{address} is imported as a schema and is none", Position(location))
            own = found.get("targetNamespace", "")
            self._schema(address, found, own if importing else own or target, inline=False)

    def _load(self, address: str, written: str, wanted_by: str, namespace: str = "") -> Element | None:
        if address in self.documents:
            return self.documents[address]
        if address in self.missing:
            return None
        if len(self.documents) >= MAX_DOCUMENTS:
            raise ConfigError(f"the WSDL imports more than {MAX_DOCUMENTS} documents", Position(address))
        data = self._read(address, written, wanted_by, namespace)
        if data is None:
            return None
        try:
            root = esb.xml.parse(_modern(_text(data)), max_bytes=MAX_BYTES, huge=True)
        except Malformed as exc:
            raise ConfigError(f"the document cannot be read: {exc}", Position(address)) from exc
        self.documents[address] = root
        return root

    def _read(self, address: str, written: str, wanted_by: str, namespace: str) -> bytes | None:
        kept = self.vendored.find(address)
        if kept is not None:
            data = self.contents[address] = self._file(kept, wanted_by)
            return data
        known = catalogue.find(address) or (catalogue.find(namespace) if namespace else None)
        path = file_at(address)
        remote = is_remote(address)
        if known is not None and (remote or not self._allowed(path) or not path.exists()):
            return known
        command = f"esb wsdl compile {self._shown()} --fetch"
        if remote:
            self.missing[address] = Missing(
                address,
                written,
                wanted_by,
                f"the WSDL imports {address}, and nothing is fetched at run time",
                f"vendor it with '{command}', or save that document beside the WSDL and point the import's location (schemaLocation) at the file",
            )
            return None
        if wanted_by and not self._allowed(path):
            self.missing[address] = Missing(
                address,
                written,
                wanted_by,
                self._outside(path),
                f"copy it into the project, or keep it with 'esb wsdl compile {self._shown()} --document {written}=FILE'",
            )
            return None
        try:
            data = self.contents[address] = self._file(path, wanted_by)
        except ConfigError as exc:
            if not isinstance(exc.__cause__, FileNotFoundError):
                raise
            vendor = f"{command} --origin URL' (the address that the WSDL came from)"
            self.missing[address] = Missing(
                address,
                written,
                wanted_by or address,
                exc.message,
                f"save the imported document there, or vendor it with '{vendor}" if wanted_by else "correct the path",
            )
            return None
        return data

    def _file(self, path: Path, wanted_by: str) -> bytes:
        path = path.resolve()
        at = Position(wanted_by or str(path))
        if not self._allowed(path):
            raise ConfigError(self._outside(path), at)
        try:
            if path.stat().st_size > MAX_BYTES:
                raise ConfigError(f"{path} has more than {MAX_BYTES} bytes", at)
            return path.read_bytes()
        except OSError as exc:
            # Of a document that another one wants, its path; of the WSDL itself, the place says it.
            raise ConfigError(
                f"{path.name if at.file == str(path) else path} cannot be read: {exc.strerror}", at, "correct the path"
            ) from exc

    def _allowed(self, path: Path) -> bool:
        """Whether a path, with its links followed, is in one of the folders."""
        return any(path.resolve().is_relative_to(root) for root in self._roots)

    def _outside(self, path: Path) -> str:
        allowed = ", ".join(str(root) for root in self._roots)
        return f"{path.resolve()} is outside the folders that WSDLs may be read from ({allowed})"

    def _shown(self) -> str:
        try:
            return os.path.relpath(self.path)
        except ValueError:
            return str(self.path)


def beside(location: str, address: str) -> str:
    """``address`` as it is meant in a document at ``location``: a URL, or the full path of a file."""
    if is_remote(address):
        return address
    if is_remote(location):
        return urljoin(location, address)
    if address.startswith("file:"):
        address = unquote(urlsplit(address).path)
    return os.path.normpath(os.path.join(os.path.dirname(location), address))  # noqa: PTH118,PTH120 -- the text as it is, without pathlib's view of "?"


def file_at(address: str) -> Path:
    """The file of an address that is not remote. Addresses are URIs and may have ``%20`` for a blank; most authors write the blank."""
    if address.startswith("file:"):
        return Path(unquote(urlsplit(address).path))
    path = Path(address)
    return Path(unquote(address)) if "%" in address and not path.exists() else path


def is_remote(address: str) -> bool:
    """Whether an address is one of the web."""
    return address.startswith(("http:", "https:"))


def contents_of(locations: Mapping[str, str], path: Path) -> Mapping[str, bytes]:
    """The bytes of files by location, as far as they are there."""
    vendored = Vendored.beside(path)
    found = {}
    for location in locations:
        file = vendored.find(location) or file_at(location)
        try:
            found[location] = file.read_bytes()
        except OSError:
            continue
    return found


def _modern(text: bytes | str) -> bytes | str:
    """A document that still uses a draft of XML Schema, in the namespace of the standard: the simple types and most of the notation are the same."""
    if isinstance(text, str):
        return _DRAFTS.sub(XSD, text)
    return _DRAFT_BYTES.sub(XSD.encode(), text)


def _text(data: bytes) -> bytes | str:
    """A document in an encoding that messages may not have (KOI8, Shift_JIS) is decoded here: it is a file of the project, not input."""
    declared = _DECLARED.match(data)
    if declared is None:
        return data
    try:
        name = codecs.lookup(declared[1].decode("ascii")).name
        return data if name.startswith("utf") else data.decode(name)
    except (LookupError, UnicodeError):
        return data  # the parser says what is wrong
