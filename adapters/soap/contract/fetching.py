"""Documents that a WSDL imports and the project has not: brought once, by a person's command, and kept beside the WSDL."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

from adapters.soap.contract.vendored import Vendored
from adapters.soap.loader import MAX_BYTES, Documents, Missing, beside, is_remote
from esb.errors import ConfigError, EsbError, Malformed, Position, ProjectError

_ROUNDS: Final = 20
"""What is fetched may import more: so deep at most."""


def keep(path: Path, given: Sequence[str]) -> list[Path]:
    """Keep files as the documents of addresses, each ``ADDRESS=FILE``.

    Raises :class:`~esb.errors.ProjectError` for what is no such pair and for files that cannot be read.
    """
    vendored = Vendored.beside(path)
    made = []
    for pair in given:
        address, sign, name = pair.rpartition("=")
        if not sign or not address or not name:
            raise ProjectError(
                f"a document is ADDRESS=FILE, not {pair!r}", Position(str(path)), "quote it if it has a '?' or '&'"
            )
        full = beside(str(path), address)
        try:
            made.append(vendored.add(full, _plain(Path(name).read_bytes(), full)))
        except OSError as exc:
            raise ProjectError(f"{name} cannot be read: {exc.strerror}", Position(str(path))) from exc
    return made


def fetch(path: Path, roots: Sequence[Path], origin: str = "") -> list[Path]:
    """Fetch what is missing, and what that imports in turn.

    ``origin`` is where the WSDL came from, for addresses without a host. Raises :class:`~esb.errors.ConfigError` naming what could not be had.
    """
    made: list[Path] = []
    for _ in range(_ROUNDS):
        missing = list(Documents(path, roots).missing.values())
        if not missing:
            return made
        vendored = Vendored.beside(path)
        made += [
            vendored.add(each.address, _plain(_got(_url(each, path, origin), path), each.address)) for each in missing
        ]
    raise ConfigError(f"documents import others more than {_ROUNDS} deep", Position(str(path)))


def _url(missing: Missing, path: Path, origin: str) -> str:
    if is_remote(missing.address):
        return missing.address
    if not origin:
        raise ConfigError(
            f"{missing.written} has no host to fetch it from",
            Position(str(path)),
            "say where the WSDL came from with --origin URL, or give the file with --document",
        )
    # Addresses of files are relative to the WSDL's folder, wherever they are written: so are those on its server.
    relative = Path(os.path.relpath(missing.address, path.parent)).as_posix()
    return urljoin(origin, relative)


def _got(url: str, path: Path) -> bytes:
    from esb.httpcall import HttpCaller

    try:
        answer = HttpCaller().call(
            "GET",
            url,
            {"Accept": "text/xml, application/xml"},
            b"",
            deadline=60,
            connect_timeout=10,
            max_body=MAX_BYTES,
        )
    except EsbError as exc:
        raise ConfigError(
            f"{url} cannot be fetched: {exc}", Position(str(path)), "get the file and give it with --document"
        ) from exc
    if answer.status != 200:
        raise ConfigError(
            f"{url} cannot be fetched: it answers with HTTP status {answer.status}",
            Position(str(path)),
            "get the file and give it with --document",
        )
    return answer.body


def _plain(data: bytes, address: str) -> bytes:
    """The document if it is XML: an error page is not kept."""
    import esb.xml

    try:
        esb.xml.parse(data, max_bytes=MAX_BYTES, huge=True)
    except Malformed as exc:
        raise ConfigError(f"{address} is not a document that can be kept: {exc}", Position(address)) from exc
    return data
