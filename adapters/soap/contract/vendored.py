"""Documents that a WSDL imports from elsewhere, kept in the project: the folder ``NAME.wsdl.imports`` with an index from addresses to files."""

from __future__ import annotations

import hashlib
import json
import os.path
import re
from pathlib import Path, PurePosixPath
from typing import Final, Self
from urllib.parse import urlsplit

from esb.errors import ConfigError, Position

INDEX: Final = "index.json"


class Vendored:
    """The folder of one WSDL. Addresses are URLs, or paths of files relative to the WSDL's folder."""

    def __init__(self, wsdl: Path, files: dict[str, str]) -> None:
        self._wsdl = wsdl
        self._files = files

    @classmethod
    def beside(cls, wsdl: Path) -> Self:
        """The one of a WSDL; empty if there is none. Raises :class:`~esb.errors.ConfigError` for an index that cannot be read."""
        index = folder_of(wsdl) / INDEX
        try:
            files = json.loads(index.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(wsdl, {})
        except (OSError, ValueError) as exc:
            raise ConfigError(
                f"the index of vendored documents cannot be read: {exc}",
                Position(str(index)),
                f"remove the folder and run 'esb wsdl compile {wsdl.name} --fetch' again",
            ) from exc
        if not isinstance(files, dict) or not all(
            isinstance(name, str) and name == Path(name).name for name in files.values()
        ):
            raise ConfigError("the index is not a map from addresses to files of its folder", Position(str(index)))
        return cls(wsdl, files)

    def find(self, address: str) -> Path | None:
        """The file of an address, or None."""
        name = self._files.get(self._key(address))
        return None if name is None else folder_of(self._wsdl) / name

    def add(self, address: str, data: bytes) -> Path:
        """Keep a document and write the index. Returns its file."""
        folder = folder_of(self._wsdl)
        folder.mkdir(exist_ok=True)
        name = _file_name(address, data)
        (folder / name).write_bytes(data)
        self._files[self._key(address)] = name
        text = json.dumps(dict(sorted(self._files.items())), indent=2)
        (folder / INDEX).write_text(text + "\n", encoding="utf-8")
        return folder / name

    def _key(self, address: str) -> str:
        if address.startswith(("http:", "https:")):
            return address
        return Path(os.path.relpath(address, self._wsdl.parent)).as_posix()


def folder_of(wsdl: Path) -> Path:
    """Where the vendored documents of a WSDL are."""
    return wsdl.with_name(f"{wsdl.name}.imports")


def _file_name(address: str, data: bytes) -> str:
    """A readable name that no two addresses share."""
    parts = urlsplit(address)
    stem = re.sub(r"[^A-Za-z0-9.-]+", "-", PurePosixPath(parts.path).name + ("-" + parts.query if parts.query else ""))
    mark = hashlib.sha256(address.encode() + data).hexdigest()[:8]
    suffix = "" if stem.endswith((".xsd", ".wsdl")) else ".xsd"
    return f"{mark}-{stem.strip('-')[-60:] or 'schema'}{suffix}"
