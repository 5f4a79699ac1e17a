"""Which places of a project meet the changes of a contract: routes that call or serve an operation, and what names a field that changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.soap.contract.diff import Change
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.reader import read
from esb.errors import ConfigError, Position

_SCHEMES: Final = ("soap:", "cxf:")
_TYPE: Final = re.compile(r"(?<![\w.-])[A-Za-z_]\w*\.[A-Z]\w*(?![\w.])")
"""The full name of a data type."""


@dataclass(frozen=True, slots=True)
class SoapUse:
    """A place where a route calls or serves a contract. ``operation`` is empty for all of them, or for one that is known per message only."""

    route: str
    wsdl: Path
    operation: str
    at: Position
    body: Node
    """The route."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that a change meets. ``kind`` is route, mapping or type; ``field`` the name that stands there, empty for the use itself."""

    kind: str
    at: Position
    route: str
    operation: str
    field: str


Named = tuple[Path, str]
"""A file, and its name for people."""


def soap_uses(files: Iterable[Named], folder: Path) -> Iterator[SoapUse]:
    """All uses of contracts in route files. What cannot be read is left to the check."""
    for file, name in files:
        root = _root(file, name)
        if root is not None:
            yield from _uses(root, folder, "", root)


def hits(
    changes: Iterable[Change], uses: Iterable[SoapUse], types: Iterable[Named], mappings: Iterable[Named]
) -> list[Hit]:
    """The places, by file and line: the uses of changed operations, and what names a changed field.

    Names are looked for in the routes that use the operation, in the data types that these routes name (with those that they hold), and in the
    mappings from and to these types.
    """
    changed: dict[str, set[str]] = {}
    for change in changes:
        changed.setdefault(change.operation, set()).update({change.field} if change.path else set())
    found: list[Hit] = []
    fields: dict[str, str] = {}
    routes: list[tuple[SoapUse, str]] = []
    for use in uses:
        for operation in [use.operation] if use.operation else list(changed):
            if operation in changed:
                found.append(Hit("route", use.at, use.route, operation, ""))
                fields |= dict.fromkeys(changed[operation] - {""}, operation)
                routes.append((use, operation))
    if fields:
        search = _Search(fields)
        for use, _ in routes:
            found += search.within("route", use.body, use.route)
        named = {word for use, _ in routes for text, _ in _texts(use.body) for word in _TYPE.findall(text)}
        declared = _declared(types)
        todo, kept = list(named), set()
        while todo:
            name = todo.pop()
            if name in declared and name not in kept:
                kept.add(name)
                todo += [word for text, _ in _texts(declared[name]) for word in _TYPE.findall(text)]
        for name in kept:
            found += search.within("type", declared[name], "")
        for node in _mappings(mappings):
            if {_text(node.get("from")), _text(node.get("to"))} & (kept | named):
                found += search.within("mapping", node, "")
    return sorted(dict.fromkeys(found), key=lambda hit: (hit.at.file, hit.at.line, hit.at.column, hit.field))


class _Search:
    """Looks for the names of fields as whole words."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields
        words = sorted(fields, key=len, reverse=True)
        self._pattern = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, words))})(?![\w-])")

    def within(self, kind: str, node: Node, route: str) -> Iterator[Hit]:
        for text, at in _texts(node):
            for word in dict.fromkeys(self._pattern.findall(text)):
                yield Hit(kind, at, route, self._fields[word], word)


def _declared(files: Iterable[Named]) -> dict[str, Node]:
    """Declarations of data types by full name."""
    found: dict[str, Node] = {}
    for file, name in files:
        root = _root(file, name)
        types = root.get("types") if isinstance(root, MapNode) else None
        if isinstance(types, MapNode):
            found |= {f"{file.stem}.{key.text}": value for key, value in types}
    return found


def _mappings(files: Iterable[Named]) -> Iterator[MapNode]:
    for file, name in files:
        root = _root(file, name)
        mappings = root.get("mappings") if isinstance(root, MapNode) else None
        if isinstance(mappings, ListNode):
            yield from (each for each in mappings if isinstance(each, MapNode))


def _root(file: Path, name: str) -> Node | None:
    try:
        return read(file, name)
    except (ConfigError, OSError):
        return None


def _uses(node: Node, folder: Path, route: str, body: Node) -> Iterator[SoapUse]:
    if isinstance(node, ListNode):
        for item in node:
            yield from _uses(item, folder, route, body)
    elif isinstance(node, MapNode):
        for key, value in node:
            inside, around = route, body
            if key.text in {"route", "from", "routeTemplate"} and isinstance(value, MapNode):
                inside = _text(value.get("id")) or _text(node.get("id")) or route
                around = value if key.text != "from" else node
            if isinstance(value, ScalarNode) and value.text.startswith(_SCHEMES):
                parameters = node.get("parameters")
                options = _options(value.text, parameters)
                name = value.text.partition(":")[2].partition("?")[0].removeprefix("//")
                if name and "{" not in name:
                    yield SoapUse(route, (folder / name).resolve(), options.get("operation", ""), value.at, body)
            yield from _uses(value, folder, inside, around)


def _options(uri: str, parameters: Node | None) -> Mapping[str, str]:
    pairs = (pair.partition("=") for pair in uri.partition("?")[2].split("&"))
    found = {key: value for key, _, value in pairs if key}
    if isinstance(parameters, MapNode):
        found |= {key.text: _text(value) for key, value in parameters}
    return found


def _text(node: Any) -> str:
    return node.text if isinstance(node, ScalarNode) else ""


def _texts(node: Node) -> Iterator[tuple[str, Position]]:
    if isinstance(node, ScalarNode):
        yield node.text, node.at
    elif isinstance(node, ListNode):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, MapNode):
        for key, value in node:
            yield key.text, key.at
            yield from _texts(value)
