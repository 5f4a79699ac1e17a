"""What the window costs and gives: rate and repeats after a kill with 250 and with 1000 messages under way; and memory over many messages."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial

from tests.benchmarks import data, machine
from tests.benchmarks.bench import Bench
from tests.benchmarks.options import Options
from tests.benchmarks.project import BusProject
from tests.benchmarks.queues import Job, measured
from tests.benchmarks.rabbit import Filler, Queues, sink
from tests.benchmarks.table import Column, Contender, Round, Table
from tests.benchmarks.work import files

WINDOWS = (250, 1000)
_ONE_MILLION = 1_000_000
_KILLS = 4
_AHEAD = 5_000

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
    Column("growth", "grown MB", 1),
    Column("worker", "worker's RSS MB"),
    Column("own", "own CPU µs/msg"),
)


def windows(options: Options, bench: Bench) -> Table:
    """W1 with windows of both sizes: the rate without faults, and then the repeats that kill -9 of the worker leaves."""
    count = options.messages(20_000, 8_000)
    table = Table(
        "windows",
        f"W1 with 250 and 1000 messages under way (prefetch and window); {count:,} messages, worker killed {_KILLS} times",
        COLUMNS,
        "repeats after a kill are at most what is under way, 0 behind an idempotentConsumer",
        most=3,
    )
    rabbit = bench.rabbit(table)
    if rabbit is None:
        return table
    job = Job(rabbit.url, rabbit.pid, ("esb.out",), data.bodies(count))

    def start(window: int) -> BusProject:
        return BusProject(files("W1", f"?prefetch={window}"), broker=f"{rabbit.url}?window={window}", ready=False)

    def both(window: int) -> Round:
        return measured(job, partial(start, window)) | _killed(job, partial(start, window))

    table.contenders = [
        Contender(f"bus, {window}", partial(both, window)) for window in WINDOWS if options.wants(f"bus, {window}")
    ]
    return table


def _killed(job: Job, start: Callable[[], BusProject]) -> Round:
    """The same work, with the worker killed at a fifth, two, three and four fifths of it. By the ids that come out: repeats hide what is missing."""
    count = len(job.bodies)
    with Queues(job.url) as queues:
        queues.fresh(["esb.in", "esb.out"])
        with Filler(job.url) as filler:
            filler.add("esb.in", job.bodies)
        kills, seen = 0, -1
        quiet = time.monotonic()
        deadline = quiet + 60 + count / 100
        with sink(job.url, ("esb.out",)) as taken:
            with start() as bus:
                # Until all are there and no repeat has come for a second.
                while len(taken.ids) < count or time.monotonic() - quiet < 1:
                    bus.check()
                    if time.monotonic() > deadline:
                        break
                    if taken.count > seen:
                        seen, quiet = taken.count, time.monotonic()
                    if kills < _KILLS and taken.count > count * (kills + 1) / (_KILLS + 1):
                        workers = [pid for pid in machine.tree(bus.pid) if pid != bus.pid]
                        for pid in workers:
                            os.kill(pid, signal.SIGKILL)
                        kills += bool(workers)
                    time.sleep(0.02)
            left = queues.depth("esb.in")
            while queues.depth("esb.out") and time.monotonic() < deadline:
                time.sleep(0.05)
    return {
        "kills": kills,
        "lost": count - len(taken.ids) - left,
        "left": left,
        "repeated": (taken.count - len(taken.ids)) / max(kills, 1),
    }


def memory(options: Options, bench: Bench) -> Table:
    """A million messages through W1, consumed behind it; the first tenth is for the caches to fill."""
    count = options.messages(_ONE_MILLION, 20_000)
    table = Table(
        "memory",
        f"W1, {count:,} messages, consumed behind it",
        MEMORY,
        "flat, and at most 120 MB a worker",
        note="'grown' is from the first tenth to the most that was seen afterwards, at each tenth; the tree is master and worker",
        most=1,
    )
    rabbit = bench.rabbit(table)
    if rabbit is not None:
        table.contenders = [Contender("bus", lambda: _through(rabbit.url, count))]
    return table


def _through(url: str, count: int) -> Round:
    bodies = data.bodies(_AHEAD)
    with Queues(url) as queues:
        queues.fresh(["esb.in", "esb.out"])
    with (
        sink(url, ("esb.out",)) as taken,
        Filler(url) as filler,
        BusProject(files("W1"), broker=url, ready=False) as bus,
    ):
        sent = first = 0
        began = used = 0.0
        seen: list[float] = []  # resident memory at each tenth
        last, deadline = 0, time.monotonic() + 60
        while taken.count < count:
            bus.check()
            if taken.count > last:
                last, deadline = taken.count, time.monotonic() + 60
            elif time.monotonic() > deadline:
                raise RuntimeError(f"nothing came for a minute after {taken.count} of {count} messages")
            # Never more than some thousands ahead: it is the bus's memory that is looked at, not the broker's.
            if sent < count and sent - taken.count < 3 * _AHEAD:
                part = bodies[: count - sent]
                filler.add("esb.in", part)
                sent += len(part)
            else:
                time.sleep(0.02)
            if taken.count >= count * (len(seen) + 1) / 10:
                if not seen:
                    first, began, used = taken.count, time.perf_counter(), machine.cpu(bus.pid)
                seen.append(machine.memory(bus.pid))
        passed, spent = max(taken.count - first, 1), time.perf_counter() - began
        workers = [machine.resident(pid) for pid in machine.tree(bus.pid) if pid != bus.pid]
        late = machine.memory(bus.pid)
        early = seen[0] if seen else late
        return {
            "steady": passed / spent,
            "early": early,
            "late": late,
            "growth": max([*seen, late]) - early,
            "worker": max(workers),
            "own": (machine.cpu(bus.pid) - used) / passed * 1e6,
        }
