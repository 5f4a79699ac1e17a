"""Files of a project as nodes, each parsed once: what the load and the linter look at is the same."""

from __future__ import annotations

from pathlib import Path

from esb.dsl.nodes import Node
from esb.dsl.reader import read
from esb.errors import ConfigError


class Documents:
    """Reads as :func:`esb.dsl.reader.read`, but each file once: the same nodes come again (they are immutable), or the same error. For one thread."""

    def __init__(self) -> None:
        self._known: dict[Path, Node | ConfigError] = {}

    def read(self, source: str | bytes | Path, file: str = "") -> Node:
        """The document of a file, or of a text, which is not kept. Raises as the reader does."""
        if not isinstance(source, Path):
            return read(source, file)
        known = self._known.get(source)
        if known is None:
            try:
                known = read(source, file)
            except ConfigError as error:
                known = error
            self._known[source] = known
        if isinstance(known, ConfigError):
            raise known
        return known
