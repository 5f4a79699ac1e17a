"""Rounds of several contenders, interleaved, and the table that is made of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.benchmarks import machine

Round = dict[str, float]
"""What one run of one contender gave, by column."""


@dataclass(frozen=True)
class Column:
    """A figure of a table. ``digits`` after the point."""

    key: str
    title: str
    digits: int = 0


@dataclass(frozen=True)
class Contender:
    """Something that does the work. ``run`` raises ``RuntimeError`` with what went wrong."""

    name: str
    run: Callable[[], Round]


@dataclass
class Table:
    """The rounds of one benchmark. ``goal`` is what design says of it; ratios are of the first column, to the contenders named ``against``."""

    name: str
    title: str
    columns: tuple[Column, ...]
    goal: str
    against: tuple[str, ...] = ()
    note: str = ""
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    load: tuple[float, float] = (0.0, 0.0)

    def measure(self, contenders: Sequence[Contender], rounds: int) -> Table:
        """Run them in turn, so that what else the machine does meets all alike."""
        before = machine.load()
        for number in range(rounds):
            for contender in contenders:
                try:
                    seen = contender.run()
                except (RuntimeError, OSError) as failure:
                    self.failures[contender.name] = str(failure)
                    print(f"  {self.name} round {number + 1} {contender.name}: FAILED: {failure}", flush=True)
                    continue
                self.rounds.setdefault(contender.name, []).append(seen)
                told = "  ".join(f"{one.title} {self._shown(seen.get(one.key), one)}" for one in self.columns)
                print(f"  {self.name} round {number + 1} {contender.name}: {told}", flush=True)
        self.load = (before, machine.load())
        return self

    def median(self, contender: str, key: str) -> float | None:
        """The median of a figure over the rounds that have it."""
        values = [seen[key] for seen in self.rounds.get(contender, ()) if key in seen]
        return statistics.median(values) if values else None

    @property
    def heading(self) -> list[str]:
        """The titles of the columns."""
        ratios = [f"x {peer}" for peer in self.against if peer in self.rounds]
        return ["contender", *(one.title for one in self.columns), "min-max", "rounds", *ratios]

    @property
    def rows(self) -> list[list[str]]:
        """The cells, a line for each contender."""
        return [self._row(name) for name in self.rounds]

    def _row(self, name: str) -> list[str]:
        first = self.columns[0]
        cells = [name, *(self._shown(self.median(name, one.key), one) for one in self.columns)]
        seen = [round_[first.key] for round_ in self.rounds[name] if first.key in round_]
        cells.append(f"{self._shown(min(seen), first)}-{self._shown(max(seen), first)}" if seen else "")
        cells.append(str(len(self.rounds[name])))
        ours = self.median(name, first.key)
        for peer in self.against:
            if peer in self.rounds:
                theirs = self.median(peer, first.key)
                cells.append(f"{ours / theirs:.2f}" if ours and theirs else "")
        return cells

    @staticmethod
    def _shown(value: float | None, column: Column) -> str:
        return "-" if value is None else f"{value:,.{column.digits}f}"
