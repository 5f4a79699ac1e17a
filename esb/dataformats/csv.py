"""``csv``: rows as lists or maps, by the rules of Camel's CSV format (Apache Commons CSV); large files row by row.

With ``unmarshalType`` rows are held against a data type; ``lazyLoad`` reads them as the route takes them, so that memory does not grow with the file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from esb.coerce import NoConversion
from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._csv_writer import teller
from esb.dataformats._cutter import Cutter
from esb.dataformats._lines import charset_of, text_lines
from esb.dataformats._typed import SURPLUS, data_type, typed_rows
from esb.errors import Malformed, OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.javanames import IllegalArgumentException

_FIELD_LIMIT = 1 << 20
_MODES = ("ALL", "ALL_NON_NULL", "MINIMAL", "NON_NUMERIC", "NONE")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
HEADER_RECORD = "CamelCsvHeaderRecord"


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
    quote_mode = field(Kind.TEXT, None, enum=_MODES, doc="Which values are quoted; those that need it by default.")
    escape = field(Kind.TEXT, None)
    escape_disabled = field(Kind.BOOL, False)
    comment_marker = field(Kind.TEXT, None)
    comment_marker_disabled = field(Kind.BOOL, False)
    null_string = field(Kind.TEXT, None)
    null_string_disabled = field(Kind.BOOL, False)
    record_separator = field(Kind.TEXT, "\r\n", raw=True)
    record_separator_disabled = field(Kind.TEXT, None, doc="When true nothing is written between rows.")
    trailing_delimiter = field(Kind.BOOL, False)
    header = field(Kind.NAMES, (), doc="Names of the columns.")
    header_disabled = field(Kind.BOOL, False)
    skip_header_record = field(Kind.BOOL, False, doc="The first line holds names: read over it, and do not write one.")
    capture_header_record = field(
        Kind.BOOL, False, doc=f"Put the names of the first line into the header {HEADER_RECORD}."
    )
    use_maps = field(Kind.BOOL, False, doc="Rows as maps; names from the header option or the first line.")
    use_ordered_maps = field(Kind.BOOL, False)
    lazy_load = field(Kind.BOOL, False, doc="Give an iterator, for a streaming split.")
    trim = field(Kind.BOOL, False)
    ignore_empty_lines = field(Kind.BOOL, True)
    ignore_surrounding_spaces = field(Kind.BOOL, False)
    ignore_header_case = field(Kind.BOOL, False)
    allow_missing_column_names = field(Kind.BOOL, False)
    charset = field(
        Kind.TEXT,
        None,
        doc="Encoding of the text; that of the exchange, or UTF-8, by default. A byte order mark is read over.",
    )
    spreadsheet_safe = field(
        Kind.BOOL, False, doc="Put ' before values that a spreadsheet would run as a formula (= + - @)."
    )
    format = field(Kind.TEXT, "DEFAULT", doc="Accepted without effect, as in Camel: set delimiter and the like.")
    format_ref = field(Kind.REF, None)
    marshaller_factory_ref = field(Kind.REF, None)
    record_converter_ref = field(Kind.REF, None)
    use_record_converter = field(Kind.BOOL, False)

    def build(self, context: Context) -> DataFormat:
        delimiter = "\t" if self.delimiter == "\\t" else self.delimiter
        for name, value in (("delimiter", delimiter), ("quote", self.quote), ("escape", self.escape)):
            if value is not None and len(value) != 1:
                raise OptionError(f"{name!r} is one character, not {value!r}", self.at)
        return CsvFormat(self, delimiter, data_type(context, self.unmarshal_type, self.at))


class CsvFormat:
    """Reads by the standard library's csv, with a bound on the size of a field. Stateless after construction."""

    def __init__(self, spec: Csv, delimiter: str, kind: Any | None) -> None:
        self._spec = spec
        self._kind = kind
        self._maps = spec.use_maps or spec.use_ordered_maps or kind is not None
        self._delimiter = delimiter
        self._null = None if spec.null_string_disabled else spec.null_string
        self._comment = None if spec.comment_marker_disabled else spec.comment_marker
        self._escape = None if spec.escape_disabled else spec.escape
        self._columns = {place.column: place.key for place in kind.layout()} if kind is not None else {}
        self._tell = teller(spec, delimiter)
        self._end = "" if spec.record_separator_disabled == "true" else spec.record_separator
        csv.field_size_limit(_FIELD_LIMIT)

    # -- reading ---------------------------------------------------------------------------------------------------------------

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        rows = self._rows(data, charset_of(exchange, self._spec.charset))
        names = list(self._spec.header)
        if self._spec.capture_header_record or (self._maps and not names):
            first = next(rows, (0, []))[1]
            names = names or first
            if self._spec.capture_header_record:
                exchange.message.headers[HEADER_RECORD] = first
        values: Iterable[Any] = self._named(names, rows) if self._maps else (row for _, row in rows)
        return values if self._spec.lazy_load else list(values)

    def _named(self, names: list[Any], rows: Iterator[tuple[int, list[Any]]]) -> Iterator[Any]:
        if any(not name for name in names) and not self._spec.allow_missing_column_names:
            raise IllegalArgumentException(f"A header name is missing in [{', '.join(map(str, names))}]")
        if self._spec.ignore_header_case:
            spellings: dict[str, str] = {}
            names = [spellings.setdefault(str(name).lower(), name) for name in names]
        if self._kind is None:
            for _, row in rows:
                yield dict(zip(names, row, strict=False))
            return
        keys = [self._columns.get(name, name) for name in names]
        twice = [key for number, key in enumerate(keys) if key and key in keys[:number]]
        if twice:
            raise Malformed(f"the header names {twice[0]!r} twice: which of both counts cannot be known")
        pairs = ((line, self._row(keys, row)) for line, row in rows)
        yield from typed_rows(pairs, self._kind, self._spec.bad_rows, width=len(set(keys)))

    def _row(self, keys: list[str], row: list[Any]) -> dict[str, Any]:
        named = dict(zip(keys, row, strict=False))
        if len(row) > len(keys):
            named[SURPLUS] = row[len(keys) :]
        return named

    def _rows(self, data: Any, charset: str) -> Iterator[tuple[int, list[Any]]]:
        """Line number (of the row's last line) and values of each record."""
        spec = self._spec
        lines = _Lines(text_lines(data, charset), self._comment, self._escape)
        skip = spec.skip_header_record and not spec.capture_header_record
        plain = self._null is None and not spec.trim
        try:
            for row in self._reader(lines):
                lines.between = True
                if not row:
                    if spec.ignore_empty_lines:
                        continue
                    row = [""]  # noqa: PLW2901 -- an empty line is a record with one empty value
                if skip:
                    skip = False
                    continue
                if spec.trailing_delimiter and row[-1] == "":
                    del row[-1]
                yield lines.number, (row if plain else [self._value(value) for value in row])
        except csv.Error as error:
            raise Malformed(f"line {lines.number}: not CSV: {error}") from error

    def _reader(self, lines: _Lines) -> Iterator[list[Any]]:
        spec = self._spec
        if (
            spec.ignore_surrounding_spaces
        ):  # blanks within quotes stay, those around them go: the library cannot tell them apart
            bare = (line.rstrip("\r\n") for line in lines)
            cutter = Cutter(self._delimiter, spec.quote, spec.quote, str.strip, null="", empty="")
            return (row if row != [""] else [] for row in cutter.rows(bare))
        quoting: Any = csv.QUOTE_NONE if spec.quote_disabled or spec.quote_mode == "NONE" else csv.QUOTE_MINIMAL
        return csv.reader(
            lines,
            delimiter=self._delimiter,
            quotechar=spec.quote,
            escapechar=self._escape,
            quoting=quoting,
            strict=True,
        )

    def _value(self, value: str) -> str | None:
        if self._spec.trim:
            value = value.strip()
        return None if value == self._null else value

    # -- writing ---------------------------------------------------------------------------------------------------------------

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        spec = self._spec
        names: Sequence[str] = spec.header
        if self._kind is not None and not names:
            names = tuple(self._columns)
        tell, end = self._tell, self._end
        told = [tell(names) + end] if names and not spec.skip_header_record and not spec.header_disabled else []
        keys = [self._columns.get(name, name) for name in names]
        dump = self._kind.dump if self._kind is not None else lambda row: row
        told += [tell(_values(dump(row), keys)) + end for row in _listed(value)]
        return "".join(told).encode(charset_of(exchange, spec.charset))


def _listed(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return (value,)
    if value is None or isinstance(value, (list, tuple, Iterator)):
        return value or ()
    raise NoConversion(f"rows of CSV are a list of lists or maps, not a {type(value).__name__}")


def _values(row: Any, keys: Sequence[str]) -> Sequence[Any]:
    if isinstance(row, Mapping):
        return [row.get(key) for key in keys] if keys else list(row.values())
    if isinstance(row, (list, tuple)):
        return row
    raise NoConversion(f"a row of CSV is a list or a map, not a {type(row).__name__}")


class _Lines:
    """Lines for the csv reader, counted; comments are left out, and escaped letters become what they mean."""

    def __init__(self, lines: Iterable[str], comment: str | None, escape: str | None) -> None:
        self.number = 0
        self.between = True
        """Whether the next line begins a record: only there is a comment one. Set by whoever got a record."""
        self._lines = iter(lines)
        self._comment = comment
        self._escaped = re.compile(re.escape(escape) + r"(.)") if escape else None

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        while self._comment and self.between and line.startswith(self._comment):
            line = next(self._lines)
            self.number += 1
        self.between = False
        if self._escaped is not None:
            line = self._escaped.sub(lambda found: found[0][0] + _ESCAPED.get(found[1], found[1]), line)
        return line
