"""W1, queue to queue, and W2, parse, validate, map, route in three and publish: on a private RabbitMQ node, the bus as ``esb run`` runs it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from esb.testing.rabbitmq import RabbitNode
from tests.benchmarks import data, machine, peers
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import CAMEL, GOALS, SHOVEL
from tests.benchmarks.options import Options
from tests.benchmarks.project import BusProject, Command, usage
from tests.benchmarks.rabbit import Filler, Queues, Shovel, sink
from tests.benchmarks.table import Column, Contender, Round, Table
from tests.benchmarks.work import by_component, files

LIMIT = "limit: pika relay"
BUS, WIDE, PAIR = "bus", "bus, prefetch 1000", "bus, two workers"
NARROW = "shovel, prefetch 250"
OUTPUTS = {"W1": ("esb.out",), "W2": ("esb.high", "esb.normal", "esb.low")}
TITLES = {
    "W1": "queue to queue on RabbitMQ, 1 KB persistent, manual ack, mandatory, confirms",
    "W2": "parse JSON, validate, route in three, map, publish",
}

COLUMNS = (
    Column("steady", "msg/s"),
    Column("own", "own CPU µs/msg"),
    Column("broker", "broker CPU µs/msg"),
    Column("both", "CPU of both µs/msg"),
    Column("others", "others' CPU %"),
    Column("memory", "peak RSS MB"),
    Column("doubled", "doubled"),
    Column("left", "left"),
)


class Running(Protocol):
    """A contender at work."""

    @property
    def pid(self) -> int:
        """The root of its processes."""

    def check(self) -> None:
        """Raise RuntimeError if it has ended."""


Start = Callable[[], AbstractContextManager[Running]]


@dataclass(frozen=True)
class Variant:
    """One of the ways in which W1 and W2 are measured, and who takes part."""

    work: str
    count: int = 40_000
    consumed: bool = False
    """Whether the outputs are consumed meanwhile, with manual acks, rather than piling up: the ranking of queues is another then."""
    classic: bool = False
    """Whether on classic durable queues, made by somebody else, which the bus reaches by its component ``rabbitmq:``."""
    names: tuple[str, ...] = (BUS, SHOVEL, CAMEL)

    @property
    def name(self) -> str:
        """``W1-100k``, ``W2-classic-consumed``."""
        size = f"-{self.count // 1000}k" if self.count != Variant.count else ""
        return f"{self.work}{size}{'-classic' if self.classic else ''}{'-consumed' if self.consumed else ''}"

    def __call__(self, options: Options, bench: Bench) -> Table:
        """The table, to be measured."""
        count = options.messages(self.count, self.count // 5)
        how = "outputs consumed with manual acks" if self.consumed else "outputs piling up"
        table = Table(
            self.name,
            f"{TITLES[self.work]}; {count:,} messages, {'classic' if self.classic else 'quorum'} queues, {how}",
            COLUMNS,
            GOALS[self.work],
            against=(CAMEL, SHOVEL, LIMIT),
            shared="both",
        )
        node = bench.rabbit(table)
        if node is not None:
            job = Job(node.url, node.pid, OUTPUTS[self.work], data.bodies(count), self.consumed, self.classic)
            table.contenders = [
                Contender(name, partial(measured, job, start, Shovel.SOURCE if name in {SHOVEL, NARROW} else "esb.in"))
                for name, start in self._starts(node, table).items()
                if options.wants(name, usual=name in self.names)
            ]
        return table

    def _starts(self, node: RabbitNode, table: Table) -> dict[str, Start]:
        work, relay = self.work, [sys.executable, "-m", "tests.benchmarks.relay", node.url, self.work, "1000"]
        usual, wide = files(work), files(work, "?prefetch=1000")
        if self.classic:
            usual, wide = by_component(work, node.port), by_component(work, node.port, 1000)
        starts: dict[str, Start] = {
            BUS: lambda: BusProject(usual, broker=node.url, ready=False),
            WIDE: lambda: BusProject(wide, broker=f"{node.url}?window=1000", ready=False),
            PAIR: lambda: BusProject(usual, broker=node.url, workers=2, ready=False),
            LIMIT: lambda: Command(relay),
        }
        if work == "W1":
            starts[SHOVEL] = lambda: Shovel(node, classic=self.classic)
            starts[NARROW] = lambda: Shovel(node, classic=self.classic, prefetch=250)
        camel = peers.camel_queues(work, node.port)
        if isinstance(camel, str):
            table.skipped.append(camel)
        else:
            starts[CAMEL] = camel
        return starts


VARIANTS = (
    Variant("W1", names=(BUS, WIDE, PAIR, SHOVEL, NARROW, CAMEL)),
    Variant("W2", names=(BUS, WIDE, CAMEL)),
    Variant("W1", 100_000),
    Variant("W2", 100_000),
    Variant("W1", consumed=True),
    Variant("W2", consumed=True),
    Variant("W1", classic=True),
    Variant("W2", classic=True),
    Variant("W1", classic=True, consumed=True),
    Variant("W2", classic=True, consumed=True),
)


@dataclass(frozen=True)
class Job:
    """What is to be done, and where."""

    url: str
    broker: int
    """The node's process."""
    outputs: tuple[str, ...]
    bodies: list[bytes]
    consumed: bool = False
    classic: bool = False


@dataclass(frozen=True)
class _Mark:
    """What had been done and spent when a share of the messages had arrived."""

    done: int
    own: float
    at: float
    broker: float
    machine: float
    driver: float


def measured(job: Job, start: Start, source: str = "esb.in") -> Round:
    """One run: the rate from 30 % to 90 % of the messages, so without the start, and what is left of them after the stop."""
    count = len(job.bodies)
    with Queues(job.url) as queues:
        queues.fresh([source, *job.outputs], classic=job.classic)
        with Filler(job.url) as filler:
            filler.add(source, job.bodies)
        with sink(job.url, job.outputs if job.consumed else ()) as taken, start() as contender:

            def arrived() -> int:
                return taken.count if job.consumed else sum(queues.depth(name) for name in job.outputs)

            done, peak = 0, 0.0
            marks: list[_Mark] = []
            deadline = time.monotonic() + 60 + count / 200
            while done < count:
                contender.check()
                if time.monotonic() > deadline:
                    raise RuntimeError(f"only {done} of {count} messages arrived in time")
                done = arrived()
                if (len(marks) < 1 and done >= 0.3 * count) or (len(marks) == 1 and done >= 0.9 * count):
                    marks.append(_mark(done, contender.pid, job.broker))
                    peak = max(peak, machine.memory(contender.pid))
                time.sleep(0.03)
            if len(marks) < 2:
                marks.append(_mark(done, contender.pid, job.broker))
        time.sleep(0.3)
        done = arrived()
        left = queues.depth(source)
    alone = contender.pid == job.broker
    return _between(*marks, in_broker=alone) | {"memory": peak, "doubled": done - count, "left": left}


def _mark(done: int, contender: int, broker: int) -> _Mark:
    own, at = usage(contender)
    return _Mark(done, own, at, machine.cpu(broker), machine.busy(), time.process_time())


def _between(first: _Mark, last: _Mark, *, in_broker: bool) -> Round:
    passed, took = last.done - first.done, last.at - first.at
    own, broker = last.own - first.own, last.broker - first.broker
    ours = broker + (0.0 if in_broker else own)
    others = last.machine - first.machine - ours - (last.driver - first.driver)
    return {
        "steady": passed / took,
        "own": own / passed * 1e6,
        "broker": broker / passed * 1e6,
        "both": ours / passed * 1e6,
        "others": max(others, 0.0) / took / (os.cpu_count() or 1) * 100,
    }
