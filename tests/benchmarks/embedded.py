"""The embedded broker: durable messages through its own contract, and from queue to queue through ``esb run``."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path

from esb.broker.contract import Ack, Broker, Delivery, Outgoing, Subscription
from esb.broker.open import open_broker
from tests.benchmarks import data
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import GOALS
from tests.benchmarks.options import Options
from tests.benchmarks.project import BusProject, Command, usage
from tests.benchmarks.table import Column, Contender, Round, Table
from tests.benchmarks.work import files

COLUMNS = (Column("rate", "msg/s"), Column("own", "own CPU µs/msg"), Column("publish", "published/s"))


def sqlite(options: Options, _bench: Bench) -> Table:
    """Each message published, confirmed after an fsync, delivered and acknowledged."""
    count = 5_000 if options.quick else 20_000
    table = Table("sqlite", f"embedded broker, {count:,} messages of 1 KB, durable", COLUMNS, GOALS["sqlite"], most=3)
    table.contenders = [
        Contender("publish + consume, in process", lambda: _contract(count)),
        Contender("bus:in to bus:out, esb run", lambda: _relay(count)),
    ]
    return table


def _contract(count: int) -> Round:
    with Command([sys.executable, "-m", "tests.benchmarks.embedded", str(count)]) as child:
        rate, own, publish = map(float, child.wait(90).split())
    return {"rate": rate, "own": own, "publish": publish}


def _relay(count: int) -> Round:
    project = BusProject(files("W1"), ready=False)
    (project.folder / "var").mkdir()
    broker = open_broker(f"sqlite:{project.folder}/var/bus.db")
    broker.open()
    try:
        for queue in ("in", "out"):
            broker.queue(queue)
        publish = _publish(broker, "in", count)
        with project:
            done = 0
            marks: list[tuple[int, tuple[float, float]]] = []
            deadline = time.monotonic() + 90
            while done < count:
                project.check()
                if time.monotonic() > deadline:
                    raise RuntimeError(f"only {done} of {count} messages arrived")
                done = broker.depth("out")
                if len(marks) < 1 and done >= 0.3 * count:
                    marks.append((done, usage(project.pid)))
                time.sleep(0.05)
            own, ended = usage(project.pid)
            (first, (own_before, began)) = marks[0]
            passed = max(done - first, 1)
        return {"rate": passed / (ended - began), "own": (own - own_before) / passed * 1e6, "publish": publish}
    finally:
        broker.close()


def _publish(broker: Broker, queue: str, count: int) -> float:
    """Messages confirmed a second."""
    confirmed, last = [0], threading.Event()

    def done(error: Exception | None) -> None:
        if error is not None:
            raise error
        confirmed[0] += 1
        if confirmed[0] == count:
            last.set()

    began = time.perf_counter()
    for number, body in enumerate(data.bodies(count)):
        broker.publish(queue, Outgoing(f"m-{number}", body, {}, "application/json"), done)
    if not last.wait(60):
        raise RuntimeError(f"only {confirmed[0]} of {count} messages were confirmed within 60 s")
    return count / (time.perf_counter() - began)


def measure(count: int) -> tuple[float, float, float]:
    """Messages a second through both ends at once, CPU microseconds a message, and publishes a second alone."""
    with tempfile.TemporaryDirectory(prefix="esb-bench-") as folder:
        broker = open_broker(f"sqlite:{Path(folder)}/bus.db")
        broker.open()
        broker.queue("alone")
        alone = _publish(broker, "alone", count)
        broker.queue("through")
        seen, all_seen, ready = [0], threading.Event(), threading.Event()
        subscriptions: list[Subscription] = []

        def take(batch: list[Delivery]) -> None:
            ready.wait()
            subscriptions[0].settle([(delivery, Ack()) for delivery in batch])
            seen[0] += len(batch)
            if seen[0] >= count:
                all_seen.set()

        began, used = time.perf_counter(), time.process_time()
        subscriptions.append(broker.subscribe("through", take, prefetch=500))
        ready.set()
        _publish(broker, "through", count)
        if not all_seen.wait(60):
            raise RuntimeError(f"only {seen[0]} of {count} messages were delivered")
        spent, own = time.perf_counter() - began, time.process_time() - used
        broker.close()
        return count / spent, own / count * 1e6, alone


if __name__ == "__main__":
    print(*measure(int(sys.argv[1])))
