"""What became of every message: the table that the demo ends with, and the same as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass
class Count:
    """One scenario's account. ``lost`` is what was accepted and is nowhere, ``wrong`` what ended otherwise than it must: both must be nought.

    Wrong are good messages that were refused and bad ones that were not, by whomever, effects that are doubled, answers that say something else.
    """

    sent: int = 0
    accepted: int = 0
    delivered: int = 0
    repeated: int = 0
    rejected: int = 0
    dead_lettered: int = 0
    lost: int = 0
    wrong: int = 0
    where: str = ""

    def __add__(self, other: Count) -> Count:
        numbers = {name: value + getattr(other, name) for name, value in asdict(self).items() if name != "where"}
        return Count(**numbers)

    def answered(self, status: int, what: str, *, good: bool = True) -> bool:
        """Count a message by its answer: a good one must be accepted (202), any other refused (400, 422). Returns whether it was accepted."""
        accepted = status == 202
        self.sent += 1
        self.accepted += accepted
        self.rejected += not accepted
        if not (accepted if good else status in {400, 422}):
            self.is_wrong(f"{what} was answered {status}")
        return accepted

    def is_wrong(self, what: str, times: int = 1) -> None:
        """Count and tell something that must not be."""
        self.wrong += times
        print(f"  unexpected: {what}", flush=True)


def clean(accounts: dict[str, Count]) -> bool:
    """Whether nothing is lost and nothing wrong, in any scenario: what one has too many does not make up for what another lacks."""
    return not any(count.lost or count.wrong for count in accounts.values())


def write(accounts: dict[str, Count], file: Path, seconds: float) -> dict[str, object]:
    """Write the accounts as JSON; returns what was written."""
    total = sum(accounts.values(), Count())
    told: dict[str, object] = {name: value for name, value in asdict(total).items() if name != "where"}
    told["scenarios"] = {name: asdict(count) for name, count in accounts.items()}
    told["seconds"] = round(seconds, 1)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(told, indent=2) + "\n")
    return told


def show(accounts: dict[str, Count]) -> None:
    """The accounts as a table on standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="What became of every message")
    columns = ("sent", "accepted", "delivered", "repeated", "rejected", "dead_lettered", "lost", "wrong")
    table.add_column("scenario")
    for column in columns:
        table.add_column(column.replace("_", "-"), justify="right")
    table.add_column("where to look")
    for name, count in accounts.items():
        table.add_row(name, *(str(getattr(count, column)) for column in columns), count.where)
    total = sum(accounts.values(), Count())
    table.add_section()
    table.add_row("all", *(str(getattr(total, column)) for column in columns), "")
    Console(width=None if sys.stdout.isatty() else 150).print(table)


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how far a scenario is: a bar at a terminal, a line now and then elsewhere."""
    if sys.stdout.isatty():
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        with Progress(
            TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        ) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    told = {"at": 0.0}

    def line(done: int, total: int) -> None:
        now = time.monotonic()
        if now - told["at"] > 5 or done == total:
            told["at"] = now
            print(f"  {title}: {done} of {total}", flush=True)

    print(title, flush=True)
    yield line


def settled(count: Callable[[], int], wanted: int, tell: Callable[[int, int], None], seconds: float = 180.0) -> int:
    """Wait until ``count`` reaches ``wanted``, or nothing has changed for a while; returns the last count."""
    deadline = time.monotonic() + seconds
    last, changed = -1, time.monotonic()
    while time.monotonic() < deadline:
        now = count()
        tell(min(now, wanted), wanted)
        if now >= wanted:
            return now
        if now != last:
            last, changed = now, time.monotonic()
        elif time.monotonic() - changed > 45:
            return now
        time.sleep(0.25)
    return count()
