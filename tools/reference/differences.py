"""Where a part differs from Camel: the rows of ``docs/reference/camel-differences.md`` about it, so that each is written once.

A row is about the parts that its first cell begins with, in backquotes before a colon. A name is a step, a language or a data format, or a
component if there is none of these; one with a colon is a component in any case. Every row of the section "Files" is about ``file:``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.reference.parts import all_formats, all_languages, all_steps

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "reference" / "camel-differences.md"
_SECTIONS: Final = {"Files": "file:"}
_SUBJECTS: Final = re.compile(r"((?:`[\w-]+:?`(?:, )?)+): (.*)")


@dataclass(frozen=True, slots=True)
class Row:
    """One difference. ``subjects`` are the parts that it is about."""

    subjects: tuple[str, ...]
    what: str
    camel: str
    here: str
    why: str

    def told(self) -> tuple[str, str, str, str]:
        """What, in Camel, here and why, with links as they are below ``docs/reference/KIND``."""
        return (self.what, self.camel, self.here, self.why.replace("](../", "](../../"))


@functools.cache
def rows() -> tuple[Row, ...]:
    """All rows of the page."""
    return tuple(_rows(PAGE.read_text(encoding="utf-8")))


def about(kind: str, name: str) -> list[Row]:
    """The rows about one part."""
    subjects = {name}
    if kind == "components":
        subjects = (
            {f"{name}:"}
            if any(name in parts() for parts in (all_steps, all_languages, all_formats))
            else {name, f"{name}:"}
        )
    return [row for row in rows() if subjects.intersection(row.subjects)]


def _rows(page: str) -> Iterator[Row]:
    section = ""
    for line in page.splitlines():
        if line.startswith("## "):
            section = line[3:]
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 5 or cells[0] in {"what", "---"}:
            continue
        what, camel, here, why, _shown_by = cells
        found = _SUBJECTS.fullmatch(what)
        subjects = tuple(re.findall(r"`([^`]+)`", found[1])) if found else ()
        always = (_SECTIONS[section],) if section in _SECTIONS else ()
        yield Row((*always, *subjects), found[2] if found else what, camel, here, why)
