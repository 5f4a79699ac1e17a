"""Where the values of a document end in its text, and which of them are in flow style: what an edit must know beside the nodes."""

from __future__ import annotations

import bisect
import re
from typing import Any, Final

import yaml

from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.errors import Position

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # what libyaml counts as a line's end


class Layout:
    """The spans of one text that the reader has taken already (so it is YAML and within all bounds). Offsets are characters of the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = [0, *(found.end() for found in _BREAK.finditer(text))]
        """Where each line begins."""
        self.bounds = [*self.lines, len(text)]
        """The same, and where the last one ends."""
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self._ends: dict[tuple[str, int], int] = {}
        self._flow: set[tuple[str, int]] = set()
        self._scan()

    def _scan(self) -> None:
        open_: list[tuple[str, int, int]] = []  # kind, begin, and the end of what it holds so far
        for event in yaml.parse(self.text, Loader=_LOADER):
            match event:
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    kind = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
                    begin = self._mark(event.start_mark)
                    if event.flow_style:
                        self._flow.add((kind, begin))
                    open_.append((kind, begin, begin))
                    continue
                case yaml.ScalarEvent() | yaml.AliasEvent():
                    begin, end = self._mark(event.start_mark), self._mark(event.end_mark)
                    if isinstance(event, yaml.ScalarEvent):
                        end = self._content_end(begin, end) if event.style in {"|", ">"} else end
                        self._ends["scalar", begin] = max(end, self._ends.get(("scalar", begin), 0))
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    kind, begin, inner = open_.pop()
                    # The end of a collection in block style is where the next token begins: its content ends before.
                    end = self._mark(event.end_mark) if (kind, begin) in self._flow else inner
                    self._ends[kind, begin] = end
                case _:
                    continue
            if open_:
                kind, begin, inner = open_[-1]
                open_[-1] = (kind, begin, max(inner, end))

    def _content_end(self, begin: int, end: int) -> int:
        """The end of a literal's text: the parser's mark lies behind the blank lines and comments that follow it."""
        first, last = self.line(begin), self.line(end)
        header = self.text[begin : self.lines[first + 1]] if first + 1 < len(self.lines) else ""
        if re.search(r"[|>][-+]?\d", header):
            return end  # with an explicit indentation the first line does not tell where the text ends
        indent = -1
        content_end = end
        for line in range(first + 1, last + 1):
            text = self.text[self.lines[line] : self.lines[line + 1] if line + 1 < len(self.lines) else None]
            column = len(text) - len(text.lstrip(" "))
            if text.strip() and indent < 0:
                indent = column
            if text.strip() and column >= indent:
                content_end = min(end, self.lines[line] + len(text))
            elif text.strip():
                break
        return content_end

    def _mark(self, mark: Any) -> int:
        offset: int = self.lines[mark.line] + mark.column
        return offset

    def begin(self, at: Position) -> int:
        """The offset of a position."""
        return self.lines[at.line - 1] + at.column - 1

    def end(self, node: Node) -> int:
        """The offset after a node's last character."""
        return self._ends[_kind(node), self.begin(node.at)]

    def is_flow(self, node: Node) -> bool:
        """Whether a list or map is in flow style (brackets, braces)."""
        return (_kind(node), self.begin(node.at)) in self._flow

    def line(self, offset: int) -> int:
        """The index of the line that holds an offset."""
        return bisect.bisect_right(self.lines, offset) - 1


def _kind(node: Node) -> str:
    match node:
        case ScalarNode():
            return "scalar"
        case ListNode():
            return "list"
        case MapNode():
            return "map"
