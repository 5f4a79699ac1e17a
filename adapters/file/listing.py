"""Looking through the input folder: one pass over each folder, links not followed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from adapters.file.claim import MARKER
from adapters.file.disposal import UNKNOWN
from adapters.file.found import Found
from adapters.file.matching import Test, tests
from adapters.file.naming import compiled, done_marks, done_name, dynamic, predicate
from esb.coerce import text
from esb.exchange import Exchange
from esb.expression import Expression

if TYPE_CHECKING:
    from adapters.file.endpoint import FileEndpoint


class Listing:
    """Lists what an endpoint's filters let through, in the order of the file system. Thread-safe."""

    def __init__(self, endpoint: FileEndpoint, orphan: Callable[[str], object]) -> None:
        self._endpoint = endpoint
        self._tests: tuple[Test, ...] = tests(endpoint)
        self._orphan = orphan
        self._folder_test = endpoint.filter_directory and predicate(
            endpoint.context, endpoint.filter_directory, endpoint.at
        )
        self._name: Expression | None = endpoint.file_name and compiled(
            endpoint.context, endpoint.file_name, endpoint.at
        )
        self._done = endpoint.done_file_name and done_name(endpoint.done_file_name, endpoint.at)
        # Else what a route has moved into a folder below its input would be its input again, and again.
        moves = (endpoint.move, endpoint.move_failed, endpoint.pre_move, UNKNOWN)
        self._own = tuple(f"/{each.strip('/')}" for each in moves if each and not dynamic(each))
        self._is_done = done_marks(endpoint.done_file_name) if endpoint.done_file_name else lambda _: False

    def files(self) -> Iterator[Found]:
        """All files that match now. Raises OSError if the folder cannot be read."""
        wanted = None if self._name is None else text(self._name(Exchange())) or ""
        if wanted and "/" not in wanted and not self._endpoint.recursive and not self._done:
            yield from self._one(wanted)
            return
        for found in self._folder("", 1):
            if wanted is None or found.name == wanted:
                yield found

    def _one(self, name: str) -> Iterator[Found]:
        endpoint = self._endpoint
        self._orphan(f"{endpoint.folder}/{name}{MARKER}")
        found = Found(endpoint.folder, endpoint.shown_folder, name)
        if "\0" not in name and endpoint.min_depth <= 1 and self._matches(found) and found.facts is not None:
            yield found

    def _matches(self, found: Found) -> bool:
        return all(test(found) for test in self._tests)

    def _folder(self, inside: str, depth: int) -> Iterator[Found]:
        endpoint = self._endpoint
        with os.scandir(f"{endpoint.folder}/{inside}" if inside else endpoint.folder) as entries:
            listed = list(entries)
        if endpoint.pre_sort:
            listed.sort(key=lambda entry: entry.name)
        names = {entry.name for entry in listed}
        for entry in listed:
            name = f"{inside}/{entry.name}" if inside else entry.name
            if entry.is_dir(follow_symlinks=False):
                if endpoint.recursive and depth < endpoint.max_depth and self._enters(name):
                    yield from self._subfolder(name, depth + 1)
            elif entry.name.endswith(MARKER):
                if entry.name.removesuffix(MARKER) not in names:
                    self._orphan(entry.path)
            elif depth >= endpoint.min_depth and entry.is_file(follow_symlinks=False):
                found = Found(endpoint.folder, endpoint.shown_folder, name)
                if self._matches(found) and self._ready(found, names):
                    yield found

    def _subfolder(self, name: str, depth: int) -> Iterator[Found]:
        try:
            yield from self._folder(name, depth)
        except FileNotFoundError:
            return  # removed while we looked

    def _enters(self, name: str) -> bool:
        only = name.rpartition("/")[2]
        if only.startswith(".") and not self._endpoint.include_hidden_dirs:
            return False
        if f"/{name}".endswith(self._own):
            return False
        if not self._folder_test:
            return True
        folder = Found(self._endpoint.folder, self._endpoint.shown_folder, name)
        return bool(self._folder_test(folder.as_exchange))

    def _ready(self, found: Found, names: set[str]) -> bool:
        """Whether the done file is there that says a file is complete."""
        if not self._done:
            return True
        return not self._is_done(found.only_name) and self._done(found.only_name) in names
