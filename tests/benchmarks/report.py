"""Tables as text for people, Markdown for the reference and JSON for comparisons."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import machine
from tests.benchmarks.table import Table

_INTRODUCTION = """\
# Measured figures

Made by `python -m tests.benchmarks --markdown docs/reference/benchmarks.md`; [how to read them](../../tests/benchmarks/README.md).
Contenders of one table ran in turn on one machine with the broker and the driver beside them: trust ratios and own CPU per message first,
absolute rates last. Medians of the rounds; the load is the machine's, one minute's average before and after.
"""


def text(table: Table) -> str:
    """A table for the terminal."""
    rows = [table.heading, *table.rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(table.heading))]
    lines = [f"\n{table.name}  {table.title}"]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  " + "  ".join(cells))
    return "\n".join([*lines, *(f"  {line}" for line in _remarks(table))])


def markdown(tables: Sequence[Table], command: str) -> str:
    """The page of the reference."""
    today = dt.datetime.now(tz=dt.UTC).date()
    parts = [_INTRODUCTION, f"Measured on {today}, {machine.described()}, with `{command}`.\n"]
    for table in tables:
        parts.append(f"## {table.name} {table.title}\n")
        if table.rounds:
            lines = ["| " + " | ".join(row) + " |" for row in (table.heading, *table.rows)]
            lines.insert(1, "|" + " --- |" * len(table.heading))
            parts.append("\n".join(lines) + "\n")
        parts.append("\n".join(f"- {line}" for line in _remarks(table)) + "\n")
    return "\n".join(parts)


def write_json(tables: Sequence[Table], path: Path) -> None:
    """All rounds, with the load."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {
        table.name: {"rounds": table.rounds, "failures": table.failures, "skipped": table.skipped, "load": table.load}
        for table in tables
    }
    path.write_text(json.dumps({"machine": machine.described(), "benchmarks": told}, indent=1) + "\n")


def _remarks(table: Table) -> list[str]:
    lines = [f"design: {table.goal}"] if table.goal else []
    lines += [table.note] if table.note else []
    lines += [f"{name} failed: {why}" for name, why in table.failures.items()]
    lines += [f"skipped: {why}" for why in table.skipped]
    return [*lines, f"machine load {table.load[0]:.1f} before, {table.load[1]:.1f} after"]
