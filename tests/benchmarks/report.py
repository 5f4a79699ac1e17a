"""Tables as text for people, Markdown for the reference and JSON for comparisons."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import machine
from tests.benchmarks.table import Table

ORDER = ("W1", "W2", "windows", "latency", "memory", "W3", "W4", "W4-durable", "W5", "W6", "sqlite", "prices")

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


def markdown(tables: Sequence[Table], command: str, before: str = "") -> str:
    """The page of the reference. Sections of ``before`` that were not measured now stay: each says when it was, and by what."""
    today = dt.datetime.now(tz=dt.UTC).date()
    sections = _sections(before)
    for table in tables:
        parts = [f"## {table.name} {table.title}\n"]
        if table.rounds:
            lines = ["| " + " | ".join(row) + " |" for row in (table.heading, *table.rows)]
            lines.insert(1, "|" + " --- |" * len(table.heading))
            parts.append("\n".join(lines) + "\n")
        measured = f"measured on {today}, {machine.described()}, with `{command}`"
        parts.append("\n".join(f"- {line}" for line in [*_remarks(table), measured]) + "\n")
        sections[table.name] = "\n".join(parts)
    return "\n".join([_INTRODUCTION, *(sections[name] for name in sorted(sections, key=_place))])


def _place(name: str) -> tuple[int, str]:
    """``W1-100k`` stands behind ``W1``."""
    base = name if name in ORDER else name.partition("-")[0]
    return (ORDER.index(base) if base in ORDER else len(ORDER), name)


def _sections(page: str) -> dict[str, str]:
    """The sections of a page by the first word of their headings."""
    parts = re.split(r"(?m)^(?=## )", page)[1:]
    return {part[3:].split()[0]: part.rstrip("\n") + "\n" for part in parts}


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
