"""W6: from the start of ``esb run`` to the first message done, and the memory it then holds when nothing happens."""

from __future__ import annotations

import sys
import time

from tests.benchmarks import data, machine, peers
from tests.benchmarks.figures import GOALS
from tests.benchmarks.options import Options
from tests.benchmarks.project import BusProject, Command
from tests.benchmarks.queues import CAMEL, LIMIT, Start, files, node
from tests.benchmarks.rabbit import Queues
from tests.benchmarks.table import Column, Contender, Round, Table

COLUMNS = (
    Column("start", "s to first message", 2),
    Column("idle", "idle RSS MB"),
    Column("own", "CPU s for the start", 2),
)


def w6(options: Options) -> Table:
    """One message waits on a queue of RabbitMQ; then two seconds of nothing."""
    table = Table(
        "W6",
        "start to first message through a queue, and idle memory (master and worker)",
        COLUMNS,
        GOALS["W6"],
        against=(CAMEL,),
    )
    with node(table) as rabbit:
        if rabbit is None:
            return table
        relay = [sys.executable, "-m", "tests.benchmarks.relay", rabbit.url, "W1", "1000"]
        starts: dict[str, Start] = {
            "bus": lambda: BusProject(files("W1"), broker=rabbit.url, ready=False),
            LIMIT: lambda: Command(relay),
        }
        camel = peers.camel_queues("W1", rabbit.port)
        if isinstance(camel, str):
            table.skipped.append(camel)
        else:
            starts[CAMEL] = camel
        contenders = [
            Contender(name, lambda start=start: _round(rabbit.url, start))  # type: ignore[misc]
            for name, start in starts.items()
        ]
        return table.measure(contenders, options.rounds)


def _round(url: str, start: Start) -> Round:
    with Queues(url) as queues:
        queues.fresh(["esb.in", "esb.out"])
        queues.fill("esb.in", data.bodies(1))
        manager = start()
        began = time.perf_counter()
        with manager as contender:
            while not queues.depth("esb.out"):
                contender.check()
                if time.perf_counter() - began > 60:
                    raise RuntimeError("no message came out within 60 s")
                time.sleep(0.005)
            took, used = time.perf_counter() - began, machine.cpu(contender.pid)
            time.sleep(2)
            return {"start": took, "idle": machine.memory(contender.pid), "own": used}
