"""An ``esb run`` as a process of its own, on private ports, with a supervisor's socket to talk to: what the tests of running share."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

from esb.testing.ports import free_port
from esb.testing.process import until

DEADLINE = 30.0


class Supervisor:
    """What systemd is to a service with Type=notify: a socket, and the notices that came to it."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify.sock")
        self.notices: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self.notices += self._socket.recv(65536).decode().splitlines()
            except OSError:
                return

    def close(self) -> None:
        self._socket.close()

    def count(self, notice: str) -> int:
        return sum(one.startswith(notice) for one in list(self.notices))


class Running:
    """A project in a folder, and its process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.management = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.supervisor = Supervisor(folder)
        self.environment = dict(os.environ) | {
            "NOTIFY_SOCKET": self.supervisor.address,
            "WATCHDOG_USEC": "600000",
            "PYTHONUNBUFFERED": "1",
        }

    def write(self, routes: str, *, workers: int = 1, drain: str = "10s", more: str = "") -> None:
        (self.folder / "routes").mkdir(exist_ok=True)
        (self.folder / "routes" / "all.yaml").write_text(routes)
        (self.folder / "esb.yaml").write_text(
            f"project: trial\nworkers: {workers}\ndrain: {drain}\nhttp: '127.0.0.1:{self.port}'\n"
            f"management: '127.0.0.1:{self.management}'\nstate: state\n{more}"
        )

    def start(self, *options: str) -> Self:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "esb", "-C", str(self.folder), *options, "run"],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def ready(self) -> Self:
        until(lambda: self.supervisor.count("READY=1") or self.ended, "READY=1")
        assert not self.ended, self.log
        return self

    @property
    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def wait(self, seconds: float = DEADLINE) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def close(self) -> None:
        if not self.ended:
            assert self.process is not None
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.supervisor.close()

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log's lines; each must be JSON."""
        return [json.loads(line) for line in self.log.splitlines()]

    def call(self, path: str, body: bytes | None = None, *, port: int | None = None) -> tuple[int, bytes]:
        """Status and body; 0 if there is nobody."""
        kind = {"Content-Type": "text/plain"}  # urllib would call it a form
        request = urllib.request.Request(f"http://127.0.0.1:{port or self.port}{path}", data=body, headers=kind)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except (urllib.error.URLError, OSError):
            return 0, b""

    def status(self) -> dict[str, Any]:
        return json.loads(self.call("/status", port=self.management)[1])

    def workers(self) -> set[int]:
        try:
            return {worker["pid"] for worker in self.status()["workers"]}
        except ValueError:
            return set()

    def esb(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A verb of the command line on this project."""
        return subprocess.run(
            [sys.executable, "-m", "esb", "-C", str(self.folder), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
