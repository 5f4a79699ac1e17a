"""W5: a choice on a header, a header set and a processor called, in process on one thread, through a direct: route with its error handler."""

from __future__ import annotations

import re
import statistics
import sys
import time

from tests.benchmarks import peers
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import GOALS
from tests.benchmarks.options import Options
from tests.benchmarks.project import Command
from tests.benchmarks.table import Column, Contender, Round, Table

ROUTE = """
- route:
    from:
      uri: direct:in
      steps:
        - choice:
            when:
              - simple: "${header.kind} == 'a'"
                steps: [{setHeader: {name: dest, constant: one}}, {process: {ref: counter}}]
              - simple: "${header.kind} == 'b'"
                steps: [{setHeader: {name: dest, constant: two}}, {process: {ref: counter}}]
            otherwise:
              steps: [{setHeader: {name: dest, constant: three}}, {process: {ref: counter}}]
"""
COLUMNS = (Column("rate", "msg/s"), Column("own", "own CPU µs/msg", 2))
KINDS = ("a", "b", "c")


def w5(options: Options, _bench: Bench) -> Table:
    """One thread, no I/O: what the route itself costs."""
    table = Table(
        "W5",
        "in process, choice by header + set header + processor, one thread",
        COLUMNS,
        GOALS["W5"],
        against=("Camel",),
        note="the bus's exchange counts, has an error handler and a unit of work's place; it is made for each message, as Camel's",
    )
    table.contenders = [Contender("bus", lambda: _child(100_000 if options.quick else 400_000))]
    why = peers.built()
    if why:
        table.skipped.append(why)
    else:
        table.contenders.append(Contender("Camel", _camel))
    return table


def _child(count: int) -> Round:
    """In a process of its own: benchmarks that ran before leave nothing behind."""
    with Command([sys.executable, "-m", "tests.benchmarks.inprocess", str(count)]) as child:
        rate, own = child.wait(60).split()
    return {"rate": float(rate), "own": float(own)}


def _camel() -> Round:
    """The median over the last rounds of its own benchmark, which are warm."""
    with peers.camel("w5.yaml", {}, "bench", "1") as camel:
        rates = re.findall(r"round [123] producer (\d+) msg/s", camel.wait(60))
    if not rates:
        raise RuntimeError(f"Camel printed no rate: {camel.output[-300:]}")
    return {"rate": statistics.median(map(float, rates))}


def measure(count: int) -> tuple[float, float]:
    """Messages a second and CPU microseconds a message, the best of five: other processes only ever slow it down."""
    from esb.context import RouteContext
    from esb.exchange import Exchange

    seen = [0]

    def counter(_exchange: Exchange) -> None:
        seen[0] += 1

    context = RouteContext("bench")
    context.bind("bean", "counter", counter)
    context.load(ROUTE, "w5.yaml")
    context.start()
    producer = context.endpoint("direct:in").producer()
    producer.start()
    send = producer.send
    rates, costs = [], []
    for _ in range(5):
        began, used = time.perf_counter(), time.thread_time()
        for number in range(count):
            send(Exchange("body", {"kind": KINDS[number % 3]}))
        rates.append(count / (time.perf_counter() - began))
        costs.append((time.thread_time() - used) / count * 1e6)
    assert seen[0] == 5 * count
    context.stop()
    return max(rates), min(costs)


if __name__ == "__main__":
    print(*measure(int(sys.argv[1])))
