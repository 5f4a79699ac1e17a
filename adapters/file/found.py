"""A file that a listing found, and the headers that tell about it."""

from __future__ import annotations

import functools
import os
import stat
from typing import Any

from esb.exchange import Exchange


class Found:
    """A file of the input folder. ``name`` is relative to the folder, with slashes; its facts are read once, when first asked for."""

    def __init__(self, folder: str, shown_folder: str, name: str) -> None:
        self.folder = folder
        self.shown_folder = shown_folder
        """The folder as the endpoint writes it, which may be relative."""
        self.name = name
        self.only_name = name.rpartition("/")[2]
        self.path = f"{folder}/{name}"
        self.place = name
        """Where it lies now, relative to the folder: another one than its name after ``preMove``."""

    @functools.cached_property
    def facts(self) -> os.stat_result | None:
        """What the file system says; None if there is no regular file of that name (any more). Links are not followed."""
        try:
            facts = os.lstat(self.path)
        except OSError:
            return None
        return facts if stat.S_ISREG(facts.st_mode) else None

    def look_again(self, facts: os.stat_result | None = None) -> None:
        """Take these facts, or read them anew when they are asked for."""
        self.__dict__.pop("as_exchange", None)
        if facts is not None:
            self.facts = facts
        else:
            self.__dict__.pop("facts", None)

    @property
    def fingerprint(self) -> tuple[int, int, int] | None:
        """Changes when somebody writes to the file or replaces it."""
        facts = self.facts
        return None if facts is None else (facts.st_ino, facts.st_size, facts.st_mtime_ns)

    @property
    def modified(self) -> int:
        """Milliseconds since 1970."""
        return 0 if self.facts is None else self.facts.st_mtime_ns // 1_000_000

    @property
    def length(self) -> int:
        return 0 if self.facts is None else self.facts.st_size

    def headers(self) -> dict[str, Any]:
        """The headers of Camel's file messages. Those that name something else than the file's own name and facts are for routes to read only."""
        shown_path = f"{self.shown_folder}/{self.place}"
        return {
            "CamelFileAbsolute": self.shown_folder.startswith("/"),
            "CamelFileAbsolutePath": self.path,
            "CamelFileLastModified": self.modified,
            "CamelFileLength": self.length,
            "CamelFileName": self.name,
            "CamelFileNameConsumed": self.name,
            "CamelFileNameOnly": self.only_name,
            "CamelFileParent": shown_path.rpartition("/")[0],
            "CamelFilePath": shown_path,
            "CamelFileRelativePath": self.place,
            "CamelMessageTimestamp": self.modified,
        }

    @functools.cached_property
    def as_exchange(self) -> Exchange:
        """A message with the headers and no body, on which the expressions of options are evaluated."""
        return Exchange(headers=self.headers())

    def moved(self, path: str, name: str) -> Found:
        """The same file in another place; it is called by the last part of it only, as in Camel."""
        twin = Found(self.folder, self.shown_folder, name)
        twin.name = twin.only_name
        twin.path = path
        twin.facts = self.facts
        return twin
