"""The processes of the deployment: the bus and its partners, started, watched and stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from esb.broker.contract import Broker
from esb.broker.dead_letters import letters
from esb.broker.open import open_broker
from esb.errors import TransportError, Unroutable
from esb.httpcall import HttpCaller
from esb.testing.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PARTNERS = ("crm", "erp", "oa", "cms", "marketing")
_PORTS = {"bus": "ESB", "crm": "CRM", "erp": "ERP", "oa": "OA", "cms": "CMS", "marketing": "MARKETING"}


@dataclass
class Deployment:
    """The bus and its partners, each an ``esb run`` in a process of its own. Use as a context manager."""

    state: Path
    private: bool = True
    """Free ports instead of the usual ones, so that demos do not meet."""
    fresh: bool = True
    """Begin with an empty state folder."""
    poll: int = 1000
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        usual = {
            "bus": (8080, 9090),
            "crm": (8101, 9101),
            "erp": (8102, 9102),
            "oa": (8103, 9103),
            "cms": (8104, 9104),
            "marketing": (8105, 9105),
        }
        self.ports = {name: (free_port(), free_port()) if self.private else usual[name] for name in _PORTS}
        self.environment = dict(os.environ) | {
            "ESB_DATA": str(self.state),
            "ESB_POLL": str(self.poll),
            "PYTHONUNBUFFERED": "1",
        }
        for name, prefix in _PORTS.items():
            port, management = self.ports[name]
            self.environment |= {f"{prefix}_PORT": str(port), f"{prefix}_MANAGEMENT_PORT": str(management)}
        self._http = HttpCaller()
        self._broker: Broker | None = None
        self._looked: dict[tuple[str, str], tuple[int, set[str]]] = {}

    def __enter__(self) -> Self:
        if self.fresh:
            shutil.rmtree(self.state, ignore_errors=True)
        for folder in ("files/prices", "files/cms", "files/rejects", "files/northwind"):
            (self.state / folder).mkdir(parents=True, exist_ok=True)
        try:
            for name in (*PARTNERS, "bus"):
                self.start(name)
            for name in (*PARTNERS, "bus"):
                self.wait_ready(name)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- processes -------------------------------------------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """Start the bus or a partner; its log is ``<name>.log`` in the state folder."""
        command = [sys.executable, "-m", "esb", "-C", str(ROOT), *(() if name == "bus" else ("-i", name)), "run"]
        with (self.state / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(  # noqa: S603 -- our own command
                command, env=self.environment, stdout=log, stderr=log, cwd=ROOT, start_new_session=True
            )

    def kill(self, name: str) -> None:
        """SIGKILL a whole instance, master and workers: a power failure of its machine."""
        process = self.processes[name]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """Stop all, the bus first; what does not stop in time is killed."""
        if self._broker is not None:
            self._broker.close()
            self._broker = None
        for name in ("bus", *PARTNERS):
            process = self.processes.get(name)
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def workers(self) -> list[int]:
        """Process ids of the bus's workers."""
        return [worker["pid"] for worker in json.loads(self.call("GET", self.management("bus", "/status")))["workers"]]

    def wait_ready(self, name: str, seconds: float = 60.0) -> None:
        """Wait until an instance answers as ready. Raises RuntimeError with the end of its log."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                break
            try:
                if self._http.call("GET", self.management(name, "/ready"), {}, None, deadline=3.0).status == 200:
                    return
            except TransportError:
                pass
            time.sleep(0.1)
        log = (self.state / f"{name}.log").read_text()[-2000:]
        raise RuntimeError(f"{name} did not get ready:\n{log}")

    # -- talking to it ---------------------------------------------------------------------------------------------------------

    def url(self, name: str, path: str) -> str:
        """A URL of an instance's own port."""
        return f"http://127.0.0.1:{self.ports[name][0]}{path}"

    def management(self, name: str, path: str) -> str:
        """A URL of an instance's management port."""
        return f"http://127.0.0.1:{self.ports[name][1]}{path}"

    def post(self, name: str, path: str, value: Any, method: str = "POST") -> tuple[int, Any]:
        """Send JSON; returns the status and the answer's JSON (None if it is none). Raises TransportError."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        answer = self._http.call(
            method, self.url(name, path), {"Content-Type": "application/json"}, body, deadline=30.0
        )
        try:
            return answer.status, json.loads(answer.body)
        except ValueError:
            return answer.status, None

    def call(self, method: str, url: str) -> bytes:
        """The body of an answer, of any status."""
        return self._http.call(method, url, {}, None, deadline=30.0).body

    def get(self, name: str, path: str) -> Any:
        """The JSON that a path gives."""
        return json.loads(self.call("GET", self.url(name, path)))

    def table(self, name: str, table: str) -> dict[str, dict[str, Any]]:
        """A partner's records by key."""
        return {one["key"]: one for one in self.get(name, f"/{name}/tables/{table}")}

    def broker(self) -> Broker:
        """The bus's broker, for looking into its queues; opened once."""
        if self._broker is None:
            url = self.environment.get("ESB_BROKER_URL") or f"sqlite:{self.state}/bus/bus.db"
            self._broker = open_broker(url)
            self._broker.open()
        deadline = time.monotonic() + 30
        while self._broker.state != "connected" and time.monotonic() < deadline:
            time.sleep(0.02)
        return self._broker

    def keys(self, header: str, *queues: str) -> set[str]:
        """The values that a header (in any case) has among the messages of some queues: a repeated message counts once."""
        depths = self.depths(*queues)
        for queue, depth in depths.items():
            if self._looked.get((queue, header), (0, set()))[0] != depth:
                seen = [one.headers.items() for one in letters(self.broker(), queue)] if depth else []
                wanted = header.lower()
                found = {str(value) for headers in seen for name, value in headers if name.lower() == wanted}
                self._looked[queue, header] = (depth, found)
        return set().union(*(self._looked.get((queue, header), (0, set()))[1] for queue in queues))

    def depths(self, *queues: str) -> dict[str, int]:
        """How many messages are on some queues; a queue that is not there has none."""
        return {queue: self._depth(queue) for queue in queues}

    def _depth(self, queue: str) -> int:
        try:
            return self.broker().depth(queue)
        except Unroutable:  # RabbitMQ tells nobody which queues it has: one has to ask for each
            return 0
