"""SOAP on one core: calls a second of a small operation served and called, beside CXF and bare zeep, and what a message costs without sockets."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from esb.testing.ports import free_port
from tests.benchmarks import machine, peers
from tests.benchmarks.bench import Bench
from tests.benchmarks.options import Options
from tests.benchmarks.project import ROOT, BusProject, Command
from tests.benchmarks.queues import Running
from tests.benchmarks.soapwork import ACTION, REQUEST, WSDL
from tests.benchmarks.table import Column, Contender, Round, Table

CXF = ROOT / "build" / "interop" / "cxf"
PROGRAM = Path(__file__).with_name("cxf") / "Bench.java"
ROUTE = """
- route:
    from:
      uri: soap:erp.wsdl
      parameters: {path: /orders}
      steps:
        - setBody: {python: "{'salesOrderNumber': body['orderId'], 'status': 'CREATED'}"}
"""
RATE, OWN, RESIDENT = Column("rate", "calls/s"), Column("own", "own CPU µs/call"), Column("rss", "RSS MB")
CONNECTIONS = 8
_WORK = (sys.executable, "-m", "tests.benchmarks.soapwork")
_VALIDATED, _DEFAULT = "CXF, validated", "CXF's default"
_SERVED, _DRIVER = ("taskset", "-c", "0"), ("taskset", "-c", "1")
"""Who is measured has one core to itself from its start, so that a JVM, too, arranges itself for one; who drives it has the other."""
_SAME = (
    "the same operation and message, kept-alive connections, each contender on one core from its start, 15 s to warm up and 8 s measured; "
    "validated by the schema both ways, "
    "which CXF does not do by default"
)


def soap_server(options: Options, bench: Bench) -> Table:
    """Serving, one core for the server and one for wrk."""
    table = Table(
        "soap-server",
        f"SOAP served on one core: CreateSalesOrder, {CONNECTIONS} connections",
        (RATE, OWN, RESIDENT),
        "calls a second beside CXF in one run",
        against=(_VALIDATED, _DEFAULT),
        note=f"{_SAME}; driven by wrk on the other core",
    )
    if not shutil.which("wrk"):
        table.skipped.append("wrk is not installed")
        return table
    table.contenders = [Contender("bus", lambda: _served(*_bus(), options, bench))]
    table.contenders += [
        Contender(name, lambda validated=validated: _served(*_cxf(bench, validated), options, bench))  # type: ignore[misc]  # a default that binds
        for name, validated in _cxf_ways(table).items()
    ]
    return table


def soap_client(options: Options, bench: Bench) -> Table:
    """Calling, one call after the other, against a server that only says what it always says."""
    table = Table(
        "soap-client",
        "SOAP called on one core: CreateSalesOrder, one call after the other",
        (RATE, OWN, RESIDENT),
        "calls a second beside bare zeep and CXF in one run",
        against=("bare zeep", _VALIDATED, _DEFAULT),
        note=f"{_SAME}, and zeep never; the server is a canned answer on the other core",
    )
    table.contenders = [
        Contender(name, partial(_called, [*_WORK, kind], *_times(options), "0"))
        for name, kind in {"bus": "bus", "bare zeep": "zeep"}.items()
    ]
    table.contenders += [
        Contender(name, lambda validated=validated: _called([*_java(bench), "call"], *_times(options), validated))  # type: ignore[misc]  # a default that binds
        for name, validated in _cxf_ways(table).items()
    ]
    return table


def soap_message(options: Options, _bench: Bench) -> Table:
    """Parse a request and render its answer, without sockets."""
    table = Table(
        "soap-message",
        "one request parsed, validated and its answer rendered and validated",
        (Column("rate", "messages/s"), Column("own", "µs/message", 1)),
        "a small operation's message both ways",
    )
    table.contenders = [Contender("bus", lambda: _printed([*_SERVED, *_WORK, "message", "-", "1", "4", "0"]))]
    return table


def soap_memory(options: Options, bench: Bench) -> Table:
    """A hundred thousand calls through each end, and the resident memory between the first tenth of them and the last."""
    count = options.messages(100_000, 5_000)
    table = Table(
        "soap-memory",
        f"memory over {count:,} SOAP calls",
        (RATE, Column("early", "RSS MB at 10 %"), Column("late", "RSS MB at the end"), Column("growth", "grown MB", 1)),
        "flat",
        note="'grown' is from the first tenth to the most that was seen afterwards",
        most=1,
    )
    table.contenders = [Contender("bus, calling", partial(_called, [*_WORK, "bus"], "1", "0", str(count)))]
    if shutil.which("wrk"):
        table.contenders.append(Contender("bus, serving", lambda: _served_long(*_bus(), count, bench)))
    return table


Start = Callable[[], AbstractContextManager[Running]]


def _times(options: Options) -> tuple[str, str]:
    """Seconds to warm up and seconds that are measured: the same for all."""
    return ("2", "3") if options.quick else ("15", "8")


def _bus() -> tuple[Start, str]:
    project = {"erp.wsdl": WSDL.read_text(), "routes/soap.yaml": ROUTE}
    running = BusProject(project, workers=1, under=_SERVED)
    return lambda: running, f"http://127.0.0.1:{running.http}/orders"


def _cxf(bench: Bench, validated: str) -> tuple[Start, str]:
    port = free_port()
    command = [*_SERVED, *_java(bench), "serve", str(port), validated]
    return lambda: Command(command), f"http://127.0.0.1:{port}/orders"


def _cxf_ways(table: Table) -> dict[str, str]:
    """CXF as a contender, with and without validation, if it is here."""
    if (CXF / ".built").exists():
        return {_VALIDATED: "true", _DEFAULT: "false"}
    table.skipped.append("CXF: tests/integration/soap_cxf/build.sh fetches and builds it")
    return {}


def _java(bench: Bench) -> list[str]:
    classes = bench.folder / "cxf"
    if not classes.exists():
        command = [
            "javac",
            "-nowarn",
            "-proc:none",
            "-cp",
            f"{CXF}/classes:{CXF}/lib/*",
            "-d",
            str(classes),
            str(PROGRAM),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"javac: {done.stderr[-500:]}")
    quiet = "-Djava.util.logging.config.file=/dev/null"
    return ["java", quiet, "-cp", f"{classes}:{CXF}/classes:{CXF}/lib/*", "Bench"]


def versions() -> list[str]:
    """CXF's, if it is here."""
    return [f"CXF {peers.version_of(CXF / 'lib', 'cxf-core')}"] if (CXF / ".built").exists() else []


def _served(start: Start, url: str, options: Options, bench: Bench) -> Round:
    warm_up, seconds = map(int, _times(options))
    with start() as contender:
        _await(url, contender)
        _drive(url, warm_up, bench)
        before = machine.cpu(contender.pid)
        calls = _drive(url, seconds, bench)
        own = (machine.cpu(contender.pid) - before) / max(calls, 1) * 1e6
        return {"rate": calls / seconds, "own": own, "rss": machine.memory(contender.pid)}


def _served_long(start: Start, url: str, count: int, bench: Bench) -> Round:
    with start() as contender:
        _await(url, contender)
        seen: list[float] = []
        calls = seconds = 0
        while calls < count:
            calls += _drive(url, 2, bench)
            seconds += 2
            if calls >= count / 10:
                seen.append(machine.memory(contender.pid))
        return {"rate": calls / seconds, "early": seen[0], "late": seen[-1], "growth": max(seen) - seen[0]}


def _await(url: str, contender: Running) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        contender.check()
        request = urllib.request.Request(
            url, REQUEST.encode(), {"Content-Type": "text/xml", "SOAPAction": f'"{ACTION}"'}
        )
        try:
            with urllib.request.urlopen(request, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer")


def _drive(url: str, seconds: int, bench: Bench) -> int:
    """Calls that were answered in so many seconds."""
    script = bench.folder / "post.lua"
    script.write_text(
        f'wrk.method = "POST"\nwrk.body = [[{REQUEST}]]\nwrk.headers["Content-Type"] = "text/xml; charset=utf-8"\n'
        f'wrk.headers["SOAPAction"] = \'"{ACTION}"\'\n'
    )
    command = [*_DRIVER, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30)
    calls = re.search(r"(\d+) requests in", done.stdout)
    if calls is None or "Non-2xx" in done.stdout:
        raise RuntimeError(f"wrk: {done.stdout[-300:]}{done.stderr[-300:]}")
    return int(calls[1])


def _called(command: list[str], *more: str) -> Round:
    port = free_port()
    url = f"http://127.0.0.1:{port}/orders"
    with Command([*_DRIVER, *_WORK, "canned", str(port)]) as server:
        _await(url, server)
        return _printed([*_SERVED, *command, url, *more])


def _printed(command: list[str]) -> Round:
    with Command(command) as client:
        rate, own, early, late, most = map(float, client.wait(900).split()[-5:])
    return {"rate": rate, "own": own, "rss": late, "early": early, "late": late, "growth": most - early}
