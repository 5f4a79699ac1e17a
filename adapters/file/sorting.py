"""The order in which files are read: ``sortBy``, and ``shuffle``."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from adapters.file.found import Found
from adapters.file.naming import compiled

if TYPE_CHECKING:
    from adapters.file.endpoint import FileEndpoint

Order = Callable[[list[Found]], None]

_FACTS: dict[str, Callable[[Found], Any]] = {
    "file:name": lambda found: found.name,
    "file:onlyname": lambda found: found.only_name,
    "file:length": lambda found: found.length,
    "file:size": lambda found: found.length,
    "file:modified": lambda found: found.modified,
}


def order(endpoint: FileEndpoint) -> Order | None:
    """Sorts a list in place; None if the order of the file system will do."""
    if endpoint.shuffle:
        return random.shuffle
    if not endpoint.sort_by:
        return None
    keys = [_key(endpoint, part.strip()) for part in endpoint.sort_by.split(";") if part.strip()]

    def sort(files: list[Found]) -> None:
        for key, backwards in reversed(keys):  # a stable sort, so the last key goes first
            files.sort(key=key, reverse=backwards)

    return sort


def _key(endpoint: FileEndpoint, written: str) -> tuple[Callable[[Found], Any], bool]:
    """``reverse:ignoreCase:file:name`` and the like; any function of simple may be the key."""
    backwards = written.startswith("reverse:")
    written = written.removeprefix("reverse:")
    folded = written.startswith("ignoreCase:")
    function = written.removeprefix("ignoreCase:")
    value = _FACTS.get(function)
    if value is None:
        expression = function if "${" in function else f"${{{function}}}"
        evaluate = compiled(endpoint.context, expression, endpoint.at)

        def value(found: Found) -> Any:
            return evaluate(found.as_exchange)

    def key(found: Found) -> tuple[bool, Any]:
        told = value(found)
        return told is not None, told.lower() if folded and isinstance(told, str) else told

    return key, backwards
