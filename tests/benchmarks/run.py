"""Rounds of all benchmarks in one process, interleaved: the first round of each, then the second. What is done is kept as it comes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from tests.benchmarks.table import Table


def interleaved(tables: Sequence[Table], rounds: int, minutes: float, keep: Callable[[], None]) -> None:
    """Up to ``rounds`` of each table within ``minutes`` (0: as long as it takes); ``keep`` is called after each contender.

    A round that would not end in time, going by the last one, is left out, and so is all that comes after a keyboard interrupt. The table says so.
    """
    began = time.monotonic()
    ends = began + minutes * 60 if minutes else math.inf
    took: dict[str, float] = {}

    def told(line: str) -> None:
        print(f"[{(time.monotonic() - began) / 60:5.1f} min] {line}", flush=True)
        keep()

    why = f"the {minutes:g} minutes were over"
    try:
        for number in range(1, rounds + 1):
            for table in tables:
                start = time.monotonic()
                if (
                    table.done < number - 1
                    or number > _wanted(table, rounds)
                    or start + took.get(table.name, 0.0) > ends
                ):
                    continue
                table.measure(number, told)
                took[table.name] = time.monotonic() - start
    except KeyboardInterrupt:
        why = "it was interrupted"
    for table in tables:
        wanted = _wanted(table, rounds)
        if table.contenders and table.done < wanted:
            table.short = f"{table.done} of {wanted} rounds, {why}"
    keep()


def _wanted(table: Table, rounds: int) -> int:
    return min(table.most or rounds, rounds)
