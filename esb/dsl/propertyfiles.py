"""Property files: Java's ``.properties`` and YAML, both as flat maps of dotted keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.reader import MAX_BYTES, read_all
from esb.errors import Position, RouteSyntaxError

# As java.util.Properties describes it: the key ends at the first '=', ':' or blank that no backslash protects.
_ENTRY: Final = re.compile(r"((?:\\.|[^\\=: \t\f])*)(?:[ \t\f]*[=:]|[ \t\f])?[ \t\f]*(.*)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_LETTERS: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}


def load(path: Path) -> dict[str, str]:
    """The properties in a file, by its ending. UTF-8. Raises RouteSyntaxError for what cannot be read, OSError for a file that is not there."""
    if path.suffix in {".yaml", ".yml"}:
        flat: dict[str, str] = {}
        for document in read_all(path):
            flat.update(flatten(document))
        return flat
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise RouteSyntaxError(f"the file is larger than {MAX_BYTES} bytes", Position(str(path), 1, 1))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RouteSyntaxError("not UTF-8", Position(str(path), line, 1), "save the file as UTF-8") from error
    return parse(text)


def parse(text: str) -> dict[str, str]:
    """The content of a ``.properties`` file, as java.util.Properties reads it.

    ``key=value``, ``key: value`` or ``key value``; ``#`` and ``!`` begin comments, a backslash at the end joins the next line, the last of
    repeated keys counts.
    """
    found: dict[str, str] = {}
    for line in _logical_lines(text):
        entry = _ENTRY.fullmatch(line)
        if entry:
            found[_unescaped(entry[1])] = _unescaped(entry[2])
    return found


def _logical_lines(text: str) -> Iterator[str]:
    held = ""
    for raw in re.split("\r\n|\r|\n", text):
        line = raw.lstrip(" \t\f")
        if not held and (not line or line[0] in "#!"):
            continue
        joined = held + line
        slashes = len(joined) - len(joined.rstrip("\\"))
        if slashes % 2:
            held = joined[:-1]
            continue
        held = ""
        yield joined
    if held:
        yield held


def _unescaped(text: str) -> str:
    def letter(match: re.Match[str]) -> str:
        sign = match[1]
        return chr(int(sign[1:], 16)) if len(sign) == 5 else _LETTERS.get(sign, sign)

    return _ESCAPE.sub(letter, text)


def flatten(node: Node, prefix: str = "") -> dict[str, str]:
    """Nested maps as dotted keys (``erp.url``), items of lists as ``hosts[0]``; scalars keep their text, nothing is empty text.

    Raises RouteSyntaxError for a document that is no map.
    """
    flat: dict[str, str] = {}
    match node:
        case MapNode():
            for key, value in node:
                flat.update(flatten(value, f"{prefix}.{key.text}" if prefix else key.text))
        case ListNode() if prefix:
            for number, item in enumerate(node):
                flat.update(flatten(item, f"{prefix}[{number}]"))
        case ScalarNode() if prefix:
            flat[prefix] = "" if node.is_null else node.text
        case _:
            raise RouteSyntaxError(f"properties are a map of names and values, not {node}", node.at)
    return flat
