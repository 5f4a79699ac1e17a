"""The master process: gunicorn's arbiter with our rules for readiness, reload, watchdog and stop.

It loads no route itself (a worker makes its context after the fork); whether a set of routes is sound is found out in a process of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from esb.project import Project
from esb.runtime.notify import Notifier

_log = logging.getLogger("esb.arbiter")
_LONGEST_PAUSE = 30.0
"""Seconds between two tries to replace a worker that cannot boot, at most."""


class Application(BaseApplication):
    """gunicorn's view of an instance."""

    def __init__(self, folder: str, instance: str, properties: dict[str, str]) -> None:
        self.folder = folder
        self.instance = instance
        self.properties = properties
        self.project = Project.open(folder, instance, properties)
        super().__init__()

    def load_config(self) -> None:
        """Our settings for gunicorn; nothing comes from its own files or environment."""
        project, drain = self.project, int(self.project.drain)
        bind = [project.http.bind]
        if project.management.bind != project.http.bind:
            bind.append(project.management.bind)
        settings: dict[str, Any] = {
            "bind": bind,
            "workers": project.workers,
            "worker_class": "esb.runtime.worker.Worker",
            "proc_name": f"esb-{project.instance or project.name}",
            "graceful_timeout": drain + 5,
            "timeout": 60,
            "keepalive": 15,
            "backlog": 1024,
            "control_socket_disable": True,
            "forwarded_allow_ips": "",
            "logger_class": "esb.runtime.gunicornlog.QuietLogger",
            "preload_app": False,
        }
        if project.http.certificate:
            settings |= {
                "certfile": str(project.folder / project.http.certificate),
                "keyfile": str(project.folder / project.http.key),
            }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Called in a worker after the fork."""
        from esb.runtime.worker import BusApplication

        return BusApplication(Project.open(self.folder, self.instance, self.properties))

    def run(self) -> None:
        """Serve until told to stop. Raises SystemExit."""
        BusArbiter(self).run()


class BusArbiter(Arbiter):
    """Tells systemd what happens, and keeps the old routes when new ones are wrong."""

    def __init__(self, app: Application) -> None:
        self.notifier = Notifier()
        self._run_folder = app.project.run_folder
        self._announced: frozenset[int] = frozenset()
        self._has_served = False
        self._began = time.monotonic()
        self._stopping = False
        self._pause = 0.0
        self._spawn_from = 0.0
        super().__init__(app)

    def start(self) -> None:
        """Claim the run folder, bind, then clear the folder: a second start by mistake fails before it touches the first one's sockets."""
        self._claim()
        super().start()
        for stale in (*self._run_folder.glob("ready-*"), *self._run_folder.glob("worker-*.sock")):
            stale.unlink(missing_ok=True)
        self._pid_file.write_text(
            str(os.getpid())
        )  # before the first worker answers: who sees it ready may tell it to stop

    def _claim(self) -> None:
        """Take the run folder for this master alone, as long as it lives. Raises SystemExit.

        Two masters with different ports would overwrite each other's process id and workers' sockets: neither could be asked or stopped
        any more. A POSIX lock: the kernel gives it back however this process ends, and workers that outlive it do not have it.
        """
        lock = os.open(self._run_folder / "master.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            with contextlib.suppress(OSError):
                _log.error(
                    "this instance runs already, as process %s: 'esb status' shows it, 'esb stop' ends it; "
                    "another instance needs a 'state' of its own in esb.yaml",
                    self._pid_file.read_text(),
                )
            sys.exit(1)

    @property
    def _pid_file(self) -> Path:
        return self._run_folder / "master.pid"

    def murder_workers(self) -> None:
        """Called at every turn of gunicorn's loop: besides ending hung workers, tell what is ready and that we live."""
        super().murder_workers()
        ready = self._ready()
        if ready != self._announced and len(ready) >= self.num_workers:
            self._announced = ready
            self._has_served = True
            self._pause = 0.0
            self.notifier.tell("READY=1", f"STATUS={len(ready)} workers ready")
            _log.info("ready: %d workers", len(ready))
        if len(ready) >= self.num_workers or time.monotonic() - self._began < 60:
            self.notifier.ping()

    def _ready(self) -> frozenset[int]:
        return frozenset(pid for pid in self.WORKERS if (self._run_folder / f"ready-{pid}").exists())

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """As gunicorn's, but each signal once, and nothing before an end that is asked for: a storm of reloads must not keep it waiting."""
        signals = list(dict.fromkeys(super().wait_for_signals(timeout)))
        return [one for one in signals if one in {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}] or signals

    def reap_workers(self) -> None:
        """A worker that cannot boot ends the start; once the bus has served, the others go on and it is tried again after a pause."""
        while True:
            try:
                super().reap_workers()
            except HaltServer as failure:
                if self._stopping:
                    continue
                if not self._has_served and not self._ready():
                    raise
                self._pause = min(self._pause * 2 or 1.0, _LONGEST_PAUSE)
                self._spawn_from = time.monotonic() + self._pause
                _log.error("%s The others go on; the next try is in %g s", failure.reason, self._pause)
                self.notifier.tell("STATUS=a worker cannot boot; see the log")
            else:
                return

    def spawn_workers(self) -> None:
        """As gunicorn's, but not in the pause after a worker that could not boot."""
        if time.monotonic() >= self._spawn_from:
            super().spawn_workers()

    def reload(self) -> None:
        """Check the new set first; only a sound one replaces the running one, worker by worker."""
        self.notifier.reloading()
        app = self.app
        command = [sys.executable, "-m", "esb", "-C", app.folder, *(("-i", app.instance) if app.instance else ())]
        for key, value in app.properties.items():
            command += ["-p", f"{key}={value}"]
        found = subprocess.run([*command, "check"], capture_output=True, text=True, check=False)  # noqa: S603 -- our own command
        if found.returncode != 0:
            _log.error("the reload was refused, the old routes go on:\n%s%s", found.stdout, found.stderr)
            self.notifier.tell("READY=1", "STATUS=the last reload was refused; see the log")
            return
        app.project = Project.open(app.folder, app.instance, app.properties)
        self._announced = frozenset()
        self._spawn_from = 0.0
        super().reload()
        _log.info("reloaded")

    def stop(self, graceful: bool = True) -> None:
        """Stop all workers, telling systemd first."""
        self._stopping = True
        self.notifier.tell("STOPPING=1", f"EXTEND_TIMEOUT_USEC={int((self.app.project.drain + 30) * 1e6)}")
        super().stop(graceful)

    def halt(self, reason: str | None = None, exit_status: int = 0) -> None:
        """End the master; a worker that cannot boot is told in one line."""
        with contextlib.suppress(OSError):
            if self._pid_file.read_text() == str(os.getpid()):
                self._pid_file.unlink()
        super().halt(reason, exit_status)

    def handle_winch(self) -> None:
        """A changed terminal is no reason to stop workers."""


def ignore_terminal_signals() -> None:
    """A closed terminal must not end the bus: SIGHUP means reload from the first moment."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
