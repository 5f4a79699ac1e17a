"""W1, queue to queue, and W2, parse, validate, map, route in three and publish: on a private RabbitMQ node, the bus as ``esb run`` runs it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from esb.errors import NotConnected
from esb.testing.rabbitmq import RabbitNode
from tests.benchmarks import data, machine, peers
from tests.benchmarks.figures import GOALS
from tests.benchmarks.options import Options
from tests.benchmarks.project import BusProject, Command, usage
from tests.benchmarks.rabbit import Queues, Shovel, sink
from tests.benchmarks.table import Column, Contender, Round, Table

LIMIT = "limit: pika relay"
SHOVEL = "shovel"
CAMEL = "Camel tuned"
OUTPUTS = {"W1": ("esb.out",), "W2": ("esb.high", "esb.normal", "esb.low")}

W1_ROUTE = """
- route: {id: w1, from: {uri: "bus:in%s", steps: [{to: "bus:out"}]}}
"""

W2_ROUTE = """
- route:
    id: w2
    from:
      uri: bus:in%s
      steps:
        - unmarshal: {json: {unmarshalType: bench.Order}}
        - setProperty: {name: priority, simple: "${body[priority]}"}
        - transformDataType: {fromType: bench.Order, toType: bench.Invoice}
        - marshal: {json: {unmarshalType: bench.Invoice}}
        - choice:
            when:
              - simple: "${exchangeProperty.priority} == 'high'"
                steps: [{to: "bus:high"}]
              - simple: "${exchangeProperty.priority} == 'normal'"
                steps: [{to: "bus:normal"}]
            otherwise:
              steps: [{to: "bus:low"}]
"""

TYPES = """
types:
  Line:
    unknown: exclude
    fields:
      sku: {type: string, required: true}
      quantity: {type: integer, required: true, data_key: qty, range: {min: 1}}
      unitPrice: {type: float, required: true, data_key: price}
  Customer:
    unknown: exclude
    fields:
      name: {type: string, required: true}
      email: {type: string, required: true, clean: [lower]}
  Order:
    unknown: exclude
    fields:
      id: {type: string, required: true, data_key: orderId}
      customer: {type: nested, of: bench.Customer, required: true}
      country: {type: string, required: true, length: 2}
      amount: {type: float, required: true, data_key: total}
      currency: {type: string, required: true}
      created: {type: string, required: true, data_key: createdAt}
      priority: {type: enum, values: [high, normal, low], required: true}
      lines: {type: list, of: bench.Line, required: true}
  InvoiceLine:
    fields:
      sku: {type: string, required: true}
      quantity: {type: integer, required: true}
      unitPrice: {type: float, required: true}
  Invoice:
    fields:
      id: {type: string, required: true}
      customerName: {type: string, required: true}
      customerEmail: {type: string, required: true}
      country: {type: string, required: true}
      amount: {type: float, required: true}
      currency: {type: string, required: true}
      created: {type: string, required: true}
      priority: {type: string, required: true}
      lines: {type: list, of: bench.InvoiceLine, required: true}
"""

MAPPING = """
mappings:
  - from: bench.Order
    to: bench.Invoice
    fields:
      id: id
      customerName: customer.name
      customerEmail: customer.email
      country: country
      amount: amount
      currency: currency
      created: created
      priority: priority
      lines: {each: {from: lines, fields: {sku: sku, quantity: quantity, unitPrice: unitPrice}}}
"""

_USUAL, _QUICK = 40_000, 8_000

BY_COMPONENT = "rabbitmq:default?addresses=127.0.0.1:{port}&username=guest&password=guest&autoDeclare=false"

COLUMNS = (
    Column("steady", "msg/s"),
    Column("own", "own CPU µs/msg"),
    Column("broker", "broker CPU µs/msg"),
    Column("both", "CPU of both µs/msg"),
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


def w1(options: Options) -> Table:
    """Messages of 1 KB from one queue to another."""
    return _measured("W1", "queue to queue on RabbitMQ, 1 KB persistent, manual ack, mandatory, confirms", options)


def w2(options: Options) -> Table:
    """Orders parsed, validated, mapped and routed."""
    return _measured("W2", "parse JSON, validate, route in three, map, publish", options)


def files(work: str, query: str = "") -> dict[str, str]:
    """The project of a benchmark."""
    route = (W1_ROUTE if work == "W1" else W2_ROUTE) % query
    extra = {} if work == "W1" else {"schemas/bench.yaml": TYPES, "schemas/mappings/bench.yaml": MAPPING}
    return {f"routes/{work}.yaml": route} | extra


def by_component(work: str, port: int, prefetch: int = 250) -> dict[str, str]:
    """The same project on queues that others have made: its routes name the component rabbitmq: for the channels."""
    made = files(work)
    here = BY_COMPONENT.format(port=port)
    route = made[f"routes/{work}.yaml"].replace("uri: bus:in", 'uri: "bus:in"')
    for name in ("out", "high", "normal", "low"):
        route = route.replace(f'"bus:{name}"', f'"{here}&routingKey=esb.{name}"')
    source = f'"{here}&queues=esb.in&asyncConsumer=true&prefetchCount={prefetch}"'
    return made | {f"routes/{work}.yaml": route.replace('"bus:in"', source)}


@contextmanager
def node(table: Table) -> Iterator[RabbitNode | None]:
    """A private node; None after noting that there is no server here."""
    try:
        private = RabbitNode()
    except NotConnected as error:
        table.skipped.append(str(error))
        yield None
        return
    (private.folder / "plugins").write_text("[rabbitmq_shovel].\n")
    with private:
        yield private


def _label(work: str, count: int, options: Options) -> str:
    """A name of its own for what is not the usual run, so that both can stand on one page."""
    size = "" if count in {_USUAL, _QUICK} else f"-{count // 1000}k"
    return f"{work}{size}{'-consumed' if options.consumed else ''}{'-classic' if options.classic else ''}"


def _measured(work: str, title: str, options: Options) -> Table:
    count = options.messages(_USUAL, _QUICK)
    how = "outputs consumed with manual acks" if options.consumed else "outputs piling up"
    kind = "classic" if options.classic else "quorum"
    table = Table(
        _label(work, count, options),
        f"{title}; {count:,} messages, {kind} queues, {how}",
        COLUMNS,
        GOALS[work],
        against=(CAMEL, SHOVEL, LIMIT),
    )
    bodies = data.bodies(count)
    with node(table) as rabbit:
        if rabbit is None:
            return table
        relay = [sys.executable, "-m", "tests.benchmarks.relay", rabbit.url, work, "1000"]
        usual, wide = files(work), files(work, "?prefetch=1000")
        if options.classic:
            usual, wide = by_component(work, rabbit.port), by_component(work, rabbit.port, 1000)
        starts: dict[str, Start] = {
            "bus": lambda: BusProject(usual, broker=rabbit.url, ready=False),
            "bus, prefetch 1000": lambda: BusProject(wide, broker=f"{rabbit.url}?window=1000", ready=False),
            LIMIT: lambda: Command(relay),
        }
        if work == "W1":
            starts[SHOVEL] = lambda: Shovel(rabbit, classic=options.classic)
        camel = peers.camel_queues(work, rabbit.port)
        if isinstance(camel, str):
            table.skipped.append(camel)
        else:
            starts[CAMEL] = camel
        job = Job(rabbit.url, rabbit.pid, OUTPUTS[work], bodies, options.consumed, options.classic)
        contenders = [
            Contender(name, partial(measured, job, start, Shovel.SOURCE if name == SHOVEL else "esb.in"))
            for name, start in starts.items()
            if options.wants(name)
        ]
        table.measure(contenders, options.rounds)
        table.note = _by_processor(table)
        return table


def _by_processor(table: Table) -> str:
    """The ratios that a busy machine leaves as they are: how much processor time the others take, broker included."""
    ours = table.median("bus", "both")
    others = [(name, table.median(name, "both")) for name in (CAMEL, SHOVEL, LIMIT)]
    told = [f"{theirs / ours:.2f} x {name}" for name, theirs in others if ours and theirs]
    return (
        f"by processor time of contender and broker together, messages a second of the bus: {', '.join(told)}"
        if told
        else ""
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


def measured(job: Job, start: Start, source: str = "esb.in") -> Round:
    """One run: the rate from 30 % to 90 % of the messages, and what is left of them after the stop."""
    count, broker = len(job.bodies), job.broker
    with Queues(job.url) as queues:
        queues.fresh([source, *job.outputs], classic=job.classic)
        queues.fill(source, job.bodies)
        with sink(job.url, job.outputs if job.consumed else ()) as taken, start() as contender:

            def arrived() -> int:
                return taken.count if job.consumed else sum(queues.depth(name) for name in job.outputs)

            done, peak = 0, 0.0
            marks: list[tuple[int, tuple[float, float], float]] = []
            deadline = time.monotonic() + 60 + count / 200
            while done < count:
                contender.check()
                if time.monotonic() > deadline:
                    raise RuntimeError(f"only {done} of {count} messages arrived in time")
                done = arrived()
                if (len(marks) < 1 and done >= 0.3 * count) or (len(marks) == 1 and done >= 0.9 * count):
                    marks.append((done, usage(contender.pid), machine.cpu(broker)))
                    peak = max(peak, machine.memory(contender.pid))
                time.sleep(0.03)
            if len(marks) < 2:
                marks.append((done, usage(contender.pid), machine.cpu(broker)))
        time.sleep(0.3)
        done = taken.count if job.consumed else sum(queues.depth(name) for name in job.outputs)
        left = queues.depth(source)
    (first, (own, began), served), (last, (own_end, ended), served_end) = marks
    passed = last - first
    alone = (served_end - served) / passed * 1e6
    own_each = (own_end - own) / passed * 1e6
    return {
        "steady": passed / (ended - began),
        "own": own_each,
        "broker": alone,
        "both": alone if contender.pid == broker else own_each + alone,
        "memory": peak,
        "doubled": done - count,
        "left": left,
    }
