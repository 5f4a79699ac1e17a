"""A private RabbitMQ node on loopback for tests: own ports, own data folder, own name server; nothing of the system's node is touched.

Uses the server of Debian's package ``rabbitmq-server``, by its real script: the wrapper in the path switches to another user and the system's data.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from esb.errors import NotConnected
from esb.testing.ports import free_port

_INSTALLED = "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"
_GREETING = b"AMQP\x00\x00\x09\x01"


class RabbitNode:
    """A node that is not running yet. A context manager: starts, and at the end stops and removes everything.

    ``plugins`` are enabled as far as the server has them: ``rabbitmq_consistent_hash_exchange``, say. The attribute tells which it has.
    ``beside``: a started node whose name server and secret this one shares, so that it may join it.
    """

    def __init__(
        self, folder: Path | None = None, *, plugins: Sequence[str] = (), beside: RabbitNode | None = None
    ) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="esb-rabbitmq-"))
        self.port, self._dist_port = free_port(), free_port()
        self.epmd_port: int = beside.epmd_port if beside else free_port()
        self._beside = beside
        self._sbin = _scripts()
        self._epmd: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        for name in ("mnesia", "log", "home"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if beside is not None:
            cookie = self.folder / "home" / ".erlang.cookie"
            cookie.write_bytes((beside.folder / "home" / ".erlang.cookie").read_bytes())
            cookie.chmod(0o400)
        self.plugins = tuple(name for name in plugins if any(self._sbin.parent.glob(f"plugins/{name}-*")))
        (self.folder / "plugins").write_text(f"[{','.join(self.plugins)}].\n")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\ndisk_free_limit.absolute = 50MB\nlog.file.level = warning\n"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The broker URL of the node's default virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    @property
    def name(self) -> str:
        """What the node is called among Erlang's."""
        return f"esb{self.port}@localhost"

    @property
    def pid(self) -> int:
        """The node's first process, whose tree is the node: for who measures its CPU. Only while it runs."""
        assert self._server is not None
        return self._server.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._server is not None and self._server.poll() is None

    @property
    def log(self) -> str:
        """What the node has printed and logged."""
        files = [self.folder / "out", *sorted((self.folder / "log").glob("*.log"))]
        return "\n".join(path.read_text(errors="replace") for path in files if path.exists())

    def start(self, timeout: float = 90.0) -> None:
        """Start the node and wait until it takes connections. Data of an earlier run is there again."""
        if self._epmd is None and self._beside is None:
            epmd = shutil.which("epmd", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/lib/erlang/bin")
            assert epmd is not None  # part of Erlang, without which there is no server
            command = [epmd, "-port", str(self.epmd_port), "-address", "127.0.0.1"]
            self._epmd = subprocess.Popen(  # noqa: S603 - a program of the package
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        with (self.folder / "out").open("ab") as out:
            self._server = subprocess.Popen(  # noqa: S603 - a program of the package
                [self._sbin / "rabbitmq-server"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._await_greeting(time.monotonic() + timeout)

    def _await_greeting(self, deadline: float) -> None:
        assert self._server is not None
        pause = threading.Event()
        while not _greets(self.port):
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise NotConnected(
                    f"the RabbitMQ node in {self.folder} did not start; its log ends:\n{self.log[-2000:]}",
                    endpoint=self.url,
                )
            pause.wait(0.1)

    def persist_queues(self) -> None:
        """Have the registrations of new quorum queues written now, not in some seconds. For tests that declare a queue and :meth:`kill` at once.

        RabbitMQ (3.10 tried) writes them lazily: killed in the first seconds of a queue's life it finds neither the queue nor its messages again.
        """
        self.ctl("eval", "[dets:sync(Table) || Table <- dets:all()].")

    def kill(self) -> None:
        """Kill the node as the kernel would: no goodbye, nothing flushed."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop the node in its tracks, connections open, until :meth:`thaw`."""
        assert self._server is not None
        os.killpg(self._server.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen node go on."""
        assert self._server is not None
        os.killpg(self._server.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Kill and start again."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """End the node and remove its folder."""
        self._end(signal.SIGKILL)
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()
            self._epmd = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._server is not None:
            # Its own session, so its own group: the Erlang machine and what it started, nobody else's.
            with suppress(ProcessLookupError):
                os.killpg(self._server.pid, how)
            self._server.wait()
            self._server = None

    def ctl(self, *arguments: str) -> str:
        """Run ``rabbitmqctl`` against this node; returns what it prints. Raises :class:`subprocess.CalledProcessError`."""
        command = [str(self._sbin / "rabbitmqctl"), "--quiet", *arguments]
        done = subprocess.run(  # noqa: S603 - a program of the package, arguments by the test
            command, env=self._environment(), capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return kept | {
            "HOME": str(self.folder / "home"),
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} net_ticktime 15",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.epmd_port),
        }


@contextmanager
def running_node() -> Iterator[RabbitNode]:
    """A started node, removed at the end. For a session-scoped fixture."""
    with RabbitNode() as node:
        yield node


def _scripts() -> Path:
    root = Path("/")
    found = sorted(root.glob(_INSTALLED.lstrip("/")))
    if not found:
        raise NotConnected(
            f"no RabbitMQ server in {_INSTALLED}; install Debian's package: apt-get install rabbitmq-server "
            "(its own service need not run)"
        )
    return found[-1]


def _greets(port: int) -> bool:
    """Whether an AMQP server answers: an open port alone may be the node still booting."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as peer:
            peer.sendall(_GREETING)
            return len(peer.recv(8)) > 0
    except OSError:
        return False
