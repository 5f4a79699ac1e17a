"""A partner to test against: any contract served with sample answers, with faults and delays on demand.

Requests are held against the contract as by the real server, so that what the mock takes a partner that keeps its own contract takes as well.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from adapters.soap.contract.sample import Sampler
from adapters.soap.contract.skeletons import slug
from adapters.soap.envelope import SoapFault
from adapters.soap.messages import Contract
from adapters.soap.names import local
from adapters.soap.server import MAX_BYTES, Request, SoapService
from adapters.soap.wire import Content
from adapters.soap.wsdl import Operation, Port
from esb.errors import ConfigError, EsbError, UnknownName

FAULT_HEADER: Final = "X-Mock-Fault"
"""HTTP header of a request that asks for a fault: the name of a declared one, ``Server`` or ``Client``."""
DELAY_HEADER: Final = "X-Mock-Delay"
"""HTTP header of a request that asks for a delay, in seconds."""
STATUS_HEADER: Final = "X-Mock-Status"
"""HTTP header of a request that asks for a status without SOAP, such as 503."""
MAX_DELAY: Final = 600.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one operation answers. ``answer`` None: the sample."""

    answer: Any = None
    headers: Mapping[str, Any] | None = None
    faults: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""
    """Always this fault."""
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request that came, for logs and tests. ``outcome`` is answer, a fault's name or code, or an HTTP status."""

    path: str
    operation: str
    body: Any
    outcome: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    content_type: str
    body: bytes


class Mock:
    """The functions of a mock; no sockets. Thread-safe."""

    def __init__(
        self,
        contract: Contract,
        behaviours: Mapping[str, Behaviour] | None = None,
        told: Callable[[Call], None] | None = None,
    ) -> None:
        """``behaviours`` by operation, ``*`` for all others. ``told`` hears of each call.

        Raises :class:`~esb.errors.ConfigError` for names that are not in the contract, and if there is nothing to serve.
        """
        self._contract = contract
        self._sampler = Sampler(contract)
        self._lock = threading.Lock()
        self._samples: dict[tuple[str, str, str], Content] = {}
        self._behaviours = dict(behaviours or {})
        self._told = told or (lambda _call: None)
        self.services: dict[str, SoapService] = {}
        """By path: ``/`` for the first service, ``/SERVICE/PORT`` for each port."""
        for port in contract.wsdl.ports:
            try:
                self.services[path_of(port)] = SoapService(contract, port.service, port.name)
            except ConfigError:
                continue  # no operation of it can be used
        if not self.services:
            raise ConfigError(f"{contract.wsdl.path.name} has nothing to serve: {'; '.join(contract.wsdl.notes)}")
        first = contract.wsdl.ports[0].service
        self.services["/"] = _first(contract, first) or next(iter(self.services.values()))
        known = {name for port in contract.wsdl.ports for name in port.operations}
        for name in self._behaviours:
            if name != "*" and name not in known:
                raise UnknownName("SOAP operation", name, known)

    def handle(self, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a POST."""
        begun = time.monotonic()
        path = urlsplit(target).path.rstrip("/") or "/"
        service = self.services.get(path) or self.services["/"]
        operation, outcome, data = "", "", None
        try:
            request = service.parse(headers.get("content-type", ""), headers.get("soapaction"), body)
            operation, data = request.operation, request.body
            answer, outcome = self._answer(service, request, headers)
        except SoapFault as fault:
            answer, outcome = _fault(service, fault), fault.fault_code
        self._told(Call(path, operation, data, outcome, time.monotonic() - begun))
        return answer

    def document(self, target: str, url: str) -> Answer:
        """Answer a GET: the WSDL, with our address."""
        parts = urlsplit(target)
        service = self.services.get(parts.path.rstrip("/") or "/") or self.services["/"]
        found = service.published.document(parts.query, url)
        if found is None:
            return Answer(405, "text/plain; charset=utf-8", b"send SOAP requests with POST; ?wsdl gives the contract\n")
        return Answer(200, "text/xml; charset=utf-8", found)

    def _answer(self, service: SoapService, request: Request, headers: Mapping[str, str]) -> tuple[Answer, str]:
        behaviour = self._behaviours.get(request.operation) or self._behaviours.get("*") or Behaviour()
        time.sleep(min(MAX_DELAY, _seconds(headers.get(DELAY_HEADER.lower())) or behaviour.delay))
        if status := headers.get(STATUS_HEADER.lower()):
            return Answer(int(status) if status.isdigit() else 500, "text/plain", b"as asked for\n"), status
        wanted = headers.get(FAULT_HEADER.lower()) or behaviour.fault
        if wanted:
            return _fault(service, self._wanted(service, request, wanted, behaviour)), wanted
        if request.one_way:
            return Answer(202, "text/plain", b""), "answer"
        port = service.ports[request.soap]
        try:
            content = self._content(port, port.operations[request.operation], behaviour)
            content_type, body = service.render(request, content)
        except EsbError as exc:
            raise SoapFault(f"the mock has no answer: {exc}", "Server", soap=request.soap) from exc
        return Answer(200, content_type, body if isinstance(body, bytes) else b"".join(body)), "answer"

    def _content(self, port: Port, operation: Operation, behaviour: Behaviour) -> Content:
        if behaviour.answer is not None:
            return Content(behaviour.answer, behaviour.headers)
        key = (port.service, port.name, operation.name)
        with self._lock:
            if key not in self._samples:
                sample = self._sampler.response(operation)
                assert sample is not None
                self._samples[key] = Content(sample.data, sample.headers)
            return self._samples[key]

    def _wanted(self, service: SoapService, request: Request, wanted: str, behaviour: Behaviour) -> SoapFault:
        operation = service.ports[request.soap].operations[request.operation]
        known = {name for part in operation.faults for name in (part.name, local(part.tag))}
        if wanted not in known:
            code = wanted if wanted in {"Client", "Server"} else "Server"
            return SoapFault(f"the fault {wanted}, as asked for", code, soap=request.soap)
        try:
            with self._lock:
                given = behaviour.faults.get(wanted)
                detail = self._sampler.fault(operation, wanted) if given is None else _keyed(wanted, given)
            fault = service.declared_fault(request, f"the fault {wanted}, as asked for", detail)
        except EsbError as exc:
            return SoapFault(f"the mock has no such fault: {exc}", "Server", soap=request.soap)
        return fault or SoapFault(f"the fault {wanted}, as asked for", "Server", soap=request.soap)


def path_of(port: Port) -> str:
    """Where a port is served."""
    return f"/{slug(port.service)}/{slug(port.name)}"


def behaviours_of(document: Any) -> dict[str, Behaviour]:
    """The behaviours that a file of answers describes. Raises :class:`~esb.errors.ConfigError` for another shape."""
    operations = document.get("operations") if isinstance(document, dict) else None
    if not isinstance(operations, dict) or not all(isinstance(each, dict) for each in operations.values()):
        raise ConfigError(
            'the answers are not {"operations": {NAME: {"answer": ...}}}',
            hint="'esb wsdl import' makes such a file: mocks/NAME.json",
        )
    made = {}
    for name, each in operations.items():
        odd = sorted(set(each) - {"answer", "headers", "faults", "fault", "delay"})
        if odd:
            raise ConfigError(
                f"the answers of {name} have {odd[0]!r}; known are answer, headers, faults, fault and delay"
            )
        made[name] = Behaviour(
            each.get("answer"),
            each.get("headers"),
            each.get("faults") or {},
            each.get("fault") or "",
            float(each.get("delay") or 0),
        )
    return made


def _first(contract: Contract, service: str) -> SoapService | None:
    try:
        return SoapService(contract, service)
    except ConfigError:
        return None


def _fault(service: SoapService, fault: SoapFault) -> Answer:
    status, content_type, body = service.fault(fault)
    return Answer(status, content_type, body)


def _keyed(name: str, given: Any) -> Any:
    return given if isinstance(given, dict) and set(given) == {name} else {name: given}


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0


class MockServer:
    """A mock on a port of its own. A context manager; the server's threads end with it."""

    def __init__(self, mock: Mock, host: str = "127.0.0.1", port: int = 0) -> None:
        """Port 0: any free one. Raises OSError if the port is taken."""
        self._server = ThreadingHTTPServer((host, port), _handler(mock))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http://{host}:{self.port}"

    def serve(self) -> None:
        """Serve until :meth:`stop` is called by another thread."""
        self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """End the serving. Idempotent."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve, name="soap-mock", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.join()


def _handler(mock: Mock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "esb-mock"

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or int(length) > MAX_BYTES:
                self._send(
                    Answer(411 if not length else 413, "text/plain", b"a Content-Length of at most 10 MB is needed\n")
                )
                self.close_connection = True
                return
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(mock.handle(self.path, headers, body))

        def do_GET(self) -> None:
            host = self.headers.get("Host", "")
            self._send(mock.document(self.path, f"http://{host}{urlsplit(self.path).path}"))

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Calls are told by the mock."""

    return Handler
