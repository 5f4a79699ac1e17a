"""Secrets as files: one a name, in the folder that systemd hands over (``LoadCredential=``) or in the project's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")  # nothing that could leave the folder
_LARGEST: Final = 1024 * 1024  # systemd's own limit


class Credentials:
    """Reads secrets by name; of two folders with the same name in them the first wins. Files are read when asked for, never kept."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(folders)

    def read(self, name: str) -> str | None:
        """The secret without a final newline; None if there is no such file. Raises OSError if it cannot be read."""
        if not _NAME.fullmatch(name):
            return None
        for folder in self.folders:
            path = folder / name
            if path.is_file():
                with path.open("rb") as stream:
                    return stream.read(_LARGEST).decode("utf-8").removesuffix("\n").removesuffix("\r")
        return None

    def names(self) -> list[str]:
        """Names that can be read, sorted; for messages."""
        return sorted(
            {path.name for folder in self.folders if folder.is_dir() for path in folder.iterdir() if path.is_file()}
        )
