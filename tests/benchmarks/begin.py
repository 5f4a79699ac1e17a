"""W6: from the start of ``esb run`` to the first message done, and the memory it then holds when nothing happens."""

from __future__ import annotations

import sys
import time
from functools import partial

from tests.benchmarks import data, machine, peers
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import CAMEL, GOALS
from tests.benchmarks.options import Options
from tests.benchmarks.project import BusProject, Command
from tests.benchmarks.queues import LIMIT, Start
from tests.benchmarks.rabbit import Filler, Queues
from tests.benchmarks.table import Column, Contender, Round, Table
from tests.benchmarks.work import files

COLUMNS = (
    Column("start", "s to first message", 2),
    Column("idle", "idle RSS MB"),
    Column("own", "CPU s for the start", 2),
)


def w6(options: Options, bench: Bench) -> Table:
    """One message waits on a queue of RabbitMQ; then two seconds of nothing."""
    table = Table(
        "W6",
        "start to first message through a queue, and idle memory (master and worker)",
        COLUMNS,
        GOALS["W6"],
        against=(CAMEL,),
    )
    rabbit = bench.rabbit(table)
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
    table.contenders = [
        Contender(name, partial(_round, rabbit.url, start)) for name, start in starts.items() if options.wants(name)
    ]
    return table


def _round(url: str, start: Start) -> Round:
    with Queues(url) as queues:
        queues.fresh(["esb.in", "esb.out"])
        with Filler(url) as filler:
            filler.add("esb.in", data.bodies(1))
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
