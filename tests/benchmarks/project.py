"""A bus project in a folder of its own, run by ``esb run`` as its users run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from esb.testing.ports import free_port
from tests.benchmarks import machine

ROOT = Path(__file__).resolve().parents[2]


class BusProject:
    """Files by path, and ``esb run`` over them. A context manager: starts it, and stops and removes everything at the end.

    ``ready`` False returns from the start at once: for benchmarks that measure the start, or that look at the effect anyway.
    ``under`` is a command that starts it, as ``taskset``.
    """

    def __init__(
        self,
        files: dict[str, str],
        *,
        broker: str = "",
        workers: int = 1,
        ready: bool = True,
        under: Sequence[str] = (),
    ) -> None:
        self._holder = tempfile.TemporaryDirectory(prefix="esb-bench-")
        self.folder = Path(self._holder.name)
        self.http, self._management = free_port(), free_port()
        self._ready = ready
        self._under = under
        self._process: subprocess.Popen[bytes] | None = None
        configuration = (
            f"project: bench\nworkers: {workers}\nhttp: 127.0.0.1:{self.http}\nmanagement: 127.0.0.1:{self._management}\n"
            f"broker: '{broker or 'sqlite:var/bus.db'}'\nstate: var\n"
        )
        for name, content in ({"esb.yaml": configuration} | files).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def __enter__(self) -> Self:
        environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*self._under, sys.executable, "-m", "esb", "-C", str(self.folder), "run", "--log-level", "WARNING"],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        if self._ready:
            self._wait_ready(time.monotonic() + 60)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._holder.cleanup()

    @property
    def pid(self) -> int:
        """The master process, whose tree is the bus."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """The end of what it has printed."""
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def check(self) -> None:
        """Raise RuntimeError, with the log, if it has ended."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"esb run ended with {self._process.returncode}:\n{self.log}")

    def stop(self) -> None:
        """End it as systemd would. Idempotent."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _wait_ready(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            self.check()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._management}/ready", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise RuntimeError(f"esb run did not get ready:\n{self.log}")


class Command:
    """Another contender's process, with its children. A context manager."""

    def __init__(
        self, command: list[str], environment: dict[str, str] | None = None, folder: Path | None = None
    ) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the process
        self._process = subprocess.Popen(
            command,
            env=dict(os.environ) | (environment or {}),
            cwd=folder,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._log.close()

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._process.pid

    def check(self) -> None:
        """Raise RuntimeError, with what it printed, if it has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"ended with {self._process.returncode}: {self.output[-500:]}")

    @property
    def output(self) -> str:
        """What it has printed so far."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def wait(self, seconds: float) -> str:
        """Wait for its end; what it printed. Raises RuntimeError if it failed or took longer."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"took longer than {seconds} s") from None
        if code:
            raise RuntimeError(f"ended with {code}: {self.output[-500:]}")
        return self.output


def usage(pid: int) -> tuple[float, float]:
    """CPU seconds so far and the clock, to be taken twice."""
    return machine.cpu(pid), time.perf_counter()
