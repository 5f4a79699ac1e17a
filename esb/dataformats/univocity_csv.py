"""``univocityCsv``: separated values by the rules of uniVocity: blanks around values cut, missing values null, rows written from maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esb.component import Context
from esb.dataformat import DataFormat
from esb.dataformats._cutter import Cutter
from esb.dataformats._univocity import UnivocityFormat, UnivocityOptions, left_out, one_character, trimmer, written
from esb.fields import Kind, field


class UnivocityCsv(UnivocityOptions):
    """Comma separated values (uniVocity)."""

    name = "univocityCsv"
    delimiter = field(Kind.TEXT, ",", raw=True, doc="Between values.")
    quote = field(Kind.TEXT, '"', doc="Around values that hold a delimiter or a line's end.")
    quote_escape = field(Kind.TEXT, '"', doc="Before a quote within such a value.")
    quote_all_fields = field(Kind.BOOL, False, doc="Quote every value that is written.")

    def build(self, context: Context) -> DataFormat:
        one_character(self, "delimiter", "quote", "quoteEscape", "comment", "normalizedLineSeparator")
        cutter = Cutter(
            self.delimiter,
            self.quote,
            self.quote_escape,
            trimmer(self),
            self.ignore_leading_whitespaces,
            self.null_value,
            self.empty_value,
            self.normalized_line_separator,
            left_out(self),
        )
        return UnivocityFormat(self, cutter.rows, _teller(self))


def _teller(spec: UnivocityCsv) -> Callable[[list[Any]], str]:
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
