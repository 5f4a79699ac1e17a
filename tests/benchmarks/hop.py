"""How long a queue hop takes at half load: from the publish to the arrival behind the bus, with half of what W1 does a second."""

from __future__ import annotations

import struct
import threading
import time
from functools import partial

from esb.broker.contract import Ack, Delivery, Outgoing, Subscription
from esb.broker.open import open_broker
from tests.benchmarks import data
from tests.benchmarks.bench import Bench
from tests.benchmarks.options import Options
from tests.benchmarks.project import BusProject
from tests.benchmarks.rabbit import Queues
from tests.benchmarks.table import Column, Contender, Round, Table
from tests.benchmarks.work import files

COLUMNS = (
    Column("p50", "p50 ms", 1),
    Column("p99", "p99 ms", 1),
    Column("most", "longest ms", 1),
    Column("rate", "msg/s sent"),
    Column("late", "sent late ms", 1),
)
_STAMP = struct.Struct(">d")
_PACE = 0.002


def latency(options: Options, bench: Bench) -> Table:
    """Published at an even pace by this process, consumed by it again. Both hops' broker work is in it: in and out."""
    count = options.messages(20_000, 4_000)
    table = Table(
        "latency",
        f"bus:in to bus:out at half load, from publish to arrival, {count:,} messages of 1 KB, quorum queues",
        COLUMNS,
        note="half load is half of what the same bus did just before, as fast as it could; 'sent late' is how far the driver was behind its pace",
        most=3,
    )
    rabbit = bench.rabbit(table)
    if rabbit is not None:
        table.contenders = [
            Contender(name, partial(_round, rabbit.url, query, count))
            for name, query in (("bus", ""), ("bus, prefetch 1000", "?prefetch=1000"))
            if options.wants(name)
        ]
    return table


def _round(url: str, query: str, count: int) -> Round:
    with Queues(url) as queues:
        queues.fresh(["esb.in", "esb.out"])
    with BusProject(files("W1", query), broker=url, ready=False) as bus:
        hop = _Hop(url)
        try:
            hop.send(1_000, 0.0)  # everything is connected and warm
            began = time.perf_counter()
            hop.send(count, 0.0)
            full = count / (time.perf_counter() - began)
            bus.check()
            late = hop.send(count, full / 2)
        finally:
            hop.close()
    took = sorted(hop.took)
    return {
        "p50": took[len(took) // 2] * 1e3,
        "p99": took[len(took) * 99 // 100] * 1e3,
        "most": took[-1] * 1e3,
        "rate": full / 2,
        "late": late * 1e3,
    }


class _Hop:
    """Both ends of the bus."""

    def __init__(self, url: str) -> None:
        self._broker = open_broker(url)
        self._broker.open()
        deadline = time.monotonic() + 60
        while self._broker.state != "connected":
            if time.monotonic() > deadline:
                raise RuntimeError("the driver does not get a connection")
            time.sleep(0.02)
        self._broker.queue("in")
        self._broker.queue("out")
        self._came = threading.Condition()
        self._body = data.bodies(1)[0]
        self._ready = threading.Event()
        self.took: list[float] = []
        self._subscription: Subscription = self._broker.subscribe("out", self._take, prefetch=1000)
        self._ready.set()

    def _take(self, batch: list[Delivery]) -> None:
        now = time.perf_counter()
        self._ready.wait()
        self._subscription.settle([(delivery, Ack()) for delivery in batch])
        with self._came:
            self.took += [now - _STAMP.unpack_from(delivery.body)[0] for delivery in batch]
            self._came.notify()

    def send(self, count: int, rate: float) -> float:
        """Send at a rate (0: as fast as it goes) and wait until all have come; how late the last was sent."""
        self.took = []
        began = time.perf_counter()
        sent = 0
        late = 0.0
        while sent < count:
            now = time.perf_counter()
            due = min(count, int((now - began) * rate) + 1) if rate else count
            while sent < due:
                stamp = began + sent / rate if rate else time.perf_counter()
                late = max(0.0, time.perf_counter() - stamp)
                message = Outgoing(f"m{sent}", _STAMP.pack(time.perf_counter()) + self._body)
                self._broker.publish("in", message, lambda _error: None)
                sent += 1
            time.sleep(_PACE)
        with self._came:
            if not self._came.wait_for(lambda: len(self.took) >= count, 60 + count / 200):
                raise RuntimeError(f"only {len(self.took)} of {count} messages came")
        return late

    def close(self) -> None:
        """Stop."""
        self._broker.close()
