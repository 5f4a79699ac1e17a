"""YAML text to nodes with positions, by a bounded scan of parse events.

Never a loader's own construction: libyaml's composer crashes the process on deep nesting, takes the last of duplicate keys silently, and
knows tags that make objects. Events come one by one, so every bound holds before memory is spent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from esb.dsl import mistakes
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.errors import Position, RouteSyntaxError

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_DEPTH: Final = 200
MAX_NODES: Final = 1_000_000
"""Nodes of all documents together, each alias counted as the whole tree it stands for."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG: Final = "tag:yaml.org,2002:"
_SCALAR_TAGS: Final = frozenset({"str", "int", "float", "bool", "null"})
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(source: str | bytes | Path, file: str = "") -> Node:
    """The one document in a text, bytes (UTF-8) or file.

    ``file`` is the name in positions; a path's own by default. Raises RouteSyntaxError for text that is not YAML, that is empty, that
    holds more than one document, or that breaks a bound; OSError if a file cannot be read.
    """
    documents = read_all(source, file)
    name = _name(source, file)
    if not documents:
        raise RouteSyntaxError("the document is empty", Position(name, 1, 1))
    if len(documents) > 1:
        raise RouteSyntaxError(
            "a second document begins here", documents[1].at, "remove the '---' line or put it in a file of its own"
        )
    return documents[0]


def read_all(source: str | bytes | Path, file: str = "") -> tuple[Node, ...]:
    """All documents (separated by ``---``); none for empty text. Raises as :func:`read`."""
    name = _name(source, file)
    text = _text(source, name)
    try:
        return tuple(_Composer(name).compose(yaml.parse(text, Loader=_LOADER)))
    except yaml.MarkedYAMLError as error:
        raise mistakes.explain(error, text, name) from error
    except yaml.YAMLError as error:
        raise RouteSyntaxError(f"this is not YAML: {error}", Position(name, 1, 1)) from error


def _name(source: str | bytes | Path, file: str) -> str:
    return file or (str(source) if isinstance(source, Path) else "")


def _text(source: str | bytes | Path, name: str) -> str:
    if isinstance(source, Path):
        with source.open("rb") as stream:
            source = stream.read(MAX_BYTES + 1)
    if len(source) > MAX_BYTES:
        raise RouteSyntaxError(f"the document is larger than {MAX_BYTES} bytes", Position(name, 1, 1), "split it")
    if isinstance(source, bytes):
        try:
            text = source.decode("utf-8")
        except UnicodeDecodeError as error:
            line = source.count(b"\n", 0, error.start) + 1
            column = error.start - source.rfind(b"\n", 0, error.start)
            raise RouteSyntaxError(
                f"byte 0x{source[error.start]:02x} is not UTF-8", Position(name, line, column), "save the file as UTF-8"
            ) from error
    else:
        text = source
    text = text.removeprefix("\ufeff")
    bad = _UNPRINTABLE.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - text.rfind("\n", 0, bad.start())
        raise RouteSyntaxError(
            f"the character U+{ord(bad[0]):04X} is not allowed in YAML",
            Position(name, line, column),
            f'remove it, or write it as an escape in double quotes: "\\u{ord(bad[0]):04x}"',
        )
    return text


class _Open:
    """A list or map whose end has not come yet."""

    __slots__ = ("anchor", "at", "before", "entries", "flow", "height", "items", "key", "lines")

    def __init__(self, at: Position, anchor: str | None, flow: bool, before: int, is_map: bool) -> None:
        self.at = at
        self.anchor = anchor
        self.flow = flow
        self.before = before
        """Nodes counted before this one, to know its size at its end."""
        self.height = 1
        self.items: list[Node] = []
        self.entries: list[tuple[ScalarNode, Node]] = []
        self.key: ScalarNode | None = None
        self.lines: dict[str, int] | None = {} if is_map else None
        """Of a map: the line of every key."""


class _Composer:
    """Events to nodes, with a stack of its own so that no document can exhaust Python's."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int, int]] = {}
        """Anchor -> node, number of nodes in it, height."""
        self.count = 0

    def compose(self, events: Iterator[Any]) -> Iterator[Node]:
        for event in events:
            match event:
                case yaml.ScalarEvent():
                    node = ScalarNode(event.value, self._at(event), event.style or "", self._tag(event, _SCALAR_TAGS))
                    self._counted(1, 1, node.at)
                    root = self._put(node, 1, 1, event.anchor)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._begin(event)
                    continue
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    root = self._end()
                case yaml.AliasEvent():
                    root = self._alias(event)
                case yaml.DocumentStartEvent():
                    self.anchors = {}
                    continue
                case _:
                    continue
            # A document that holds nothing but comments comes as an empty plain scalar without extent.
            if root is not None and not (
                root == ScalarNode("", root.at) and event.start_mark.index == event.end_mark.index
            ):
                yield root

    def _begin(self, event: Any) -> None:
        at = self._at(event)
        is_map = isinstance(event, yaml.MappingStartEvent)
        self._tag(event, frozenset({"map"} if is_map else {"seq"}))
        top = self.stack[-1] if self.stack else None
        if top and top.lines is not None and top.key is None:
            raise mistakes.collection_as_key(at, top.at, double_brace=top.flow and is_map)
        self._counted(1, 1, at)
        self.stack.append(_Open(at, event.anchor, bool(event.flow_style), self.count - 1, is_map))

    def _end(self) -> Node | None:
        done = self.stack.pop()
        node = ListNode(tuple(done.items), done.at) if done.lines is None else MapNode(tuple(done.entries), done.at)
        return self._put(node, self.count - done.before, done.height, done.anchor)

    def _alias(self, event: Any) -> Node | None:
        at = self._at(event)
        known = self.anchors.get(event.anchor)
        if known is None:
            raise mistakes.unknown_alias(event.anchor, at, self.anchors)
        node, size, height = known
        self._counted(size, height, at)
        return self._put(node, size, height, None)

    def _put(self, node: Node, size: int, height: int, anchor: str | None) -> Node | None:
        """Give a finished node to whatever is open; the node itself if it is a document's root."""
        if anchor is not None:
            self.anchors[anchor] = (node, size, height)
        if not self.stack:
            return node
        top = self.stack[-1]
        top.height = max(top.height, height + 1)
        if top.lines is None:
            top.items.append(node)
        elif top.key is None:
            top.key = self._key(top.lines, node)
        else:
            top.entries.append((top.key, node))
            top.key = None
        return None

    def _key(self, lines: dict[str, int], node: Node) -> ScalarNode:
        if not isinstance(node, ScalarNode):
            raise mistakes.collection_as_key(node.at, node.at, double_brace=False)
        if node.text == "<<" and not node.style:
            raise mistakes.merge_key(node.at)
        if node.text in lines:
            raise mistakes.duplicate_key(node, lines[node.text])
        lines[node.text] = node.at.line
        return node

    def _counted(self, size: int, height: int, at: Position) -> None:
        self.count += size
        if self.count > MAX_NODES:
            raise RouteSyntaxError(
                f"more than {MAX_NODES} nodes, aliases expanded", at, "split the document or use fewer aliases"
            )
        if len(self.stack) + height > MAX_DEPTH:
            raise RouteSyntaxError(
                f"nested deeper than {MAX_DEPTH} levels", at, "move the inner part to a route of its own"
            )

    def _tag(self, event: Any, allowed: frozenset[str]) -> str:
        tag: str | None = event.tag
        if tag is None:
            return ""
        if tag == "!":
            return "str" if "str" in allowed else ""
        short = tag.removeprefix(_TAG)
        if short == tag or short not in allowed:
            raise mistakes.tag_refused(tag.replace(_TAG, "!!"), self._at(event))
        return short

    def _at(self, event: Any) -> Position:
        mark = event.start_mark
        return Position(self.file, mark.line + 1, mark.column + 1)
