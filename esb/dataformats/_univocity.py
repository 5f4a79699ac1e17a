"""What the three formats of uniVocity share: their options, rows as lists or maps, and maps as rows (Camel's pages "uniVocity ...")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from esb.coerce import NoConversion, text
from esb.dataformat import DataFormatSpec
from esb.dataformats._lines import charset_of, text_lines
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, Spec, field


class UnivocityHeader(Spec):
    """A column."""

    name = "univocityHeader"
    column = field(Kind.TEXT, None, name="name", doc="Name of the column.")
    length = field(Kind.INT, None, doc="Width of the column, where columns have one.")


class UnivocityOptions(DataFormatSpec):
    """Options that all three have."""

    univocity_header = field(Kind.SPECS, (), spec=UnivocityHeader, doc="The columns.")
    headers_disabled = field(Kind.BOOL, False, doc="Take no account of the columns' names.")
    header_extraction_enabled = field(Kind.BOOL, False, doc="The first row holds the names.")
    as_map = field(Kind.BOOL, False, doc="Rows as maps.")
    lazy_load = field(Kind.BOOL, False, doc="Give an iterator, for a streaming split.")
    number_of_records_to_read = field(Kind.INT, None, doc="Read so many rows and leave the others.")
    null_value = field(Kind.TEXT, None, raw=True, doc="Stands for a value that is not there.")
    empty_value = field(Kind.TEXT, None, raw=True, doc="Stands for an empty value.")
    comment = field(Kind.TEXT, "#", doc="Lines that begin with it are left out.")
    skip_empty_lines = field(Kind.BOOL, True)
    ignore_leading_whitespaces = field(Kind.BOOL, True, doc="Cut blanks before values.")
    ignore_trailing_whitespaces = field(Kind.BOOL, True, doc="Cut blanks after values.")
    line_separator = field(Kind.TEXT, "\n", raw=True, doc="What ends a line.")
    normalized_line_separator = field(Kind.TEXT, "\n", raw=True, doc="What a line's end within a value is read as.")


Cut = Callable[[Iterator[str]], Iterator[list[Any]]]
"""Lines (without their ends) to rows of values."""
Told = Callable[[list[Any]], str]
"""The values of a row as a line, without its end."""


class UnivocityFormat:
    """Rows of text. Stateless after construction, unlike Camel's, whose columns depend on the messages that came before."""

    def __init__(self, spec: Any, cut: Cut, told: Told) -> None:
        self._spec = spec
        self._cut = cut
        self._told = told
        self._names = () if spec.headers_disabled else tuple(one.column for one in spec.univocity_header if one.column)

    # -- reading ---------------------------------------------------------------------------------------------------------------

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        spec = self._spec
        rows = self._cut(self._lines(data, charset_of(exchange, None)))
        names = self._names
        if spec.header_extraction_enabled:
            first = next(rows, [])
            names = names or tuple(text(name) or "" for name in first)
        values: Iterator[Any] = self._maps(rows, names) if spec.as_map else rows
        if spec.number_of_records_to_read is not None:
            values = islice(values, spec.number_of_records_to_read)
        return values if spec.lazy_load else list(values)

    def _lines(self, data: Any, charset: str) -> Iterator[str]:
        separator = self._spec.line_separator
        if not separator.endswith("\n"):
            whole = "".join(text_lines(data, charset, "\n")).split(separator)
            yield from whole if whole[-1] else whole[:-1]
            return
        rest = ""
        for line in text_lines(data, charset, "\n"):
            rest += line
            if rest.endswith(separator):
                yield rest.removesuffix(separator)
                rest = ""
        if rest:
            yield rest

    def _maps(self, rows: Iterator[list[Any]], names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        for row in rows:
            names = names or tuple(text(name) or "" for name in row)  # without names the first row lends its values
            yield dict(zip(names, row, strict=False))

    # -- writing ---------------------------------------------------------------------------------------------------------------

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        rows: Iterable[Any] = value if isinstance(value, (list, tuple)) or hasattr(value, "__next__") else [value]
        names = dict.fromkeys(self._names)
        grows = not names
        lines = []
        for row in rows:
            if not isinstance(row, Mapping):
                raise NoConversion(f"a row is a map of values by column, not {_kind(row)}")
            if grows:
                names.update(dict.fromkeys(row))
            lines.append(self._told([row.get(name) for name in names]) + self._spec.line_separator)
        return "".join(lines).encode(charset_of(exchange, None))


def _kind(row: Any) -> str:
    return "nothing" if row is None else f"a {type(row).__name__}"


_BLANKS = "".join(map(chr, range(33)))


def trimmer(spec: Any, blanks: str = _BLANKS) -> Callable[[str], str]:
    """Cuts blanks where the options say."""
    if spec.ignore_leading_whitespaces:
        return (
            (lambda value: value.strip(blanks))
            if spec.ignore_trailing_whitespaces
            else lambda value: value.lstrip(blanks)
        )
    return (lambda value: value.rstrip(blanks)) if spec.ignore_trailing_whitespaces else lambda value: value


def left_out(spec: Any, blanks: str = _BLANKS) -> Callable[[str], bool]:
    """Whether a line is no row: empty, or a comment. ``blanks`` are not looked at."""
    blanks = blanks if spec.ignore_leading_whitespaces else ""
    comment, skips = spec.comment, spec.skip_empty_lines

    def out(line: str) -> bool:
        begins = line.lstrip(blanks) if blanks else line
        return bool(comment) and begins.startswith(comment) if begins else skips

    return out


def one_character(spec: Any, *names: str) -> None:
    """Raises OptionError for an option of these that is not one character."""
    for name in names:
        value = getattr(spec, spec.fields[name].attribute)
        if value is not None and len(value) != 1:
            raise OptionError(f"{name!r} is one character, not {value!r}", spec.at)


def written(spec: Any, blanks: str = _BLANKS) -> Callable[[Any], str]:
    """A value as the text that is written, with what stands for nothing and for empty."""
    trim = trimmer(spec, blanks)
    null, empty = spec.null_value or "", spec.empty_value or ""

    def told(value: Any) -> str:
        if value is None:
            return null
        return trim(text(value) or "") or empty

    return told
