"""``univocityTsv``: values separated by tabs, with tabs and line ends within them escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from esb.component import Context
from esb.dataformat import DataFormat
from esb.dataformats._univocity import UnivocityFormat, UnivocityOptions, left_out, one_character, trimmer, written
from esb.fields import Kind, field


class UnivocityTsv(UnivocityOptions):
    """Tab separated values (uniVocity)."""

    name = "univocityTsv"
    escape_char = field(Kind.TEXT, "\\", doc="Before t, n, r, which stand for a tab and line ends, and before itself.")

    def build(self, context: Context) -> DataFormat:
        one_character(self, "escapeChar", "comment", "normalizedLineSeparator")
        escape = self.escape_char
        meant: dict[str, str] = {"t": "\t", "n": "\n", "r": "\r", escape: escape}
        escaped = re.compile(re.escape(escape) + r"(.?)", re.DOTALL)
        special = re.compile(rf"[\t\n\r{re.escape(escape)}]")
        names = {value: escape + name for name, value in meant.items()}
        trim, null, out, told = trimmer(self), self.null_value, left_out(self, " "), written(self, " ")

        def read(found: re.Match[str]) -> str:
            return meant.get(found[1], found[0] if found[1] else "")

        def rows(lines: Iterator[str]) -> Iterator[list[Any]]:
            for line in lines:
                if not out(line):
                    values = line.split("\t")
                    yield [trim(escaped.sub(read, value) if escape in value else value) or null for value in values]

        def tell(row: list[Any]) -> str:
            return "\t".join(special.sub(lambda found: names[found[0]], told(value)) for value in row)

        return UnivocityFormat(self, rows, tell)
