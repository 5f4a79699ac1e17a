"""Separated values with quotes, character by character: for what the standard library's reader cannot tell apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from esb.errors import Malformed

_RECORD_LIMIT: Final = 4 << 20
"""Longest row with quotes: an unclosed quote must not gather a whole file."""


@dataclass(frozen=True)
class Cutter:
    """Lines to rows. Blanks are cut outside quotes only; quotes that do not close before the delimiter are part of the value. Thread-safe."""

    delimiter: str
    quote: str
    escape: str
    """What stands before a quote within quotes."""
    trim: Callable[[str], str]
    """Cuts blanks around values that have no quotes."""
    blanks: bool = True
    """Whether blanks may stand before a quote."""
    null: str | None = None
    empty: str | None = None
    """What an empty value is read as, without and with quotes."""
    newline: str = "\n"
    """What a line's end within quotes is read as."""
    out: Callable[[str], bool] | None = None
    """Whether a line is no row."""

    def rows(self, lines: Iterator[str]) -> Iterator[list[Any]]:
        """The rows of lines without their ends. Raises Malformed for a quote that is never closed."""
        quote, delimiter, trim, null = self.quote, self.delimiter, self.trim, self.null
        for line in lines:
            if self.out is not None and self.out(line):
                continue
            if quote not in line:
                yield [trim(value) or null for value in line.split(delimiter)]
            else:
                yield self._row(line, lines)

    def _row(self, line: str, lines: Iterator[str]) -> list[Any]:
        row: list[Any] = []
        at = 0
        while True:
            start = self._past_blanks(line, at) if self.blanks else at
            value, end = None, -1
            if line[start : start + 1] == self.quote:
                line, value, end = self._quoted(line, start, lines)
            if end < 0:
                end = line.find(self.delimiter, start)
                end = len(line) if end < 0 else end
                value = self.trim(line[at:end]) or self.null
            row.append(value)
            if end >= len(line):
                return row
            at = end + 1

    def _quoted(self, line: str, start: int, lines: Iterator[str]) -> tuple[str, Any, int]:
        """The line, with those that the value goes on to; the value; where it ends, or -1 if its quotes do not close properly."""
        told: list[str] = []
        at = start + 1
        while True:
            if at >= len(line):
                following = next(lines, None)
                if following is None:  # the quote never closes: the value is all there is
                    return line, "".join(told) + self.newline, len(line)
                line += self.newline + following
                if len(line) > _RECORD_LIMIT:
                    raise Malformed(f"a row is longer than {_RECORD_LIMIT} characters: a quote is not closed")
            one, after = line[at], line[at + 1 : at + 2]
            if one == self.escape and after == self.quote:
                told.append(self.quote)
                at += 2
            elif one == self.quote:
                end = self._past_blanks(line, at + 1)
                if end >= len(line) or line[end] == self.delimiter:
                    return line, "".join(told) or self.empty, end
                return line, None, -1
            else:
                told.append(one)
                at += 1

    def _past_blanks(self, line: str, at: int) -> int:
        while at < len(line) and line[at] <= " " and line[at] != self.delimiter:
            at += 1
        return at
