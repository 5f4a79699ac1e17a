"""``fixed``: records of fixed width, laid out by a data type's ``width`` (and ``start``, ``pad``, ``align``) for each field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from esb.coerce import text
from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._lines import charset_of, text_lines, within_record
from esb.dataformats._typed import SURPLUS, data_type, typed_rows
from esb.errors import ConversionFailed, OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field


class Fixed(DataFormatSpec):
    """Records of fixed width, one a line."""

    name = "fixed"
    unmarshal_type = field(Kind.TEXT, doc="Data type whose fields have widths.", example="erp.PriceRecord")
    bad_rows = field(
        Kind.TEXT,
        "fail",
        enum=("fail", "skip", "mark"),
        doc="A record that breaks the type: fail, leave out, or mark as {rejected: ...}.",
    )
    lazy_load = field(Kind.BOOL, False, doc="Give an iterator, for a streaming split.")
    record_separator = field(Kind.TEXT, "\n", raw=True)
    charset = field(Kind.TEXT, None, doc="Encoding of the text; that of the exchange, or UTF-8, by default.")
    skip_lines = field(Kind.INT, 0, doc="Lines at the beginning to read over.")
    ignore_short = field(Kind.BOOL, True, doc="Take a line that ends early as if blanks followed.")

    def build(self, context: Context) -> DataFormat:
        kind = data_type(context, self.unmarshal_type, self.at)
        places = kind.layout() if kind is not None else ()
        if kind is None or not places or places[0].width is None:
            raise OptionError(
                f"the fields of {self.unmarshal_type!r} have no 'width'",
                self.at,
                "give each field a width in its schema",
            )
        return FixedFormat(self, kind, places)


class FixedFormat:
    """Cuts and pads records. Stateless after construction."""

    def __init__(self, spec: Fixed, kind: Any, places: tuple[Any, ...]) -> None:
        self._spec = spec
        self._kind = kind
        self._places = places
        self._cuts = [
            (place.key, slice(place.start - 1, place.start - 1 + place.width), place.pad, place.align)
            for place in places
        ]
        self._width = max(place.start - 1 + place.width for place in places)

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        rows = typed_rows(self._rows(data, charset_of(exchange, self._spec.charset)), self._kind, self._spec.bad_rows)
        return rows if self._spec.lazy_load else list(rows)

    def _rows(self, data: Any, charset: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in enumerate(text_lines(data, charset), start=1):
            record = line.rstrip("\r\n")
            if number <= self._spec.skip_lines or not record.strip():
                continue
            yield number, self._cut(record)

    def _cut(self, record: str) -> dict[str, Any]:
        if len(record) < self._width and self._spec.ignore_short:
            record = record.ljust(self._width)
        row: dict[str, Any] = {}
        for key, place, pad, align in self._cuts:
            value = record[place]
            row[key] = (value.lstrip(pad) if align == "right" else value.rstrip(pad)).strip()
            if not row[key] and pad == "0" and value:
                row[key] = "0"  # a field full of padding zeros is the number nought
        if len(record) > self._width:
            row[SURPLUS] = record[self._width :]
        return row

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        rows: Iterable[Any] = [value] if isinstance(value, Mapping) else value
        return "".join(self._record(row) + self._spec.record_separator for row in rows).encode(
            charset_of(exchange, self._spec.charset)
        )

    def _record(self, row: Any) -> str:
        dumped = self._kind.dump(row)
        record = [" "] * self._width
        for key, place, pad, align in self._cuts:
            told = within_record(key, text(dumped.get(key)) or "", self._spec.record_separator)
            width = place.stop - place.start
            if len(told) > width:
                raise ConversionFailed(f"{key!r} does not fit into {width} characters: {told[: width + 20]!r}")
            record[place] = told.rjust(width, pad) if align == "right" else told.ljust(width, pad)
        return "".join(record)
