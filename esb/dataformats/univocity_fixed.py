"""``univocityFixed``: records of fixed width, one after the other or one a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from esb.component import Context
from esb.dataformat import DataFormat
from esb.dataformats._lines import within_record
from esb.dataformats._univocity import UnivocityFormat, UnivocityOptions, left_out, one_character, trimmer, written
from esb.errors import ConversionFailed, Malformed, OptionError
from esb.fields import Kind, field


class UnivocityFixed(UnivocityOptions):
    """Records of fixed width (uniVocity)."""

    name = "univocityFixed"
    padding = field(Kind.TEXT, " ", raw=True, doc="What fills a value up to its width.")
    record_ends_on_newline = field(Kind.BOOL, False, doc="A line's end ends the record, though values may be missing.")
    skip_trailing_chars_until_newline = field(Kind.BOOL, False, doc="Read over what follows the last value.")

    def build(self, context: Context) -> DataFormat:
        one_character(self, "padding", "comment", "normalizedLineSeparator")
        widths = [one.length for one in self.univocity_header]
        if not widths or any(width is None or width < 1 for width in widths):
            raise OptionError(
                "univocityFixed needs 'univocityHeader', a list of columns with their 'length'",
                self.at,
                "write univocityHeader: [{name: sku, length: 12}]",
            )
        value, out = _value(self), left_out(self)
        by_line = self.record_ends_on_newline or self.skip_trailing_chars_until_newline
        exact = not self.skip_trailing_chars_until_newline

        def rows(lines: Iterator[str]) -> Iterator[list[Any]]:
            kept = (line for line in lines if not out(line))
            for record in _cut_lines(kept, widths, exact=exact) if by_line else _cut_text(kept, widths):
                yield [value(part) for part in record]

        return UnivocityFormat(self, rows, _teller(self, widths))


def _value(spec: UnivocityFixed) -> Callable[[str], str | None]:
    trim, padding, null = trimmer(spec), spec.padding, spec.null_value

    def value(part: str) -> str | None:
        return trim(trim(part.lstrip(padding)).rstrip(padding)) or null

    return value


def _cut_lines(lines: Iterator[str], widths: list[int], *, exact: bool) -> Iterator[list[str]]:
    """A record a line; a short line ends early. What stands beyond the record is an error unless it is to be read over."""
    for line in lines:
        if exact and len(line) > sum(widths):
            raise Malformed(
                f"a record has {len(line)} characters instead of {sum(widths)}: {line[:60]!r}; "
                "if the rest means nothing, set skipTrailingCharsUntilNewline: true"
            )
        record, at = [], 0
        for width in widths:
            if at >= len(line):
                break
            record.append(line[at : at + width])
            at += width
        yield record


def _cut_text(lines: Iterator[str], widths: list[int]) -> Iterator[list[str]]:
    """Records one after the other: a line's end between them is read over, within one it is a character like others."""
    whole = sum(widths)
    rest = ""
    for line in lines:
        rest += line
        at = 0  # the rest is cut once a line: for each record it would take time by the square of a long text
        while len(rest) - at >= whole:
            yield _parts(rest, widths, at)
            at += whole
        rest = rest[at:]
        if rest:
            rest += "\n"
    if rest:
        yield _parts(rest, widths)


def _parts(record: str, widths: list[int], at: int = 0) -> list[str]:
    parts = []
    for width in widths:
        if at < len(record):
            parts.append(record[at : at + width])
        at += width
    return parts


def _teller(spec: UnivocityFixed, widths: list[int]) -> Callable[[list[Any]], str]:
    told, padding = written(spec), spec.padding
    names = [one.column or str(number) for number, one in enumerate(spec.univocity_header, 1)]

    def tell(row: list[Any]) -> str:
        words = []
        for name, width, value in zip(names, widths, row, strict=False):
            word = within_record(name, told(value), spec.line_separator)
            if len(word) > width:  # Camel would cut it, and nobody would know
                raise ConversionFailed(f"{name!r} does not fit into {width} characters: {word[: width + 20]!r}")
            words.append(word.ljust(width, padding))
        return "".join(words)

    return tell
