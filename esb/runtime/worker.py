"""One worker process: a route context made after the fork, its web listeners, its life from start to drain."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import os
import signal
import sys
import threading
from collections.abc import MutableMapping
from types import FrameType
from typing import Any, ClassVar

from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

from esb.context import RouteContext
from esb.errors import ConfigError
from esb.project import Project
from esb.runtime.browsers import keep_pages_out
from esb.runtime.bus import load_routes, make_context
from esb.runtime.cluster import lease_of
from esb.runtime.control import ControlSocket, Turns
from esb.runtime.deadletters import DeadLetterPaths
from esb.runtime.management import mount_management
from esb.runtime.paths import Paths
from esb.runtime.status import failed_messages, worker_status
from esb.runtime.web import Receive, Scope, Send, WebServer

_log = logging.getLogger("esb.worker")


class BusApplication:
    """The ASGI application of a worker: routes live between its lifespan's start and end.

    Two listeners share it: the bus's own and the management's, told apart by the address a request came in at.
    """

    def __init__(self, project: Project, version: str = "") -> None:
        self.project = project
        self._paths = Paths(f"http://{project.http.bind}")
        self._management = Paths()
        self.web = WebServer(self._paths, threads=project.http.threads)
        self._manage = WebServer(self._management, threads=4, name="management")
        self._guarded = keep_pages_out(self._manage, project.management.bind)
        self._management_port = project.management.bind.rpartition(":")[2]
        self._version = version
        self.ready = False
        services = {
            "http": lambda _: self._paths,
            "lease": lambda context: lease_of(project, lambda: context.service("broker")),
        }
        self.context: RouteContext = make_context(project, services)
        self._letters = DeadLetterPaths(
            lambda: self.context.running_service("broker"), project.run_folder, project.state_folder
        )
        self._control = ControlSocket(project.run_folder, self._answer)
        self._turns = Turns()
        self._quiet = threading.Lock()
        self._quieted = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: lifespan and http; anything else (websocket) is refused by leaving."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            server = scope.get("server") or ("", None)
            managed = (
                self._management_port in {str(server[1]), str(server[0])}
                and self.project.management.bind != self.project.http.bind
            )
            await (self._guarded if managed else self.web)(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message: MutableMapping[str, Any] = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await asyncio.to_thread(self.start)
                except Exception as error:
                    _log.exception("the worker could not start")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await asyncio.to_thread(self.stop)
                await send({"type": "lifespan.shutdown.complete"})
                return

    def start(self) -> None:
        """Load and start the routes. A route that cannot start is a reason for ``degraded``, not for the others to wait."""
        # Short turns keep the I/O thread prompt beside steps that are busy with the processor (measured: a factor of thirty for a broker's thread).
        sys.setswitchinterval(0.0005)
        load_routes(self.project, self.context)
        mount_management(self._management, self.context, self.project.run_folder, self._letters)
        try:
            self.context.start()
        except ConfigError as error:
            _log.error("not all routes could be started:\n%s", error)
        self._control.start()
        # What was loaded stays: the collector need not look through it again and again for what messages leave behind.
        gc.collect()
        gc.freeze()
        self.ready = True
        (self.project.run_folder / f"ready-{os.getpid()}").write_text(self._version)
        _log.info("%d routes started", len(self.context.routes))

    def quiet(self) -> None:
        """Take nothing new from any source; what is in hand goes on. Runs once, on a thread, as soon as a stop is asked for."""
        with self._quiet:
            if self._quieted:
                return
            self._quieted = True
        for route in self.context.routes.values():
            if route.endpoint.scheme not in {"direct", "seda", "platform-http", "rest", "soap"}:
                try:
                    route.suspend()
                except Exception:
                    _log.exception("%s could not be suspended", route.id)

    def stop(self) -> None:
        """Drain and stop."""
        self.ready = False
        (self.project.run_folder / f"ready-{os.getpid()}").unlink(missing_ok=True)
        self.context.stop(self.project.drain)
        self._control.close()
        self.web.close()
        self._manage.close()

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        match question.get("op"):
            case "status":
                return worker_status(self.context, ready=self.ready, inflight_http=self.web.inflight)
            case "failed":
                return failed_messages(self.context)
            case "route":
                action, id = question["action"], question["id"]
                told = self._turns.take(lambda: {"status": self.context.route_control(action, id)})
                return {"pid": os.getpid(), **told}
            case "job":
                return self._letters.job(question["id"])
            case other:
                return {"error": f"unknown question {other!r}"}


class Worker(UvicornWorker):
    """gunicorn's worker: HTTP/1.1 by httptools on uvloop, and our application's life tied to it."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": "esb.runtime.protocol:Protocol",
        "lifespan": "on",
        "ws": "none",
        "server_header": False,
        "access_log": False,
    }

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        # uvicorn-worker cuts uvicorn's logger off from ours, and its lines would not be JSON.
        logger = logging.getLogger("uvicorn.error")
        logger.propagate = True
        logger.setLevel(logging.WARNING)

    def init_signals(self) -> None:
        super().init_signals()
        # Two sources of SIGTERM arrive before uvicorn's own handlers stand (a start that is stopped at once): leave quietly.
        signal.signal(signal.SIGTERM, self._early_stop)

    def _early_stop(self, _signal: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    async def _serve(self) -> None:
        application: BusApplication = self.wsgi
        loop = asyncio.get_running_loop()
        server = _Server(self.config, application, self.ppid)
        self.config.app = application
        loop.add_signal_handler(signal.SIGQUIT, server.handle_exit, signal.SIGQUIT, None)
        # The sockets themselves, not gunicorn's wrappers: of what is no plain socket uvloop closes the descriptor and then the object,
        # whose descriptor may be another's by then.
        await server.serve(sockets=[listener.sock for listener in self.sockets])
        if not server.started:
            from gunicorn.arbiter import Arbiter

            sys.exit(Arbiter.WORKER_BOOT_ERROR)


class _Server(Server):
    """uvicorn's server, which also quiets the sources when a stop is asked for, and ends when its master has."""

    def __init__(self, config: Any, application: BusApplication, master: int) -> None:
        super().__init__(config)
        self._application = application
        self._master = master

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second. Without a master nobody could reload or stop this worker, and the next one would find its ports taken."""
        if not self.should_exit and os.getppid() != self._master:
            _log.error("this worker drains and ends: its master is gone (process %d)", self._master)
            # Nobody is left to end it by force either.
            self.config.timeout_graceful_shutdown = math.ceil(self._application.project.drain)
            self.handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        threading.Thread(target=self._application.quiet, name="quiet", daemon=True).start()
        super().handle_exit(sig, frame)
