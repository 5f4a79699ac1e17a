"""What the design asks for and what was measured when it was written, beside what a run gives (section 11 of the design)."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.table import Table, shown, spread

GOALS: Final[dict[str, str]] = {
    "W1": "Camel tuned 6.7k/s, shovel 13.3k, pika pipelined 14.3k (on classic queues); goal ≥ 2.0 x Camel tuned, ≥ 1.0 x shovel",
    "W2": "Camel 5.8k/s without validation, pika and hand-written conversion 12.1k (classic queues); goal ≥ 2.0 x Camel, validated",
    "W3": "Camel 143k rows/s without types, exchange and two steps 395k, plain marshmallow 54k; goal ≥ 2.0 x Camel, validated, memory flat",
    "W4": "Camel 20-22k requests/s, p99 5-8 ms; uvicorn worker 33-49k inline; goal ≥ 1.3 x Camel, p99 not worse",
    "W4-durable": "Camel 4.4k requests/s, 8.3k from the confirm's callback; goal ≥ 1.8 x Camel",
    "W5": "Camel 0.8-1.3M msg/s, plain closures 2.4M; goal ≥ 1.0 x Camel with full semantics",
    "W6": "Camel 0.9 s and 114 MB (261 under W1), bare pika 0.08 s and 24 MB; goal ≤ 0.35 x and ≤ 0.5 x Camel",
    "sqlite": "≥ 5,000 messages/s published and consumed durably",
    "prices": "100,000 rows of the demo's price list well under 60 s, memory flat",
}

CAMEL: Final = "Camel tuned"
SHOVEL: Final = "shovel"


@dataclass(frozen=True)
class Ratio:
    """A goal for the first column of the tables whose names begin so, beside a peer."""

    table: str
    peer: str
    least: float


@dataclass(frozen=True)
class Bound:
    """A goal for a figure itself."""

    table: str
    key: str
    bound: float
    most: bool = True


RATIOS: Final = (
    Ratio("W1", CAMEL, 2.0),
    Ratio("W1", SHOVEL, 1.0),
    Ratio("W2", CAMEL, 2.0),
)
BOUNDS: Final = (
    Bound("W1", "doubled", 0),
    Bound("W1", "left", 0),
    Bound("W2", "doubled", 0),
    Bound("W2", "left", 0),
    Bound("windows", "lost", 0),
    Bound("memory", "worker", 120),
    Bound("memory", "growth", 5),
    Bound("sqlite", "rate", 5000, most=False),
)

HEADING: Final = ["benchmark", "contender", "goal", "measured", "rounds", "met"]


def verdicts(tables: Sequence[Table]) -> list[list[str]]:
    """Goals beside what was measured, for the bus's own contenders."""
    return [row for table in tables for row in (*_ratios(table), *_bounds(table))]


def _ratios(table: Table) -> list[list[str]]:
    rows = []
    for goal in RATIOS:
        if not _of(table, goal.table):
            continue
        for name in _ours(table):
            ratios = table.ratios(name, goal.peer, table.columns[0].key)
            if ratios:
                asked = f"≥ {goal.least} x {goal.peer}"
                rows.append(_row(table, name, asked, spread(ratios), met=statistics.median(ratios) >= goal.least))
    return rows


def _bounds(table: Table) -> list[list[str]]:
    """By the worst of the rounds. What must be zero and is so is not worth a line."""
    rows = []
    columns = {one.key: one for one in table.columns}
    for goal in BOUNDS:
        if not _of(table, goal.table) or goal.key not in columns:
            continue
        column = columns[goal.key]
        for name in _ours(table):
            seen = [one[goal.key] for one in table.rounds[name] if goal.key in one]
            if not seen:
                continue
            worst = max(seen) if goal.most else min(seen)
            met = worst <= goal.bound if goal.most else worst >= goal.bound
            if goal.bound or not met:
                asked = f"{column.title} {'≤' if goal.most else '≥'} {goal.bound:,g}"
                rows.append(_row(table, name, asked, shown(worst, column.digits), met=met))
    return rows


def _of(table: Table, kind: str) -> bool:
    return table.name.partition("-")[0] == kind


def _ours(table: Table) -> list[str]:
    return [name for name in table.rounds if not name.startswith((CAMEL, SHOVEL, "limit"))]


def _row(table: Table, name: str, asked: str, measured: str, *, met: bool) -> list[str]:
    return [table.name, name, asked, measured, str(len(table.rounds[name])), "yes" if met else "no"]
