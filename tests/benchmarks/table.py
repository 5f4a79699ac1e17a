"""Rounds of several contenders, and the table that is made of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.benchmarks import machine

Round = dict[str, float]
"""What one run of one contender gave, by column; with the number of the round and the machine's load when it began."""

NUMBER: Final = "round"
LOAD: Final = "load"


@dataclass(frozen=True)
class Column:
    """A figure of a table. ``digits`` after the point."""

    key: str
    title: str
    digits: int = 0


@dataclass(frozen=True)
class Contender:
    """Something that does the work. ``run`` raises what went wrong."""

    name: str
    run: Callable[[], Round]


@dataclass
class Table:
    """The rounds of one benchmark. ``goal`` is what design says of it; ratios are of the first column, to the contenders named ``against``."""

    name: str
    title: str
    columns: tuple[Column, ...]
    goal: str = ""
    against: tuple[str, ...] = ()
    note: str = ""
    shared: str = ""
    """The column by which ratios are told a second time, where it is a cost: processor time of contender and broker together."""
    most: int = 0
    """Rounds at most, however many are asked for; 0 for as many."""
    contenders: list[Contender] = field(default_factory=list, repr=False)
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    short: str = ""
    """Why there are fewer rounds than were asked for."""

    def measure(self, number: int, told: Callable[[str], None] = print) -> None:
        """One round: each contender once. Another one begins each time, so that none always comes after the same."""
        first = (number - 1) % len(self.contenders) if self.contenders else 0
        for contender in (*self.contenders[first:], *self.contenders[:first]):
            load = machine.load()
            try:
                seen = contender.run()
            except Exception as failure:  # whatever it is: the others go on
                why = f"round {number}: {type(failure).__name__}: {failure}"
                self.failures[contender.name] = why
                told(f"{self.name} {contender.name} FAILED in {why}")
                continue
            self.rounds.setdefault(contender.name, []).append(seen | {NUMBER: number, LOAD: load})
            figures = "  ".join(f"{one.title} {shown(seen.get(one.key), one.digits)}" for one in self.columns)
            told(f"{self.name} round {number} {contender.name}: {figures}")

    def median(self, contender: str, key: str) -> float | None:
        """The median of a figure over the rounds that have it."""
        values = [seen[key] for seen in self.rounds.get(contender, ()) if key in seen]
        return statistics.median(values) if values else None

    def ratios(self, ours: str, theirs: str, key: str) -> list[float]:
        """A figure of one contender over the same of another, for each round that both have done: what the machine did then met both."""
        others = {seen[NUMBER]: seen[key] for seen in self.rounds.get(theirs, ()) if seen.get(key)}
        return [
            seen[key] / others[seen[NUMBER]]
            for seen in self.rounds.get(ours, ())
            if key in seen and seen[NUMBER] in others
        ]

    @property
    def done(self) -> int:
        """Rounds that were begun."""
        return int(max((seen[NUMBER] for rounds in self.rounds.values() for seen in rounds), default=0))

    @property
    def peers(self) -> list[str]:
        """Whom the others are compared to, of those who ran."""
        return [peer for peer in self.against if peer in self.rounds]

    @property
    def heading(self) -> list[str]:
        """The titles of the columns."""
        return ["contender", *(one.title for one in self.columns), "min-max", "rounds", *(f"x {p}" for p in self.peers)]

    @property
    def rows(self) -> list[list[str]]:
        """The cells, a line for each contender, in the order in which they were given."""
        order = [one.name for one in self.contenders if one.name in self.rounds] or list(self.rounds)
        return [self._row(name) for name in order]

    def _row(self, name: str) -> list[str]:
        first = self.columns[0]
        cells = [name, *(shown(self.median(name, one.key), one.digits) for one in self.columns)]
        seen = [round_[first.key] for round_ in self.rounds[name] if first.key in round_]
        cells.append(f"{shown(min(seen), first.digits)}-{shown(max(seen), first.digits)}" if seen else "")
        cells.append(str(len(self.rounds[name])))
        cells += ["" if peer == name else spread(self.ratios(name, peer, first.key)) for peer in self.peers]
        return cells

    @property
    def remarks(self) -> list[str]:
        """What stands below it."""
        lines = [f"design: {self.goal}"] if self.goal else []
        lines += [self.note] if self.note else []
        lines += self._by_cost() if self.shared else []
        lines += [f"{name} failed: {why}" for name, why in self.failures.items()]
        lines += [f"skipped: {why}" for why in self.skipped]
        lines += [f"cut short: {self.short}"] if self.short else []
        loads = [seen[LOAD] for rounds in self.rounds.values() for seen in rounds if LOAD in seen]
        return [*lines, f"machine load {min(loads):.1f}-{max(loads):.1f} when contenders began"] if loads else lines

    def _by_cost(self) -> list[str]:
        """The ratios that a busy machine leaves as they are, for the first contender."""
        ours = next(iter(self.rounds), "")
        told = [f"{spread(self.ratios(peer, ours, self.shared))} x {peer}" for peer in self.peers if peer != ours]
        return (
            [f"messages per processor time of contender and broker together, {ours}: {', '.join(told)}"] if told else []
        )


def shown(value: float | None, digits: int) -> str:
    """A figure as people read it."""
    return "-" if value is None else f"{value:,.{digits}f}"


def spread(values: Sequence[float]) -> str:
    """The median of ratios, and from where to where they go."""
    if not values:
        return ""
    middle = f"{statistics.median(values):.2f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.2f}-{max(values):.2f})"
