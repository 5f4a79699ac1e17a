"""Running one case of the oracle in a context of ours."""

from __future__ import annotations

import base64
import json
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from esb.coerce import float_text
from esb.components.mock import MockComponent, MockEndpoint, Received
from esb.context import RouteContext
from esb.dsl.placeholders import Properties
from esb.errors import ConfigError
from esb.exchange import IN_ONLY, IN_OUT, Exchange
from esb.javanames import IllegalStateException
from esb.variables import variable
from tests.conformance.casefile import Case
from tests.conformance.compare import differences, error_record
from tests.conformance.neutral import Neutral

_LEVELS = {"WARNING": "WARN", "CRITICAL": "ERROR"}


class Texts:
    """The bean ``texts`` of every case."""

    def upper(self, body: str | None) -> str | None:
        return None if body is None else body.upper()

    def join(self, a: str | None, b: str | None) -> str:
        return f"{'null' if a is None else a}-{'null' if b is None else b}"  # as Java puts texts together

    def add(self, a: int, b: int) -> int:
        return a + b

    def fail(self, body: str) -> str:
        raise IllegalStateException(f"bean failed on {body}")


class Shout:
    """The processor ``shout`` of every case."""

    def process(self, exchange: Exchange) -> None:
        exchange.body = f"{exchange.body}!"


class FileBody:
    """A file as the body of a message."""

    charset = "utf-8"

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> Any:
        return self.path.open("rb")


class _Logged(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def verdict(case: Case) -> str:
    """``pass``, or the first difference to what Camel did."""
    limit = case.document.get("timeout", 20_000) / 1000
    box: list[str] = []

    def run() -> None:
        try:
            ours = Run(case).run()
            box.append(next(differences(case.golden, ours, case.routes), "pass"))
        except Exception as error:  # the runner's own failure is a difference like any other
            box.append(f"the runner failed: {type(error).__name__}: {error}")

    thread = threading.Thread(target=run, name=f"case {case.name}", daemon=True)
    thread.start()
    thread.join(limit)
    return box[0] if box else f"no end after {limit:.0f} s"


class Run:
    """One run of a case: start, act, wait, stop, record."""

    def __init__(self, case: Case) -> None:
        self._document = case.document
        self._routes = case.routes
        self._collect: dict[str, Any] = case.document.get("collect") or {}
        self._ignored = frozenset(self._collect.get("ignoreHeaders", ()))
        self._lock = threading.Lock()
        self._mocks: dict[str, list[dict[str, Any]]] = {}
        self._order: list[str] = []
        self._route_states: dict[str, str] = {}
        self._port = 0

    def run(self) -> dict[str, Any]:
        scratch = Path(tempfile.mkdtemp(prefix="conformance-"))
        self._scratch, self._neutral = scratch, Neutral(scratch)
        logged = _Logged()
        root = logging.getLogger()
        before = root.level
        root.setLevel(logging.INFO)  # as in the oracle's own runner
        root.addHandler(logged)
        try:
            ours = self._run()
            self._record_files(ours)
            if self._collect.get("logs"):
                ours["logs"] = self._logs(logged.records)
            return ours
        finally:
            root.removeHandler(logged)
            root.setLevel(before)
            shutil.rmtree(scratch, ignore_errors=True)

    # -- the life of a case ----------------------------------------------------------------------------------------------------

    def _run(self) -> dict[str, Any]:
        for folder in self._document.get("dirs", ()):
            (self._scratch / folder).mkdir(parents=True, exist_ok=True)
        for name, content in (self._document.get("files") or {}).items():
            self._write(name, content)
        web = _Web() if self._document.get("http") else None
        if web is not None:
            self._port = web.port
            self._neutral = Neutral(self._scratch, web.port)
        context = self._context(web)
        ours: dict[str, Any] = {}
        try:
            try:
                context.load(self._routes, file="case.yaml")
                context.start()
            except ConfigError as error:
                findings = str(error).splitlines()
                return {"failed": next((told for told in findings if "unknown" in told), findings[0])}
            ours["replies"] = self._act(context)
            self._settle(context)
        finally:
            context.stop(2.0)
            if web is not None:
                web.close()
        self._record(ours, context)
        return ours

    def _context(self, web: _Web | None) -> RouteContext:
        values = {"scratch": str(self._scratch)}
        values |= {key: _text(value) for key, value in (self._document.get("properties") or {}).items()}
        if web is not None:
            values["port"] = str(web.port)
        system = {key: _text(value) for key, value in (self._document.get("sysprops") or {}).items()}
        context = RouteContext(
            "camel-1",
            Properties(values, system=system),
            folder=self._scratch,
            services={"http": lambda _context: web.host} if web is not None else None,
        )
        context.bind("bean", "texts", Texts())
        context.bind("bean", "shout", Shout())
        mocks = context.component("mock")
        assert isinstance(mocks, MockComponent)
        mocks.listeners.append(lambda endpoint, received: self._saw(context, endpoint, received))
        self._mock_component = mocks
        return context

    def _saw(self, context: RouteContext, endpoint: MockEndpoint, received: Received) -> None:
        name = self._neutral.text(endpoint.base_uri)
        record = self._snapshot(context, received.body, received.headers, received.properties, received.variables)
        with self._lock:
            self._mocks.setdefault(name, []).append(record)
            self._order.append(name)

    def _snapshot(
        self, context: RouteContext, body: Any, headers: Any, properties: Any, variables: Any
    ) -> dict[str, Any]:
        if self._collect.get("routes"):
            self._route_states = {name: route.status for name, route in context.routes.items()}
        record = {"body": self._neutral.value(body), "headers": self._neutral.headers(headers, self._ignored)}
        if self._collect.get("properties"):
            record["properties"] = {
                name: self._neutral.value(properties.get(name)) for name in self._collect["properties"]
            }
        if self._collect.get("variables"):
            exchange = Exchange()
            exchange.variables = variables
            record["variables"] = {
                name: self._neutral.value(variable(name, context).get(exchange)) for name in self._collect["variables"]
            }
        return record

    # -- acting ----------------------------------------------------------------------------------------------------------------

    def _act(self, context: RouteContext) -> list[Any]:
        replies: list[Any] = []
        pending: list[threading.Thread] = []
        for action in self._document.get("send") or ():
            if "sleep" in action:
                time.sleep(action["sleep"] / 1000)
            elif "waitFor" in action:
                self._wait_for(action["waitFor"])
            elif "writeFile" in action:
                self._write(action["writeFile"]["path"], action["writeFile"])
            else:
                for _ in range(action.get("repeat", 1)):
                    slot = len(replies)
                    replies.append(None)
                    call = self._sender(context, action, replies, slot)
                    if action.get("async"):
                        thread = threading.Thread(target=call, daemon=True)
                        thread.start()
                        pending.append(thread)
                    else:
                        call()
        for thread in pending:
            thread.join()
        return replies

    def _sender(
        self, context: RouteContext, action: dict[str, Any], replies: list[Any], slot: int
    ) -> Callable[[], None]:
        def call() -> None:
            began = time.monotonic()
            try:
                reply = self._http(action["http"]) if "http" in action else self._exchange(context, action)
            except Exception as error:  # a send that fails at once is its reply
                reply = {"exception": error_record(error, self._neutral)}
            spent = (time.monotonic() - began) * 1000
            if "atLeastMs" in action or "atMostMs" in action:
                low, high = action.get("atLeastMs", 0), action.get("atMostMs", 1_000_000)
                reply["timing"] = "too fast" if spent < low else "too slow" if spent > high else "ok"
            replies[slot] = reply

        return call

    def _exchange(self, context: RouteContext, action: dict[str, Any]) -> dict[str, Any]:
        one_way = action.get("pattern") == "InOnly"
        exchange = Exchange(self._body(action), pattern=IN_ONLY if one_way else IN_OUT)
        for name, value in (action.get("headers") or {}).items():
            exchange.headers[_text(name)] = self._filled(value)
        exchange.properties.update(action.get("properties") or {})
        for name, value in (action.get("variables") or {}).items():
            variable(name, context).set(exchange, value)
        context.send(self._filled(action["to"]), exchange)
        reply: dict[str, Any] = {}
        if not one_way:
            reply = self._snapshot(context, exchange.body, exchange.headers, exchange.properties, exchange.variables)
        if exchange.error is not None:
            reply["exception"] = error_record(exchange.error, self._neutral)
        return reply

    def _body(self, action: dict[str, Any]) -> Any:
        if "json" in action:
            return self._filled(_compact(action["json"]))
        if "bodyFile" in action:
            return FileBody(self._scratch / action["bodyFile"])
        if "bodyBase64" in action:
            return base64.b64decode(action["bodyBase64"])
        return self._filled(action.get("body"))

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("{{scratch}}", str(self._scratch)).replace("{{port}}", str(self._port))
        return value

    def _http(self, request: dict[str, Any]) -> dict[str, Any]:
        from http.client import HTTPConnection

        connection = HTTPConnection("127.0.0.1", self._port, timeout=10)
        body = request.get("body")
        headers = {name: _text(value) for name, value in (request.get("headers") or {}).items()}
        connection.request(
            request.get("method", "GET"), request["path"], None if body is None else _text(body).encode(), headers
        )
        response = connection.getresponse()
        told = response.read().decode("utf-8", "replace")
        connection.close()
        dropped = {"date", "content-length", "transfer-encoding", "connection", "server"}
        # What our server adds to every answer, for safety.
        safety = {("x-content-type-options", "nosniff"), ("cache-control", "no-store")}
        names = {name.lower() for name, value in response.getheaders() if (name.lower(), value) not in safety}
        return {
            "status": response.status,
            "headers": {
                name: self._neutral.text(",".join(response.headers.get_all(name) or ())) for name in names - dropped
            },
            "body": self._neutral.text(told),
        }

    def _write(self, name: str, content: Any) -> None:
        path = self._scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        given = content if isinstance(content, dict) else {"text": content}
        if given.get("base64") is not None:
            data = base64.b64decode(given["base64"])
        else:
            data = _text(given.get("text")).encode(given.get("charset") or "utf-8")
        path.write_bytes(data)
        if given.get("ageMs"):
            moment = time.time() - given["ageMs"] / 1000
            os.utime(path, (moment, moment))

    # -- waiting ---------------------------------------------------------------------------------------------------------------

    def _wait_for(self, wanted: dict[str, Any]) -> None:
        end = time.monotonic() + wanted.get("upToMs", 8000) / 1000
        while time.monotonic() < end and not self._reached(wanted):
            time.sleep(0.01)

    def _reached(self, wanted: dict[str, Any]) -> bool:
        for key, value in wanted.items():
            if key.startswith("mock:"):
                with self._lock:
                    if len(self._mocks.get(key, ())) < value:
                        return False
            elif (key == "files" and not all((self._scratch / name).exists() for name in value)) or (
                key == "gone" and any((self._scratch / name).exists() for name in value)
            ):
                return False
        return True

    def _settle(self, context: RouteContext) -> None:
        if self._document.get("waitFor"):
            self._wait_for(self._document["waitFor"])
        if self._document.get("settle"):
            time.sleep(self._document["settle"] / 1000)
        end, calm, last = time.monotonic() + 3, 0, -1
        while calm < 3 and time.monotonic() < end:
            with self._lock:
                seen = len(self._order)
            busy = any(route.inflight for route in list(context.routes.values()))
            calm, last = (calm + 1 if seen == last and not busy else 0), seen
            time.sleep(0.01)

    # -- recording -------------------------------------------------------------------------------------------------------------

    def _record(self, ours: dict[str, Any], context: RouteContext) -> None:
        for uri in self._mock_component.endpoints:
            self._mocks.setdefault(self._neutral.text(uri), [])
        mode = self._collect.get("mocks")
        if mode == "total":
            ours["mockTotal"] = sum(len(messages) for messages in self._mocks.values())
        elif mode != "none":
            ours["mocks"] = {name: self._messages(name, messages) for name, messages in self._mocks.items()}
        if self._collect.get("order"):
            ours["order"] = list(self._order)
        if self._collect.get("routes"):
            ours["routes"] = self._route_states
        del context

    def _messages(self, name: str, messages: list[dict[str, Any]]) -> Any:
        if name in self._collect.get("countOnly", ()):
            return len(messages)
        if name in self._collect.get("unordered", ()):
            return sorted(messages, key=canonical)
        return messages

    def _record_files(self, ours: dict[str, Any]) -> None:
        if self._collect.get("files") is False or "failed" in ours:
            return
        opaque = tuple(self._collect.get("opaque", ()))
        found = {}
        for path in sorted(self._scratch.rglob("*")):
            if path.is_file():
                name = self._neutral.text(path.relative_to(self._scratch).as_posix())
                hidden = bool(opaque) and name.endswith(opaque)
                found[name] = "<opaque>" if hidden else self._neutral.octets(path.read_bytes())
        if found:
            ours["files"] = found

    def _logs(self, records: list[logging.LogRecord]) -> list[dict[str, Any]]:
        return [
            {
                "logger": record.name,
                "level": _LEVELS.get(record.levelname, record.levelname),
                "message": self._neutral.text(record.getMessage()),
            }
            for record in records
            if record.name in self._collect["logs"]
        ]


def canonical(message: dict[str, Any]) -> str:
    """A text to sort messages by, where their order is no promise."""
    return json.dumps({key: message.get(key) for key in ("body", "headers")}, sort_keys=True, ensure_ascii=False)


def _compact(value: Any) -> str:
    """Compact JSON, numbers as Java writes them."""
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{_compact(item)}" for key, item in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(_compact(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _text(value: Any) -> str:
    """A scalar as the oracle's runner writes it into a property or a file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


class _Web:
    """The web server of a case, on a free port."""

    def __init__(self) -> None:
        from tests.conformance.web import serve

        self.host, self.port, self.close = serve()
