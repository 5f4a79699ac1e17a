"""``esb run`` as a process of its own, under a test's control: started, killed, reloaded, asked."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from esb.testing.crash import FUSE, SWITCH
from esb.testing.ports import free_port

T = TypeVar("T")
PATIENCE = float(os.environ.get("ESB_TEST_PATIENCE", "120"))
"""Seconds that a test waits for what should come soon: a machine may be very slow, and a test must not fail for that."""


def until(condition: Callable[[], T], claim: str = "it came true", seconds: float = PATIENCE) -> T:
    """Poll until the condition gives something true, and return it. Raises AssertionError with the claim.

    The pauses grow from 1 to 20 ms: a unit test loses nothing, and a long wait takes no processor from what it waits for.
    """
    deadline = time.monotonic() + seconds
    never, pause = threading.Event(), 0.001
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {claim}")
        never.wait(pause)
        pause = min(pause * 2, 0.02)
    return found


class BusProcess:
    """A project in a folder, and ``esb run`` on it. A context manager: killed at the end, with all its workers.

    ``routes`` and ``settings`` (further lines of ``esb.yaml``) make the folder a project. Without them it is one already, whose ``esb.yaml`` takes
    its ports from the environment, ``ESB_PORT`` and ``ESB_MANAGEMENT_PORT``.
    """

    def __init__(
        self, folder: Path, *, routes: str = "", settings: str = "", environment: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.port, self.management = free_port(), free_port()
        self.environment = dict(os.environ) | {
            "PYTHONUNBUFFERED": "1",
            "ESB_PORT": str(self.port),
            "ESB_MANAGEMENT_PORT": str(self.management),
        }
        self.environment |= environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        if routes:
            self.write("routes/all.yaml", routes)
            self.write(
                "esb.yaml",
                f"http: '127.0.0.1:{self.port}'\nmanagement: '127.0.0.1:{self.management}'\nstate: state\n{settings}",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def start(self, *, crash_at: str = "", once: bool = True, wait: bool = True) -> Self:
        """Start it, and wait until all workers are ready. ``crash_at``: a place of :mod:`esb.testing.crash`; ``once`` in all, or in each process."""
        environment = dict(self.environment)
        if crash_at:
            environment[SWITCH] = crash_at
            if once:
                self.fuse.unlink(missing_ok=True)
                environment[FUSE] = str(self.fuse)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own command
                [sys.executable, "-m", "esb", "-C", str(self.folder), "run", "--log-format", "json"],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.ready() if wait else self

    def ready(self, seconds: float = PATIENCE) -> Self:
        """Wait until it takes requests."""

        def served() -> bool:
            if not self.running:
                raise AssertionError(f"esb run has ended:\n{self.log[-3000:]}")
            return bool(self.workers()) and self.call("/ready", port=self.management)[0] == 200

        until(served, "the bus is ready", seconds)
        return self

    @property
    def running(self) -> bool:
        """Whether the master process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The master process. Only after a start."""
        assert self._process is not None
        return self._process.pid

    @property
    def fuse(self) -> Path:
        """The file that is there once a crash point was reached."""
        return self.folder / "crashed"

    @property
    def log(self) -> str:
        """Everything that was logged."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def status(self) -> dict[str, Any]:
        """What ``/status`` tells; empty while nobody answers."""
        try:
            told = json.loads(self.call("/status", port=self.management)[1])
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    def workers(self) -> list[int]:
        """The workers' processes, as far as they answer."""
        return [worker["pid"] for worker in self.status().get("workers", [])]

    def children(self) -> list[int]:
        """The master's child processes, whether they answer or not."""
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
            return [int(word) for word in text.split()]
        return []

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the master."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL to the master and all its workers at one moment. Harmless if it does not run."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self, seconds: float = PATIENCE) -> int:
        """SIGTERM, and wait for the end; the exit code."""
        assert self._process is not None
        self.signal(signal.SIGTERM)
        return self._process.wait(seconds)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Wait for the end; the exit code."""
        assert self._process is not None
        return self._process.wait(seconds)

    def call(
        self,
        path: str,
        body: bytes | None = None,
        *,
        port: int = 0,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
    ) -> tuple[int, bytes]:
        """A request to the bus: status and body. The status is 0 if no answer came: then nobody knows whether it had an effect."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{port or self.port}{path}",
            data=body,
            headers={"Content-Type": "text/plain"} | dict(headers or {}),
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 -- as above
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except (OSError, http.client.HTTPException):
            return 0, b""

    def esb(self, *arguments: str, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """A verb of the command line on this project."""
        return subprocess.run(  # noqa: S603 -- our own command
            [sys.executable, "-m", "esb", "-C", str(self.folder), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
