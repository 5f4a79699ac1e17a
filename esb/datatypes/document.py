"""Configuration documents as plain data that remember where each value stands, and a list of findings.

YAML is read elsewhere (``esb.dsl.reader``): whoever makes a catalogue gives a ``read`` function. It returns plain dicts and lists, or
:class:`Loaded` with positions, or a node tree (anything whose maps have ``entries``, whose lists have ``items`` and which all have ``at``)
through :func:`from_nodes`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from esb.errors import ConfigError, ConfigErrors, OptionError, Position, ReferenceFault, RouteSyntaxError, UnknownName

Path_ = tuple[str | int, ...]
Reader = Callable[[Path], Any]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Plain data and a look-up of the position of the value at a path of keys and indices."""

    data: Any
    at: Callable[[Path_], Position]


def from_nodes(node: Any, to_python: Callable[[Any], Any]) -> Loaded:
    """A tree of nodes (``esb.dsl.nodes``) as a loaded document. ``to_python`` makes plain data of a node."""

    def at(path: Path_) -> Position:
        found, here = node, node.at
        for step in path:
            if isinstance(step, int):
                found = found.items[step]
                here = found.at
            else:
                here, found = next((key.at, value) for key, value in found.entries if key.text == step)
        position: Position = here
        return position

    return Loaded(to_python(node), at)


class Findings:
    """Collects configuration errors, so that one load reports them all."""

    def __init__(self) -> None:
        self.errors: list[ConfigError] = []

    @contextlib.contextmanager
    def collect(self) -> Iterator[None]:
        """Keep a ConfigError (or the several of a ConfigErrors) raised inside, and go on after the block."""
        try:
            yield
        except ConfigErrors as errors:
            self.errors.extend(errors.findings)
        except ConfigError as error:
            self.errors.append(error)

    def done(self) -> None:
        """Raise what was found, each once: one error as itself, several as ConfigErrors."""
        found = list({str(error): error for error in self.errors}.values())
        if len(found) == 1:
            raise found[0]
        if found:
            raise ConfigErrors(found)


class Part:
    """One value of a document. Options are taken with their type checked; errors carry the position."""

    __slots__ = ("_at", "path", "value")

    def __init__(self, value: Any, at: Callable[[Path_], Position], path: Path_ = ()) -> None:
        self.value = value
        self.path = path
        self._at = at

    @property
    def at(self) -> Position:
        """Where it stands."""
        return self._at(self.path)

    def at_key(self, key: str | int) -> Position:
        """Where one of its entries stands; the part itself if that entry is not there."""
        there = key in self.value if isinstance(self.value, dict) else isinstance(key, int)
        return self._at((*self.path, key)) if there else self.at

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def part(self, key: str | int) -> Part:
        """The entry under a key or index, which must be there."""
        return Part(self.value[key], self._at, (*self.path, key))

    def entries(self, what: str) -> list[tuple[str, Part]]:
        """The entries of a map with text keys. Raises OptionError if it is none."""
        if not isinstance(self.value, dict):
            raise OptionError(f"{what} must be a map, not {shown(self.value)}", self.at)
        for key in self.value:
            if not isinstance(key, str):
                raise OptionError(f"{what}: the key {key!r} must be a text", self.at, "put it in quotes")
        return [(key, self.part(key)) for key in self.value]

    def items(self, what: str) -> list[Part]:
        """The items of a list. Raises OptionError if it is none."""
        if not isinstance(self.value, list):
            raise OptionError(f"{what} must be a list, not {shown(self.value)}", self.at)
        return [self.part(index) for index in range(len(self.value))]

    def allow(self, what: str, known: Collection[str]) -> None:
        """Raise for entries that are not among the known options, all of them at once."""
        findings = Findings()
        for key, part in self.entries(what):
            if key not in known:
                findings.errors.append(UnknownName(f"option of {what}", key, known, part.at))
        findings.done()

    def take(self, key: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
        """The value of an option, of the class (a boolean is no number); the default if it is not there."""
        if key not in self:
            return default
        value = self.value[key]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            wanted = " or ".join(_KINDS.get(k, k.__name__) for k in kinds)
            raise OptionError(f"{key!r} must be {wanted}, not {shown(value)}", self.at_key(key))
        return value

    def need(self, key: str, kind: type | tuple[type, ...], what: str) -> Any:
        """As :meth:`take`, but it must be there."""
        if key not in self:
            raise OptionError(f"{what} needs {key!r}", self.at)
        return self.take(key, kind)

    def texts(self, key: str) -> list[str]:
        """An option that is one text or a list of texts; empty if it is not there."""
        if key not in self:
            return []
        value = self.value[key]
        if isinstance(value, str):
            return [value]
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return list(value)
        raise OptionError(f"{key!r} must be a text or a list of texts, not {shown(value)}", self.at_key(key))


_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", dict: "a map", list: "a list"}


def shown(value: Any) -> str:
    """A value for a message, short."""
    if isinstance(value, dict | list):
        return "a map" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def open_document(file: Path, read: Reader) -> Part:
    """Read a file. Raises ConfigError for one that cannot be read, or is not what ``read`` understands."""
    try:
        loaded = read(file)
    except OSError as error:
        raise ReferenceFault(f"cannot be read: {error.strerror}", Position(str(file))) from error
    except UnicodeDecodeError as error:
        raise RouteSyntaxError("is not UTF-8", Position(str(file)), "save the file as UTF-8") from error
    if isinstance(loaded, Loaded):
        return Part(loaded.data, loaded.at)
    return Part(loaded, lambda _: Position(str(file)))
