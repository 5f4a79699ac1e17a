"""A contract compiled to a file beside its WSDL, so that loading a large one takes milliseconds and no parser.

``NAME.wsdl.compiled`` holds the model, the schemas as libxml2 takes them, and the hash of every document it was made from. It is used only while all
of these are unchanged; otherwise the WSDL is read as if there were none. It is data (MessagePack), never code, and may be committed with the WSDL.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from adapters.soap.contract import read as reading
from adapters.soap.contract.model import Schemas
from adapters.soap.contract.vendored import Vendored
from adapters.soap.loader import Documents, file_at, is_remote
from adapters.soap.wsdl import Port, Source, Wsdl
from esb.errors import ConfigError, Position

_log = logging.getLogger("esb.soap")

FORMAT: Final = 2
"""Raised with every change of the model or of what it means: an older file is made anew."""
_MAGIC: Final = b"esb-wsdl\n"


class Compiled(msgspec.Struct, frozen=True, array_like=True):
    """What the file holds. Locations of files are relative to the WSDL's folder."""

    format: int
    sources: tuple[Source, ...]
    ports: tuple[Port, ...]
    schemas: Schemas
    prefixes: dict[str, str]
    closure: dict[str, bytes]
    notes: tuple[str, ...]
    missing: tuple[str, ...] = ()


def file_of(path: Path) -> Path:
    """Where the compiled contract of a WSDL is."""
    return path.with_name(f"{path.name}.compiled")


def compile_file(path: Path, roots: Sequence[Path] = ()) -> tuple[Wsdl, Documents]:
    """Make the contract and write it beside the WSDL. Documents that are missing are notes of the contract. Raises ConfigError."""
    path = path.resolve()
    documents = Documents(path, roots)
    wsdl, _ = reading.contract(documents, roots)
    content = Compiled(
        FORMAT,
        tuple(_source(location, documents.contents.get(location), path) for location in documents.documents),
        wsdl.ports,
        wsdl.schemas,
        dict(wsdl.prefixes),
        dict(wsdl.closure),
        wsdl.notes,
        tuple(_source(each, None, path).location for each in documents.missing),
    )
    _write(file_of(path), _MAGIC + zlib.compress(msgspec.msgpack.encode(content)))
    return wsdl, documents


def read(path: Path, roots: Sequence[Path] = ()) -> Wsdl | None:
    """The compiled contract of a WSDL; None if there is none that is up to date."""
    path = path.resolve()
    content = _content(path)
    if content is None:
        return None
    changed = _changed(content, path, roots)
    if changed:
        _log.warning("%s is older than %s: run 'esb wsdl compile %s'", file_of(path).name, changed, path.name)
        return None
    return Wsdl(
        path,
        content.ports,
        content.schemas,
        prefixes=content.prefixes,
        closure=content.closure,
        notes=content.notes,
        roots=roots,
    )


def is_current(path: Path, roots: Sequence[Path] = ()) -> bool:
    """Whether there is a compiled contract that may be used."""
    content = _content(path.resolve())
    return content is not None and not _changed(content, path.resolve(), roots)


def _write(target: Path, data: bytes) -> None:
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(target)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise ConfigError(f"the compiled contract cannot be written: {exc.strerror}", Position(str(target))) from exc


def _content(path: Path) -> Compiled | None:
    file = file_of(path)
    try:
        data = file.read_bytes()
    except OSError:
        return None
    try:
        if not data.startswith(_MAGIC):
            raise ValueError("it is no compiled contract")
        content = msgspec.msgpack.decode(zlib.decompress(data[len(_MAGIC) :]), type=Compiled)
    except (ValueError, zlib.error) as exc:
        _log.warning("%s is not used: %s; run 'esb wsdl compile %s'", file, exc, path.name)
        return None
    return content if content.format == FORMAT else None


def _changed(content: Compiled, path: Path, roots: Sequence[Path]) -> str:
    """The first document that is not as it was; empty if all are."""
    vendored = Vendored.beside(path)
    allowed = [root.resolve() for root in roots] or [path.parent]
    for source in content.sources:
        if not source.digest:
            continue
        location = _absolute(source.location, path)
        file = (vendored.find(location) or file_at(location)).resolve()
        try:
            if not any(file.is_relative_to(root) for root in allowed) or _digest(file.read_bytes()) != source.digest:
                return source.location
        except OSError:
            return source.location
    return next((each for each in content.missing if _is_there(_absolute(each, path), vendored)), "")


def _is_there(location: str, vendored: Vendored) -> bool:
    return vendored.find(location) is not None or (not is_remote(location) and file_at(location).is_file())


def _absolute(location: str, path: Path) -> str:
    return location if is_remote(location) else os.path.normpath(path.parent / location)


def _source(location: str, data: bytes | None, path: Path) -> Source:
    digest = "" if data is None else _digest(data)
    if is_remote(location):
        return Source(location, digest)
    return Source(Path(os.path.relpath(location, path.parent)).as_posix(), digest)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
