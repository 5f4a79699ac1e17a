"""Tables as text for people, Markdown for the reference and JSON for comparisons, and to write the page later of a run that was cut short."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tests.benchmarks import figures
from tests.benchmarks.table import Column, Table

ORDER = (
    "goals",
    "W1",
    "W2",
    "windows",
    "latency",
    "memory",
    "sqlite",
    "W3",
    "W4",
    "W4-durable",
    "W5",
    "W6",
    "prices",
    "soap-message",
    "soap-client",
    "soap-server",
    "soap-memory",
)

_INTRODUCTION = """\
# Measured figures

Made by `make bench`; [how to read them](../../tests/benchmarks/README.md). Contenders of one run took turns on one machine, round by round, with the
broker and the driver beside them: trust ratios and own CPU per message first, absolute rates last. Figures are medians of the rounds; ratios
are medians of each round's own ratio, with the least and the greatest. Each section says when and by what it was measured.
"""


@dataclass
class Report:
    """The tables of one run, and what was run where: lines of text."""

    command: str
    about: list[str]
    tables: Sequence[Table]

    @property
    def measured(self) -> str:
        """The line below every table."""
        return f"measured {'; '.join([*self.about, f'`{self.command}`'])}"


def text(table: Table) -> str:
    """A table for the terminal."""
    return "\n".join(
        [f"\n{table.name}  {table.title}", *_aligned([table.heading, *table.rows]), *_indented(table.remarks)]
    )


def goals(tables: Sequence[Table]) -> str:
    """What was asked for and what was measured, for the terminal."""
    rows = figures.verdicts(tables)
    return "\n".join(["\ngoals", *_aligned([figures.HEADING, *rows])]) if rows else ""


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  " + "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def markdown(report: Report, before: str = "") -> str:
    """The page of the reference. Sections of ``before`` that were not measured now stay: each says when it was, and by what."""
    sections = _sections(before)
    rows = figures.verdicts(report.tables)
    if rows:
        sections["goals"] = _section("goals of one run", [figures.HEADING, *rows], [report.measured])
    for table in report.tables:
        if table.rounds or table.name not in sections:
            lines = [table.heading, *table.rows] if table.rounds else []
            sections[table.name] = _section(f"{table.name} {table.title}", lines, [*table.remarks, report.measured])
    return "\n".join([_INTRODUCTION, *(sections[name] for name in sorted(sections, key=_place))])


def _section(title: str, rows: Sequence[Sequence[str]], remarks: Sequence[str]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if lines:
        lines.insert(1, "|" + " --- |" * len(rows[0]))
        lines.append("")
    return "\n".join([f"## {title}\n", *lines, *(f"- {line}" for line in remarks), ""])


def _place(name: str) -> tuple[int, str]:
    """``W1-100k`` stands behind ``W1``."""
    base = name if name in ORDER else name.partition("-")[0]
    return (ORDER.index(base) if base in ORDER else len(ORDER), name)


def _sections(page: str) -> dict[str, str]:
    """The sections of a page by the first word of their headings."""
    parts = re.split(r"(?m)^(?=## )", page)[1:]
    return {part[3:].split()[0]: part.rstrip("\n") + "\n" for part in parts}


def write(report: Report, path: Path) -> None:
    """All rounds so far, in one step: whoever reads it, or ends the run, finds the whole of what was measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"command": report.command, "about": report.about, "tables": [_dumped(table) for table in report.tables]}
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(told, indent=1) + "\n")
    draft.replace(path)


def read(path: Path) -> Report:
    """What :func:`write` wrote."""
    told = json.loads(path.read_text())
    return Report(told["command"], told["about"], [_loaded(table) for table in told["tables"]])


def _dumped(table: Table) -> dict[str, Any]:
    told = {each.name: getattr(table, each.name) for each in fields(Table) if each.name != "contenders"}
    return told | {"columns": [asdict(column) for column in table.columns]}


def _loaded(told: dict[str, Any]) -> Table:
    columns = tuple(Column(**column) for column in told["columns"])
    return Table(**(told | {"columns": columns, "against": tuple(told["against"])}))
