"""``univocityCsv``: separated values by the rules of uniVocity: blanks around values cut, missing values null, rows written from maps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from esb.component import Context
from esb.dataformat import DataFormat
from esb.dataformats._univocity import UnivocityFormat, UnivocityOptions, left_out, one_character, trimmer, written
from esb.errors import Malformed
from esb.fields import Kind, field

_RECORD_LIMIT: Final = 4 << 20
"""Longest row with quotes: an unclosed quote must not gather a whole file."""


class UnivocityCsv(UnivocityOptions):
    """Comma separated values (uniVocity)."""

    name = "univocityCsv"
    delimiter = field(Kind.TEXT, ",", raw=True, doc="Between values.")
    quote = field(Kind.TEXT, '"', doc="Around values that hold a delimiter or a line's end.")
    quote_escape = field(Kind.TEXT, '"', doc="Before a quote within such a value.")
    quote_all_fields = field(Kind.BOOL, False, doc="Quote every value that is written.")

    def build(self, context: Context) -> DataFormat:
        one_character(self, "delimiter", "quote", "quoteEscape", "comment", "normalizedLineSeparator")
        return UnivocityFormat(self, _Cutter(self).rows, _teller(self))


class _Cutter:
    """Lines to rows: those without quotes fast, others character by character. Stateless after construction."""

    def __init__(self, spec: UnivocityCsv) -> None:
        self._delimiter = spec.delimiter
        self._quote = spec.quote
        self._escape = spec.quote_escape
        self._null = spec.null_value
        self._empty = spec.empty_value
        self._newline = spec.normalized_line_separator
        self._blanks = spec.ignore_leading_whitespaces
        self._trim = trimmer(spec)
        self._out = left_out(spec)

    def rows(self, lines: Iterator[str]) -> Iterator[list[Any]]:
        quote, delimiter, trim, null = self._quote, self._delimiter, self._trim, self._null
        for line in lines:
            if self._out(line):
                continue
            if quote not in line:
                yield [trim(value) or null for value in line.split(delimiter)]
            else:
                yield self._quoted(line, lines)

    def _quoted(self, line: str, lines: Iterator[str]) -> list[Any]:
        row: list[Any] = []
        at = 0
        while True:
            start = self._past_blanks(line, at) if self._blanks else at
            if line[start : start + 1] == self._quote:
                line, value, end = self._unquoted(line, start, lines)
            else:
                value, end = None, -1
            if end < 0:  # no quotes, or ones that do not close before the delimiter: they are part of the value
                end = line.find(self._delimiter, start)
                end = len(line) if end < 0 else end
                value = self._trim(line[at:end]) or self._null
            row.append(value)
            if end >= len(line):
                return row
            at = end + 1

    def _unquoted(self, line: str, start: int, lines: Iterator[str]) -> tuple[str, Any, int]:
        """The line, with those that the value goes on to; the value; where it ends, or -1 if its quotes do not close properly."""
        told: list[str] = []
        at = start + 1
        while True:
            if at >= len(line):
                following = next(lines, None)
                if following is None:  # the quote never closes: the value is all there is
                    value = "".join(told)
                    return line, value + self._newline if line.endswith(value) else value, len(line)
                line += self._newline + following
                if len(line) > _RECORD_LIMIT:
                    raise Malformed(f"a row is longer than {_RECORD_LIMIT} characters: a quote is not closed")
            one, after = line[at], line[at + 1 : at + 2]
            if one == self._escape and after == self._quote:
                told.append(self._quote)
                at += 2
            elif one == self._quote:
                end = self._past_blanks(line, at + 1)
                if end >= len(line) or line[end] == self._delimiter:
                    return line, "".join(told) or self._empty, end
                return line, None, -1
            else:
                told.append(one)
                at += 1

    def _past_blanks(self, line: str, at: int) -> int:
        while at < len(line) and line[at] <= " " and line[at] != self._delimiter:
            at += 1
        return at


def _teller(spec: UnivocityCsv) -> Any:
    told = written(spec)
    quote, escaped, everything = spec.quote, spec.quote_escape + spec.quote, spec.quote_all_fields
    special = (spec.delimiter, "\n", "\r", spec.normalized_line_separator)

    def tell(row: list[Any]) -> str:
        values = []
        for number, value in enumerate(row):
            word = told(value)
            if (
                everything
                or word.startswith(quote)
                or any(one in word for one in special)
                or (number == 0 and spec.comment and word.startswith(spec.comment))
            ):
                word = f"{quote}{word.replace(quote, escaped)}{quote}"
            values.append(word)
        joined: str = spec.delimiter.join(values)
        return joined

    return tell
