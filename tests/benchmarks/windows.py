"""What the window costs and gives: rate and repeats after a kill with 250 and with 1000 messages under way; and memory over many messages."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from tests.benchmarks import data, machine
from tests.benchmarks.options import Options
from tests.benchmarks.project import BusProject
from tests.benchmarks.queues import Job, files, measured, node
from tests.benchmarks.rabbit import Queues, sink
from tests.benchmarks.table import Column, Contender, Round, Table

WINDOWS = (250, 1000)
_ONE_MILLION = 1_000_000

COLUMNS = (
    Column("steady", "msg/s"),
    Column("own", "own CPU µs/msg"),
    Column("memory", "peak RSS MB"),
    Column("kills", "kills"),
    Column("lost", "lost"),
    Column("repeated", "repeated a kill"),
    Column("left", "left"),
)
MEMORY = (
    Column("steady", "msg/s"),
    Column("early", "RSS MB at 10 %"),
    Column("late", "RSS MB at the end"),
    Column("worker", "worker's RSS MB"),
    Column("own", "own CPU µs/msg"),
)


def windows(options: Options) -> Table:
    """W1 with windows of both sizes: the rate without faults, and then the repeats that kill -9 of the worker leaves."""
    count = options.messages(40_000, 8_000)
    table = Table(
        "windows",
        f"W1 with 250 and 1000 messages under way (prefetch and window); {count:,} messages, worker killed 4 times",
        COLUMNS,
        "repeats after a kill are at most what is under way, 0 behind an idempotentConsumer",
    )
    bodies = data.bodies(count)
    with node(table) as rabbit:
        if rabbit is None:
            return table
        job = Job(rabbit.url, rabbit.pid, ("esb.out",), bodies)

        def start(window: int) -> BusProject:
            return BusProject(files("W1", f"?prefetch={window}"), broker=f"{rabbit.url}?window={window}", ready=False)

        def both(window: int) -> Round:
            return measured(job, lambda: start(window)) | _killed(job, lambda: start(window))

        contenders = [
            Contender(f"bus, {window}", lambda window=window: both(window))  # type: ignore[misc]
            for window in WINDOWS
            if options.wants(f"bus, {window}")
        ]
        return table.measure(contenders, options.rounds)


def _killed(job: Job, start: Callable[[], BusProject]) -> Round:
    """The same work, with the worker killed at a fifth, two, three and four fifths of it."""
    count = len(job.bodies)
    with Queues(job.url) as queues:
        queues.fresh(["esb.in", "esb.out"])
        queues.fill("esb.in", job.bodies)
        kills = 0
        deadline = time.monotonic() + 60 + count / 100
        with start() as bus:
            while queues.depth("esb.in") or queues.depth("esb.out") < count:
                bus.check()
                if time.monotonic() > deadline:
                    raise RuntimeError(f"only {queues.depth('esb.out')} of {count} messages arrived in time")
                if kills < 4 and queues.depth("esb.out") > count * (kills + 1) / 5:
                    workers = [pid for pid in machine.tree(bus.pid) if pid != bus.pid]
                    for pid in workers:
                        os.kill(pid, signal.SIGKILL)
                    kills += bool(workers)
                time.sleep(0.02)
            time.sleep(1)
        came = queues.depth("esb.out")
    with sink(job.url, ("esb.out",)) as taken:
        while taken.count < came and time.monotonic() < deadline + 60:
            time.sleep(0.05)
    return {
        "kills": kills,
        "lost": count - len(taken.ids),
        "repeated": (taken.count - len(taken.ids)) / max(kills, 1),
    }


def memory(options: Options) -> Table:
    """A million messages through W1, consumed behind it; the first tenth is for the caches to fill."""
    count = options.messages(_ONE_MILLION, 20_000)
    table = Table("memory", f"W1, {count:,} messages, consumed behind it", MEMORY, "flat, and at most 120 MB a worker")
    with node(table) as rabbit:
        if rabbit is None:
            return table
        contender = Contender("bus", lambda: _through(rabbit.url, count))
        return table.measure([contender], options.rounds if options.quick else 1)


def _through(url: str, count: int) -> Round:
    bodies = data.bodies(5_000)
    with Queues(url) as queues:
        queues.fresh(["esb.in", "esb.out"])
        with sink(url, ("esb.out",)) as taken, BusProject(files("W1"), broker=url, ready=False) as bus:
            sent, early = 0, 0.0
            began, used = time.perf_counter(), machine.cpu(bus.pid)
            while taken.count < count:
                bus.check()
                # Never more than some thousands ahead: it is the bus's memory that is looked at, not the broker's.
                if sent < count and sent - taken.count < 20_000:
                    queues.add("esb.in", bodies[: min(len(bodies), count - sent)])
                    sent += min(len(bodies), count - sent)
                else:
                    time.sleep(0.02)
                if not early and taken.count >= count / 10:
                    early = machine.memory(bus.pid)
                    began, used = time.perf_counter(), machine.cpu(bus.pid)
                    first = taken.count
            passed, spent = taken.count - first, time.perf_counter() - began
            workers = [machine.resident(pid) for pid in machine.tree(bus.pid) if pid != bus.pid]
            return {
                "steady": passed / spent,
                "early": early,
                "late": machine.memory(bus.pid),
                "worker": max(workers),
                "own": (machine.cpu(bus.pid) - used) / passed * 1e6,
            }
