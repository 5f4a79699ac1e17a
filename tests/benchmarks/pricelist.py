"""The demo's price list: a CSV of many rows, some bad, to two subscribers over a topic, with all partners running."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

from routes.demo import prices as scenario
from routes.demo.deployment import Deployment
from tests.benchmarks import machine
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import GOALS
from tests.benchmarks.options import Options
from tests.benchmarks.table import Column, Contender, Round, Table

COLUMNS = (
    Column("rate", "rows/s"),
    Column("wall", "s", 1),
    Column("own", "bus CPU µs/row", 1),
    Column("idle", "idle RSS MB"),
    Column("peak", "peak RSS MB"),
    Column("lost", "lost"),
)


def prices(options: Options, _bench: Bench) -> Table:
    """All rows accounted for at both subscribers."""
    rows = 20_000 if options.quick else 100_000
    table = Table(
        "prices",
        f"the reference deployment's price list, {rows:,} rows to CMS and CRM, two workers, embedded broker",
        COLUMNS,
        GOALS["prices"],
        note="with five partner systems, each a bus of its own, on the same cores",
        most=2,
    )
    table.contenders = [Contender("bus", lambda: _round(rows))]
    return table


def _round(rows: int) -> Round:
    with tempfile.TemporaryDirectory(prefix="esb-bench-") as holder, Deployment(Path(holder) / "state") as deployment:
        pid = deployment.processes["bus"].pid
        idle, before, began = machine.memory(pid), machine.cpu(pid), time.perf_counter()
        peak, over = [idle], threading.Event()

        def watch() -> None:
            while not over.wait(0.25):
                peak[0] = max(peak[0], machine.memory(pid))

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            count = scenario.run(deployment, rows, rows // 20)
        finally:
            over.set()
            watcher.join()
        wall, used = time.perf_counter() - began, machine.cpu(pid) - before
    total = rows + rows // 20
    return {
        "rate": total / wall,
        "wall": wall,
        "own": used / total * 1e6,
        "idle": idle,
        "peak": peak[0],
        "lost": float(count.lost),
    }
