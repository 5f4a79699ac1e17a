"""W4: requests answered by a route (parsed, validated, mapped, written), and requests accepted durably with 202."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from esb.testing.ports import free_port
from tests.benchmarks import data, machine, peers
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import GOALS
from tests.benchmarks.options import Options
from tests.benchmarks.project import BusProject, Command
from tests.benchmarks.queues import Running
from tests.benchmarks.table import Column, Contender, Round, Table
from tests.benchmarks.work import MAPPING, TYPES

ANSWER = """
- route:
    id: w4
    from:
      uri: platform-http:/orders?httpMethodRestrict=POST
      steps:
        - unmarshal: {json: {unmarshalType: bench.Order}}
        - transformDataType: {fromType: bench.Order, toType: bench.Invoice}
        - marshal: {json: {unmarshalType: bench.Invoice}}
        - setHeader: {name: Content-Type, constant: application/json}
"""
ACCEPT = """
- route:
    id: w4
    from:
      uri: platform-http:/orders?httpMethodRestrict=POST
      steps:
        - removeHeaders: {pattern: "*"}
        - to: bus:accepted
        - setBody: {constant: '{"accepted":true}'}
        - setHeader: {name: Content-Type, constant: application/json}
        - setHeader: {name: CamelHttpResponseCode, constant: 202}
"""
ACCEPT_LAST = """
- route:
    id: w4
    from:
      uri: platform-http:/orders?httpMethodRestrict=POST&exchangePattern=InOnly
      steps:
        - removeHeaders: {pattern: "*"}
        - to: bus:accepted
"""
COLUMNS = (
    Column("rate", "requests/s"),
    Column("own", "own CPU µs/request"),
    Column("p50", "p50 ms", 2),
    Column("p99", "p99 ms", 1),
    Column("failed", "failed"),
)
CONNECTIONS = 32
CAMEL = "Camel, no types"


def w4(options: Options, _bench: Bench) -> Table:
    """Transform and answer, two worker processes."""
    table = Table(
        "W4",
        f"POST /orders → validate, map → JSON, {CONNECTIONS} connections, two processes",
        COLUMNS,
        GOALS["W4"],
        against=(CAMEL,),
        note=_driver(),
    )
    files = {"routes/w4.yaml": ANSWER, "schemas/bench.yaml": TYPES, "schemas/mappings/bench.yaml": MAPPING}
    table.contenders = [Contender("bus", lambda: _round(*_bus(files), options))]
    why = peers.built()
    if why:
        table.skipped.append(why)
    else:
        table.contenders.append(Contender(CAMEL, lambda: _round(*_camel(), options, warm_up=12)))
    return table


def w4_durable(options: Options, bench: Bench) -> Table:
    """Publish durably, then 202: with RabbitMQ and with the embedded broker."""
    table = Table(
        "W4-durable",
        f"POST /orders → durable on a bus channel → 202, {CONNECTIONS} connections, two processes",
        COLUMNS,
        GOALS["W4-durable"],
        note=_driver(),
    )
    routes = {"": ACCEPT, ", answered by the confirm": ACCEPT_LAST}
    brokers = {"sqlite": ""}
    rabbit = bench.rabbit(table)
    if rabbit is not None:
        brokers["RabbitMQ"] = rabbit.url
    table.contenders = [
        _accepting(f"bus on {name}{way}", route, url, options)
        for name, url in brokers.items()
        for way, route in routes.items()
    ]
    return table


Start = Callable[[], AbstractContextManager[Running]]


def _accepting(name: str, route: str, broker: str, options: Options) -> Contender:
    return Contender(name, lambda: _round(*_bus({"routes/w4.yaml": route}, broker), options))


def _bus(files: dict[str, str], broker: str = "") -> tuple[Start, int]:
    project = BusProject(files, broker=broker, workers=2)
    return lambda: project, project.http


def _camel() -> tuple[Start, int]:
    port = free_port()
    return lambda: peers.camel("w4.yaml", {"HTTP_PORT": str(port)}), port


def _driver() -> str:
    return (
        "driven by wrk, one thread"
        if shutil.which("wrk")
        else "driven by our own client, which takes as much CPU as the bus"
    )


def _round(start: Start, port: int, options: Options, warm_up: int = 2) -> Round:
    url, seconds = f"http://127.0.0.1:{port}/orders", 3 if options.quick else 5
    with start() as contender:
        _await_answer(url, contender)
        _drive(url, warm_up)
        before = machine.cpu(contender.pid)
        seen = _drive(url, seconds)
        seen["own"] = (machine.cpu(contender.pid) - before) / max(seen["rate"] * seconds, 1) * 1e6
        return seen


def _await_answer(url: str, contender: Running) -> None:
    request = urllib.request.Request(url, data.bodies(1)[0], {"Content-Type": "application/json"})
    deadline = time.monotonic() + 30
    seen = "nothing"
    while time.monotonic() < deadline:
        contender.check()
        try:
            with urllib.request.urlopen(request, timeout=5):
                return
        except OSError as error:
            seen = str(error)
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer with 200 or 202: {seen}")


def _drive(url: str, seconds: int) -> Round:
    if shutil.which("wrk"):
        return _wrk(url, seconds)
    command = [sys.executable, "-m", "tests.benchmarks.httpclient", url, str(CONNECTIONS), str(seconds)]
    with Command(command) as client:
        seen: Round = json.loads(client.wait(seconds + 30))
        return seen


def _wrk(url: str, seconds: int) -> Round:
    with tempfile.TemporaryDirectory(prefix="esb-bench-") as holder:
        script = Path(holder) / "post.lua"
        body = data.bodies(1)[0].decode()
        script.write_text(
            f'wrk.method = "POST"\nwrk.body = [[{body}]]\nwrk.headers["Content-Type"] = "application/json"\n'
        )
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), url]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if rate is None:
        raise RuntimeError(f"wrk: {done.stdout[-300:]}{done.stderr[-300:]}")
    errors = [int(number) for number in re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", done.stdout)]
    return {
        "rate": float(rate[1]),
        "p50": _milliseconds(done.stdout, "50%"),
        "p99": _milliseconds(done.stdout, "99%"),
        "failed": float(sum(errors)),
    }


def _milliseconds(output: str, share: str) -> float:
    found = re.search(rf"{share}\s+([\d.]+)(us|ms|s)", output)
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]] if found else float("nan")
