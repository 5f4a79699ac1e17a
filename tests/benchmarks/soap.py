"""SOAP on one core: calls a second of a small operation served and called, beside CXF and bare zeep, and what a message costs without sockets."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from esb.testing.ports import free_port
from tests.benchmarks import machine
from tests.benchmarks.options import Options
from tests.benchmarks.project import ROOT, BusProject, Command
from tests.benchmarks.queues import Running
from tests.benchmarks.table import Column, Contender, Round, Table

CXF = ROOT / "build" / "interop" / "cxf"
WSDL = ROOT / "schemas" / "erp" / "erp.wsdl"
NS = "urn:example:erp:sales"
ACTION = f"{NS}:CreateSalesOrder"
ORDER: dict[str, Any] = {
    "orderId": "A1",
    "customer": "ALFKI",
    "line": [{"sku": "PEN-1", "quantity": 2, "unitPrice": {"$": "1.50", "currency": "EUR"}}],
}
REQUEST = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    f'<CreateSalesOrder xmlns="{NS}"><orderId>A1</orderId><customer>ALFKI</customer><line><sku>PEN-1</sku><quantity>2</quantity>'
    '<unitPrice currency="EUR">1.50</unitPrice></line></CreateSalesOrder></s:Body></s:Envelope>'
)
ANSWER = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    f'<CreateSalesOrderResponse xmlns="{NS}"><salesOrderNumber>1</salesOrderNumber><status>CREATED</status></CreateSalesOrderResponse>'
    "</s:Body></s:Envelope>"
).encode()
ROUTE = """
- route:
    from:
      uri: soap:erp.wsdl
      parameters: {path: /orders}
      steps:
        - setBody: {python: "{'salesOrderNumber': body['orderId'], 'status': 'CREATED'}"}
"""
COLUMNS = (Column("rate", "calls/s"), Column("own", "own CPU µs/call"), Column("rss", "RSS MB"))
CONNECTIONS = 8


def soap_server(options: Options) -> Table:
    """Serving, one core for the server and one for wrk."""
    table = Table(
        "soap-server",
        f"SOAP served on one core: CreateSalesOrder, {CONNECTIONS} connections",
        COLUMNS,
        "calls a second beside CXF in one run; validated by its schema here, not by default in CXF",
        against=("CXF",),
        note="driven by wrk on the other core; CXF warms up for 10 s",
    )
    if not shutil.which("wrk"):
        table.skipped.append("wrk is not installed")
        return table
    project = {"erp.wsdl": WSDL.read_text(), "routes/soap.yaml": ROUTE}
    contenders = [Contender("bus", lambda: _served(*_bus(project), options, 2))]
    if (CXF / ".built").exists():
        contenders.append(Contender("CXF", lambda: _served(*_cxf(), options, 10)))
    else:
        table.skipped.append("CXF: make interop")
    return table.measure(contenders, options.rounds)


def soap_client(options: Options) -> Table:
    """Calling, one call after the other, against a server that only says what it always says."""
    count = options.messages(5000, 1000)
    table = Table(
        "soap-client",
        f"SOAP called on one core: CreateSalesOrder, {count:,} calls one after the other",
        COLUMNS,
        "calls a second beside bare zeep and CXF in one run",
        against=("bare zeep", "CXF"),
        note="the server is a canned answer on the other core",
    )
    contenders = [
        Contender(name, lambda command=command: _called(command, count))  # type: ignore[misc]  # a default that binds
        for name, command in {
            "bus": [sys.executable, "-m", "tests.benchmarks.soap", "bus"],
            "bare zeep": [sys.executable, "-m", "tests.benchmarks.soap", "zeep"],
        }.items()
    ]
    if (CXF / ".built").exists():
        contenders.append(Contender("CXF", lambda: _called([*_java(), "bench"], count)))
    else:
        table.skipped.append("CXF: make interop")
    return table.measure(contenders, options.rounds)


def soap_message(options: Options) -> Table:
    """Parse a request and render its answer, without sockets."""
    table = Table(
        "soap-message",
        "one request parsed, validated and its answer rendered",
        (Column("rate", "messages/s"), Column("own", "µs/message", 1)),
        "a small operation's message both ways",
    )
    run = [sys.executable, "-m", "tests.benchmarks.soap", "message", "-", str(options.messages(20_000, 2000))]
    return table.measure([Contender("bus", lambda: _printed(run))], options.rounds)


def _bus(project: dict[str, str]) -> tuple[Callable[[], AbstractContextManager[Running]], str]:
    running = BusProject(project, workers=1)
    return lambda: running, f"http://127.0.0.1:{running.http}/orders"


def _java() -> list[str]:
    return ["java", "-Djava.util.logging.config.file=/dev/null", "-cp", f"{CXF}/classes:{CXF}/lib/*", "Peer"]


def _cxf() -> tuple[Callable[[], AbstractContextManager[Running]], str]:
    port = free_port()
    return lambda: Command([*_java(), "plain", str(port), "."]), f"http://127.0.0.1:{port}/orders"


def _served(start: Callable[[], AbstractContextManager[Running]], url: str, options: Options, warm_up: int) -> Round:
    seconds = 3 if options.quick else 6
    with start() as contender:
        _await(url, contender)
        _pin(contender.pid, {0})
        _drive(url, min(warm_up, 3) if options.quick else warm_up)
        _pin(contender.pid, {0})
        before = machine.cpu(contender.pid)
        rate = _drive(url, seconds)
        own = (machine.cpu(contender.pid) - before) / max(rate * seconds, 1) * 1e6
        return {"rate": rate, "own": own, "rss": machine.memory(contender.pid)}


def _await(url: str, contender: Running) -> None:
    import urllib.request

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


def _pin(root: int, cores: set[int]) -> None:
    for process in machine.tree(root):
        for thread in Path(f"/proc/{process}/task").iterdir():
            try:
                os.sched_setaffinity(int(thread.name), cores)
            except OSError:
                continue  # it has ended


def _drive(url: str, seconds: int) -> float:
    with tempfile.TemporaryDirectory(prefix="esb-bench-") as holder:
        script = Path(holder) / "post.lua"
        script.write_text(
            f'wrk.method = "POST"\nwrk.body = [[{REQUEST}]]\nwrk.headers["Content-Type"] = "text/xml; charset=utf-8"\n'
            f'wrk.headers["SOAPAction"] = \'"{ACTION}"\'\n'
        )
        command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if rate is None or "Non-2xx" in done.stdout:
        raise RuntimeError(f"wrk: {done.stdout[-300:]}{done.stderr[-300:]}")
    return float(rate[1])


def _called(command: list[str], count: int) -> Round:
    port = free_port()
    url = f"http://127.0.0.1:{port}/orders"
    with Command(["taskset", "-c", "1", sys.executable, "-m", "tests.benchmarks.soap", "canned", str(port)]) as server:
        _await(url, server)
        return _printed(["taskset", "-c", "0", *command, url, str(count)])


def _printed(command: list[str]) -> Round:
    with Command(command) as client:
        rate, own, resident = client.wait(300).split()[-3:]
    return {"rate": float(rate), "own": float(own), "rss": float(resident)}


# -- the processes ---------------------------------------------------------------------------------------------------------------


def _canned(port: int) -> None:
    import uvicorn

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        headers = [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", str(len(ANSWER)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER})

    http = "esb.runtime.protocol:Protocol"  # Java's client offers HTTP/2, which uvicorn's own takes for the end of the request
    uvicorn.run(answer, host="127.0.0.1", port=port, http=http, log_level="error", lifespan="off", access_log=False)  # type: ignore[arg-type]  # a name will do


def _caller(kind: str, url: str) -> Callable[[], Any]:
    if kind == "bus":
        from adapters.soap import wsdl
        from adapters.soap.client import SoapCaller
        from adapters.soap.messages import Contract
        from esb.httpcall import HttpCaller

        caller = SoapCaller(Contract(wsdl.load(WSDL)), HttpCaller(), address=url)
        return lambda: caller.call("CreateSalesOrder", ORDER)
    from zeep import Client

    client = Client(str(WSDL))
    service = client.create_service(f"{{{NS}}}SalesBinding", url)
    order = {**ORDER, "line": [{"sku": "PEN-1", "quantity": 2, "unitPrice": {"_value_1": "1.50", "currency": "EUR"}}]}
    return lambda: service.CreateSalesOrder(**order)


def _message() -> Callable[[], Any]:
    from adapters.soap import wsdl
    from adapters.soap.messages import Contract
    from adapters.soap.server import SoapService
    from adapters.soap.wire import Content

    service = SoapService(Contract(wsdl.load(WSDL)))
    data, answer = REQUEST.encode(), Content({"salesOrderNumber": "1", "status": "CREATED"})
    return lambda: service.render(service.parse("text/xml; charset=utf-8", ACTION, data), answer)


def main(kind: str, where: str, count: int) -> None:
    """Print calls a second, CPU microseconds a call, and resident megabytes."""
    call = _message() if kind == "message" else _caller(kind, where)
    for _ in range(max(200, count // 10)):
        call()
    began, used = time.perf_counter(), time.process_time()
    for _ in range(count):
        call()
    took, own = time.perf_counter() - began, time.process_time() - used
    print(count / took, own / count * 1e6, machine.resident(os.getpid()))


if __name__ == "__main__":
    if sys.argv[1] == "canned":
        _canned(int(sys.argv[2]))
    else:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
