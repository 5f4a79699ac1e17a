"""Edits of a YAML text that keep everything they are not about: insertions, and lines that move to the right."""

from __future__ import annotations

import bisect
import re
from typing import Final

from esb.dsl.layout import Layout
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode

STEP: Final = 2
"""Blanks by which a new level is indented."""
_COLON: Final = re.compile(r"[ \t]*:")
_TO_VALUE: Final = re.compile(r"[ \t]*:\s*(?:#[^\n]*\n\s*)*")
_NEXT_ITEM: Final = re.compile(r"\s*\}\s*,\s*")


class NotEditable(Exception):
    """This place is not where its node is (an alias), or it is laid out in a way that no edit here knows."""


class Edits:
    """Some edits of one text. Those of :meth:`add` that touch the same lines as earlier ones are left out."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._text = layout.text
        self._changes: list[tuple[int, int, str]] = []
        self._spans: list[tuple[int, int]] = []
        self._newline = layout.newline

    def begin(self, node: Node) -> int:
        """The offset of a node's first character."""
        return self._layout.begin(node.at)

    def end(self, node: Node) -> int:
        """The offset after a node's last character."""
        return self._layout.end(node)

    def add(self, other: Edits) -> None:
        """Take another's edits, unless they meet some that are here already."""
        if not any(self._meets(span) for span in other._spans):
            self._changes += other._changes
            for span in other._spans:
                bisect.insort(self._spans, span)

    def _meets(self, span: tuple[int, int]) -> bool:
        """Whether a span overlaps one that is taken; those are in order and apart, so only two can."""
        place = bisect.bisect_left(self._spans, span)
        before = place > 0 and self._spans[place - 1][1] > span[0]
        return before or (place < len(self._spans) and self._spans[place][0] < span[1])

    def applied(self) -> str:
        """The text after all edits."""
        parts: list[str] = []
        place = 0
        for begin, end, new in sorted(self._changes, key=lambda change: change[:2]):
            parts += (self._text[place:begin], new)
            place = end
        return "".join((*parts, self._text[place:]))

    # -- what the formatter asks for -------------------------------------------------------------------------------------------

    def replace(self, begin: int, end: int, new: str) -> None:
        """Put something in the place of a span."""
        self._spans.append((begin, end))
        self._changes.append((begin, end, new))

    def text_to_map(
        self, node: ScalarNode, key: ScalarNode | None, owner: MapNode | None, before: str, after: str
    ) -> None:
        """A text becomes a map: ``before`` it comes the new key, ``after`` it what closes the entry."""
        begin, end = self._span(node, key)
        if (owner is not None and self._layout.is_flow(owner)) or (key is None and self._in_flow_list(begin)):
            self._spans.append((begin, end))
            self._insert(begin, f"{{{before}")
            self._insert(end, f"{after}}}")
            return
        self._spans.append(self._whole_lines(begin, end))
        line = self._layout.line(begin)
        if key is not None and self._layout.line(self.begin(key)) == line:
            colon = self._colon(key)
            self._changes.append((colon, begin, f"{self._newline}{' ' * (key.at.column - 1 + STEP)}{before}"))
        else:
            self._insert(begin, before)
        if after:
            self._insert(end, after)
        self._indent(line + 1, self._layout.line(end - 1), STEP)

    def wrap(self, key: ScalarNode, node: Node, owner: MapNode, name: str) -> None:
        """An entry goes below a new key."""
        begin = self.begin(key)
        end = self.end(owner) if node is owner else self._entry_end(key, node)
        if self._layout.is_flow(owner):
            if node is owner:
                end -= 1  # its closing brace stays outside
            self._spans.append((begin, end))
            self._insert(begin, f"{name}: {{")
            self._insert(end, "}")
            return
        self._spans.append(self._whole_lines(begin, end))
        self._insert(begin, f"{name}:{self._newline}{' ' * (key.at.column - 1 + STEP)}")
        self._indent(self._layout.line(begin) + 1, self._layout.line(end - 1), STEP)

    def take_rest(self, key: ScalarNode, value: Node, rest: tuple[Node, ...]) -> None:
        """The items after a block become its ``steps``."""
        first, last = self.begin(rest[0]), self.end(rest[-1])
        if self._in_flow_list(first):
            self._take_rest_in_flow(value, first, last)
            return
        dash = self._dash(first)
        self._spans.append(self._whole_lines(self.begin(key), last))
        if isinstance(value, MapNode) and "steps" in value and not self._layout.is_flow(value):
            indent = value.at.column - 1
            self._emptied(value)
        else:
            indent, after = self._opened(key, value)
            self._insert(after, f"{self._newline}{' ' * indent}steps:")
        self._indent(self._layout.line(first), self._layout.line(last - 1), indent + STEP - dash)

    def move_into(self, key: ScalarNode, value: Node, target: MapNode, owner: MapNode) -> None:
        """An entry that follows the entry of ``target`` in the same map becomes the last one of ``target``."""
        begin, end = self.begin(key), self._entry_end(key, value)
        closed = self.end(target)
        between = re.sub(r"#[^\n]*", "", self._text[closed:begin])
        if begin < closed or between.strip(" \t\r\n,"):
            raise NotEditable
        if self._layout.is_flow(owner) and self._layout.is_flow(target):
            self._spans.append((closed - 1, end))
            self._changes.append((closed - 1, begin, ", "))
            self._insert(end, "}")
            return
        if self._layout.is_flow(owner):
            raise NotEditable
        above = owner.key("from")
        assert above is not None
        indent, _ = self._opened(above, target)
        self._spans.append(self._whole_lines(self.begin(above), end))
        self._indent(self._layout.line(begin), self._layout.line(end - 1), indent - (key.at.column - 1))

    # -- the parts of these ----------------------------------------------------------------------------------------------------

    def _insert(self, at: int, new: str) -> None:
        self._changes.append((at, at, new))

    def _indent(self, first: int, last: int, by: int) -> None:
        """Move lines to the right (to the left if negative); empty ones stay."""
        lines = self._layout.bounds
        for line in range(first, min(last, len(lines) - 2) + 1):
            begin = lines[line]
            if not self._text[begin : lines[line + 1]].strip():
                continue
            if by >= 0:
                self._insert(begin, " " * by)
            elif self._text[begin : begin - by].isspace():
                self._changes.append((begin, begin - by, ""))
            else:
                raise NotEditable

    def _whole_lines(self, begin: int, end: int) -> tuple[int, int]:
        lines = self._layout.bounds
        return lines[self._layout.line(begin)], lines[self._layout.line(max(end - 1, begin)) + 1]

    def _colon(self, key: ScalarNode) -> int:
        """The offset after the colon of a key."""
        found = _COLON.match(self._text, self.end(key))
        if found is None:
            raise NotEditable
        return found.end()

    def _span(self, node: Node, key: ScalarNode | None) -> tuple[int, int]:
        """The span of a value, if it stands where its key says."""
        begin, end = self.begin(node), self.end(node)
        if key is not None:
            found = _TO_VALUE.match(self._text, self.end(key))
            here = found is not None and found.end() == begin
        else:
            here = self._before(begin) in {"-", "[", ","}
        if not here:
            raise NotEditable
        return begin, end

    def _entry_end(self, key: ScalarNode, node: Node) -> int:
        if isinstance(node, ScalarNode) and not node.text and not node.style:
            return self._colon(key)
        return self._span(node, key)[1]

    def _in_flow_list(self, begin: int) -> bool:
        return self._before(begin) in {"[", ","}

    def _before(self, offset: int) -> str:
        """The last character before an offset that is no blank."""
        while offset > 0 and self._text[offset - 1].isspace():
            offset -= 1
        return self._text[offset - 1 : offset]

    def _dash(self, begin: int) -> int:
        """The column of the dash before an item."""
        start = self._layout.lines[self._layout.line(begin)]
        before = self._text[start:begin]
        if not re.fullmatch(r" *- +", before):
            raise NotEditable
        return before.index("-")

    def _opened(self, key: ScalarNode, value: Node) -> tuple[int, int]:
        """Make sure that a map is in block style: the column of its entries, and the offset where a further line can come."""
        indent = key.at.column - 1 + STEP
        if isinstance(value, ScalarNode):
            return indent, self._line_end(self._colon(key))
        assert isinstance(value, MapNode)
        begin, end = self._span(value, key)
        if not self._layout.is_flow(value):
            return value.at.column - 1, self._line_end(end - 1)
        if self._layout.line(begin) != self._layout.line(end):
            raise NotEditable
        kept = value.without("steps")  # an empty list, or there would be no rest to take
        entries = [self._text[self.begin(name) : self._entry_end(name, inner)] for name, inner in kept]
        lines = "".join(f"{self._newline}{' ' * indent}{entry}" for entry in entries)
        tail = self._line_end(end)
        self._changes.append((self._colon(key), tail, self._text[end:tail] + lines))
        return indent, tail

    def _line_end(self, offset: int) -> int:
        lines = self._layout.bounds
        line = self._text[lines[self._layout.line(offset)] : lines[self._layout.line(offset) + 1]]
        return lines[self._layout.line(offset)] + len(line.rstrip("\r\n"))

    def _emptied(self, value: MapNode) -> None:
        """Take away the empty list of a block's steps, if it comes last: the rest of the list stands there from now on."""
        key, steps = value.entries[-1]
        if key.text != "steps":
            raise NotEditable
        if not isinstance(steps, ScalarNode):
            self._changes.append((self._colon(key), self._span(steps, key)[1], ""))

    def _take_rest_in_flow(self, value: Node, first: int, last: int) -> None:
        if not isinstance(value, MapNode) or not self._layout.is_flow(value):
            raise NotEditable
        closed = self.end(value)
        if not _NEXT_ITEM.fullmatch(self._text[closed:first]):
            raise NotEditable
        steps = value.get("steps")
        if steps is None:
            begin, opening = closed - 1, f"{', ' if len(value) else ''}steps: ["
        elif isinstance(steps, ListNode) and value.keys()[-1] == "steps":
            begin, opening = self.end(steps) - 1, ""
        else:
            raise NotEditable
        self._spans.append((begin, last))
        self._changes.append((begin, first, opening))
        self._insert(last, "]}}")
