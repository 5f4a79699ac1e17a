"""``csv``: rows as lists or maps, by the rules of Camel's CSV format (Apache Commons CSV); large files row by row.

With ``unmarshalType`` rows are held against a data type; ``lazyLoad`` reads them as the route takes them, so that memory does not grow with the file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from esb.coerce import Source, listed, octets, text
from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._typed import data_type, typed_rows
from esb.errors import ConversionFailed, Malformed, OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.javanames import IllegalArgumentException

_FIELD_LIMIT = 1 << 20
_QUOTING: dict[str, Any] = {
    "ALL": csv.QUOTE_ALL,
    "NON_NUMERIC": csv.QUOTE_NONNUMERIC,
    "NONE": csv.QUOTE_NONE,
    "MINIMAL": csv.QUOTE_MINIMAL,
    "ALL_NON_NULL": csv.QUOTE_ALL,
}


class Csv(DataFormatSpec):
    """Comma separated values."""

    name = "csv"
    unmarshal_type = field(Kind.TEXT, None, doc="Data type that each row is held against.", example="erp.PriceRow")
    bad_rows = field(
        Kind.TEXT,
        "fail",
        enum=("fail", "skip", "mark"),
        doc="A row that breaks the type: fail, leave out, or mark as {rejected: ...}.",
    )
    delimiter = field(Kind.TEXT, ",", raw=True)
    quote = field(Kind.TEXT, '"')
    quote_disabled = field(Kind.BOOL, False)
    quote_mode = field(Kind.TEXT, None, enum=tuple(_QUOTING))
    escape = field(Kind.TEXT, None)
    escape_disabled = field(Kind.BOOL, False)
    comment_marker = field(Kind.TEXT, None)
    comment_marker_disabled = field(Kind.BOOL, False)
    null_string = field(Kind.TEXT, None)
    null_string_disabled = field(Kind.BOOL, False)
    record_separator = field(Kind.TEXT, "\r\n", raw=True)
    record_separator_disabled = field(Kind.TEXT, None)
    trailing_delimiter = field(Kind.BOOL, False)
    header = field(Kind.NAMES, (), doc="Names of the columns.")
    header_disabled = field(Kind.BOOL, False)
    skip_header_record = field(Kind.BOOL, False, doc="The first line holds names: read over it, and do not write one.")
    capture_header_record = field(Kind.BOOL, False)
    use_maps = field(Kind.BOOL, False, doc="Rows as maps; names from the header option or the first line.")
    use_ordered_maps = field(Kind.BOOL, False)
    lazy_load = field(Kind.BOOL, False, doc="Give an iterator, for a streaming split.")
    trim = field(Kind.BOOL, False)
    ignore_empty_lines = field(Kind.BOOL, True)
    ignore_surrounding_spaces = field(Kind.BOOL, False)
    ignore_header_case = field(Kind.BOOL, False)
    allow_missing_column_names = field(Kind.BOOL, False)
    charset = field(Kind.TEXT, "utf-8", doc="Encoding of the text; a byte order mark is read over.")
    spreadsheet_safe = field(
        Kind.BOOL, False, doc="Put ' before values that a spreadsheet would run as a formula (= + - @)."
    )
    format_name = field(Kind.TEXT, None, doc="DEFAULT, EXCEL, TDF, RFC4180.")
    format_ref = field(Kind.REF, None)
    marshaller_factory_ref = field(Kind.REF, None)
    record_converter_ref = field(Kind.REF, None)
    use_record_converter = field(Kind.BOOL, False)

    def build(self, context: Context) -> DataFormat:
        if len(self.delimiter) != 1 and self.delimiter != "\\t":
            raise OptionError(f"'delimiter' is one character, not {self.delimiter!r}", self.at)
        return CsvFormat(self, data_type(context, self.unmarshal_type, self.at))


class CsvFormat:
    """Reads and writes by the standard library's csv, with a bound on the size of a field. Stateless after construction."""

    def __init__(self, spec: Csv, kind: Any | None) -> None:
        self._spec = spec
        self._kind = kind
        self._maps = spec.use_maps or spec.use_ordered_maps or kind is not None
        self._delimiter = "\t" if spec.delimiter == "\\t" or spec.format_name == "TDF" else spec.delimiter
        self._null = None if spec.null_string_disabled else spec.null_string
        comment = None if spec.comment_marker_disabled else spec.comment_marker
        self._comment = comment
        self._columns = {place.column: place.key for place in kind.layout()} if kind is not None else {}
        csv.field_size_limit(_FIELD_LIMIT)

    # -- reading ---------------------------------------------------------------------------------------------------------------

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        rows = self._rows(data)
        values: Iterable[Any] = self._named(rows) if self._maps else (row for _, row in rows)
        return values if self._spec.lazy_load else list(values)

    def _named(self, rows: Iterator[tuple[int, list[Any]]]) -> Iterator[Any]:
        names = list(self._spec.header)
        if not names:
            names = next(rows, (0, []))[1]
            if any(not name for name in names) and not self._spec.allow_missing_column_names:
                raise IllegalArgumentException(f"A header name is missing in [{', '.join(map(str, names))}]")
        if self._kind is None:
            for _, row in rows:
                yield dict(zip(names, row, strict=False))
            return
        keys = [self._columns.get(name, name) for name in names]
        pairs = ((line, self._row(keys, row)) for line, row in rows)
        yield from typed_rows(pairs, self._kind, self._spec.bad_rows)

    def _row(self, keys: list[str], row: list[Any]) -> dict[str, Any]:
        named = dict(zip(keys, row, strict=False))
        if len(row) > len(keys):
            named["_surplus"] = row[len(keys) :]  # an unknown field for the type: a shifted row must not pass
        return named

    def _rows(self, data: Any) -> Iterator[tuple[int, list[Any]]]:
        """Line number (of the row's last line) and values of each record."""
        spec = self._spec
        lines = _Lines(_text_lines(data, spec.charset), self._comment)
        quoting: Any = csv.QUOTE_NONE if spec.quote_disabled or spec.quote_mode == "NONE" else csv.QUOTE_MINIMAL
        reader = csv.reader(
            lines,
            delimiter=self._delimiter,
            quotechar=spec.quote,
            escapechar=None if spec.escape_disabled else spec.escape,
            doublequote=True,
            skipinitialspace=spec.ignore_surrounding_spaces,
            quoting=quoting,
        )
        skip = spec.skip_header_record
        plain = self._null is None and not spec.trim and not spec.ignore_surrounding_spaces
        try:
            for row in reader:
                if not row:
                    if spec.ignore_empty_lines:
                        continue
                    row = [""]  # noqa: PLW2901 -- an empty line is a record with one empty value
                if skip:
                    skip = False
                    continue
                yield lines.number, (row if plain else [self._value(value) for value in row])
        except csv.Error as error:
            raise Malformed(f"line {lines.number}: not CSV: {error}") from error
        except UnicodeDecodeError as error:
            raise Malformed(f"line {lines.number + 1}: not text in {spec.charset}: {error.reason}") from error

    def _value(self, value: str) -> str | None:
        if self._spec.trim or self._spec.ignore_surrounding_spaces:
            value = value.strip()
        return None if value == self._null else value

    # -- writing ---------------------------------------------------------------------------------------------------------------

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        spec = self._spec
        rows = value if not isinstance(value, (Mapping, str, bytes)) else [value]
        target = io.StringIO(newline="")
        writer = csv.writer(
            target,
            delimiter=self._delimiter,
            quotechar=spec.quote,
            escapechar=spec.escape or ("\\" if spec.quote_mode == "NONE" else None),
            lineterminator=spec.record_separator,
            quoting=_QUOTING[spec.quote_mode or "MINIMAL"],
        )
        names: Sequence[str] = spec.header
        if self._kind is not None and not names:
            names = tuple(self._columns)
        if names and not spec.skip_header_record and not spec.header_disabled:
            writer.writerow(names)
        keys = [self._columns.get(name, name) for name in names]
        for row in listed(rows) if not isinstance(rows, Iterator) else rows:
            self._write(writer, target, self._kind.dump(row) if self._kind is not None else row, keys)
        return target.getvalue().encode(spec.charset)

    def _write(self, writer: Any, target: io.StringIO, row: Any, keys: Sequence[str]) -> None:
        if isinstance(row, Mapping):
            values = [row.get(key) for key in keys] if keys else list(row.values())
        elif isinstance(row, (list, tuple)):
            values = list(row)
        else:
            raise ConversionFailed(f"a row of CSV is a list or a map, not a {type(row).__name__}")
        if self._spec.quote_mode in {"ALL", "ALL_NON_NULL"} and None in values:
            self._write_nulls(target, values)
            return
        writer.writerow([self._told(value) for value in values])

    def _write_nulls(self, target: io.StringIO, values: list[Any]) -> None:
        """A row in which everything is quoted but what is not there, which the standard library cannot tell apart."""
        quote = self._spec.quote
        told = [
            "" if value is None else f"{quote}{str(self._told(value)).replace(quote, quote * 2)}{quote}"
            for value in values
        ]
        target.write(self._delimiter.join(told) + self._spec.record_separator)

    def _told(self, value: Any) -> Any:
        if value is None:
            return self._null or ""
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value if isinstance(value, int) else text(value)
        told = text(value) or ""
        if self._spec.spreadsheet_safe and told[:1] in {"=", "+", "-", "@", "\t", "\r"}:
            return "'" + told
        return told


class _Lines:
    """Lines for the csv reader, counted; comments are left out."""

    def __init__(self, lines: Iterable[str], comment: str | None) -> None:
        self.number = 0
        self._lines = iter(lines)
        self._comment = comment

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        while self._comment and line.startswith(self._comment):
            line = next(self._lines)
            self.number += 1
        return line


def _text_lines(data: Any, charset: str) -> Iterator[str]:
    """Lines with their ends, from text, bytes or a source that is read as it goes and closed at the end."""
    encoding = "utf-8-sig" if charset.lower().replace("_", "-") in {"utf-8", "utf8"} else charset
    if isinstance(data, str):
        yield from io.StringIO(data.removeprefix("\ufeff"), newline="")
        return
    with (
        data.open() if isinstance(data, Source) else io.BytesIO(octets(data)) as binary,
        io.TextIOWrapper(binary, encoding, newline="") as lines,
    ):
        yield from lines
