"""The master process: gunicorn's arbiter with our rules for readiness, reload, watchdog and stop.

It loads no route itself (a worker makes its context after the fork); whether a set of routes is sound is found out in a process of its own.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.sock import TCP6Socket, TCPSocket, UnixSocket
from gunicorn.util import is_ipv6, parse_address

from esb.errors import ConfigError
from esb.project import Project
from esb.runtime import checking
from esb.runtime.notify import Notifier

_log = logging.getLogger("esb.arbiter")
_LONGEST_PAUSE = 30.0
"""Seconds between two tries to replace a worker that cannot boot, at most."""
_LONGEST_CHECK = 120.0
"""Seconds that the check before a reload may take; a worker that ends meanwhile is replaced after it."""
_ENDS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})


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
        settings: dict[str, Any] = {
            "bind": _binds(project),
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
        return [one for one in signals if one in _ENDS] or signals

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
        if not self._is_sound():
            return
        try:
            project = Project.open(app.folder, app.instance, app.properties)
            self._listen(_binds(project))
        except (ConfigError, _NotFree) as error:
            self._refuse(str(error))
            return
        app.project = project
        self._announced = frozenset()
        self._spawn_from = 0.0
        super().reload()
        _log.info("reloaded")

    def _is_sound(self) -> bool:
        """Whether the files as they are now can be run; if not, it is told. False too if an end is asked for meanwhile.

        Systemd hears of us as ever. Signals wait until the check is over, but for those that end: with them it ends too.
        """
        app = self.app
        command = [sys.executable, "-m", "esb", "-C", app.folder, *(("-i", app.instance) if app.instance else ())]
        for key, value in app.properties.items():
            command += ["-p", f"{key}={value}"]
        came: list[int] = []

        def goes_on() -> bool:
            self.murder_workers()
            came.extend(Arbiter.wait_for_signals(self, 1.0))
            return _ENDS.isdisjoint(came)

        try:
            found = checking.run([*command, "check"], _LONGEST_CHECK, goes_on)
        except checking.TooLong:
            self._refuse(
                f"'esb check' had not ended after {_LONGEST_CHECK:g} s; run it by hand to see what takes so long"
            )
            return False
        except OSError as error:
            self._refuse(f"'esb check' could not be run: {error}; reload again when the host has room")
            return False
        finally:
            for one in dict.fromkeys(came):
                self.SIG_QUEUE.put_nowait(one)
        if found is not None and found[0] != 0:
            self._refuse(found[1])
        return found is not None and found[0] == 0

    def _refuse(self, why: str) -> None:
        _log.error("the reload was refused, the old routes go on:\n%s", why)
        self.notifier.tell("READY=1", "STATUS=the last reload was refused; see the log")

    def _listen(self, binds: list[str]) -> None:
        """Listen at addresses that are new, and only then give up those that are not wanted any more. Raises _NotFree, and nothing has changed.

        gunicorn would close all listeners and then end where one cannot be had again; that is so where another program has the new address,
        and also for an address that stays, on which the old workers still listen.
        """
        before, wanted = self.cfg.address, [parse_address(bind) for bind in binds]
        if before == wanted:
            return
        new: list[Any] = []
        try:
            for address in wanted:
                if address not in before:
                    new.append(_listener(address, self.cfg, self.log))
        except (OSError, ValueError, OverflowError) as error:  # the last for a port beyond 65535
            for listener in new:
                listener.close()
                if isinstance(listener.cfg_addr, str):
                    # ValueError: an abstract address, which is no file.
                    with contextlib.suppress(OSError, ValueError):
                        Path(listener.cfg_addr).unlink()
            bind = binds[wanted.index(address)]
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            who = "ss -lxp" if isinstance(address, str) else "ss -ltnp"
            raise _NotFree(
                f"cannot listen at {bind}: {reason}; '{who}' names who does, and 'http' and 'management' in esb.yaml say where "
                "this instance listens; an address that overlaps its own is taken by a restart"
            ) from error
        old: list[Any] = self.LISTENERS
        for listener in old:
            if listener.cfg_addr not in wanted:
                listener.close()
        self.LISTENERS: list[Any] = [listener for listener in old if listener.cfg_addr in wanted] + new
        self.cfg.set("bind", binds)  # for gunicorn nothing has changed, and it leaves the listeners alone
        _log.info("listening at %s", ", ".join(binds))

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


class _NotFree(Exception):
    """An address cannot be listened at."""


def _binds(project: Project) -> list[str]:
    return list(dict.fromkeys((project.http.bind, project.management.bind)))


def _listener(address: str | tuple[str, int], cfg: Any, log: Any) -> Any:
    if isinstance(address, str):
        _refuse_if_listened_at(address)
        mask = os.umask(0o077)
        try:
            return UnixSocket(address, cfg, log)
        finally:  # where it cannot bind gunicorn leaves its own: anybody could write files of later workers
            os.umask(mask)
    return (TCP6Socket if is_ipv6(address[0]) else TCPSocket)(address, cfg, log)


def _refuse_if_listened_at(address: str) -> None:
    """Raises OSError where a program listens at a Unix address, or where that cannot be found out.

    gunicorn removes the file of whoever listens: that program would go on and nobody would reach it. A file that a killed one left may go.
    """
    with socket.socket(socket.AF_UNIX) as asking:
        asking.setblocking(False)
        try:
            asking.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            return
        except BlockingIOError:  # it listens and has no time
            pass
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), address)


def ignore_terminal_signals() -> None:
    """A closed terminal must not end the bus: SIGHUP means reload from the first moment."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
