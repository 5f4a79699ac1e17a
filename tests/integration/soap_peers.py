"""What the SOAP tests start: the bus's web server in a thread, PHP as a foreign peer, and servers that behave badly on purpose."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from esb.context import RouteContext
from esb.testing.ports import free_port

ROOT = Path(__file__).parents[2]
PHP = Path(__file__).parent / "soap_php"


def php_is_here() -> bool:
    if shutil.which("php") is None:
        return False
    return "soap" in subprocess.run(["php", "-m"], capture_output=True, text=True, check=False).stdout.split()


@contextlib.contextmanager
def bus(routes: str, beans: dict[str, Any] | None = None, folder: Path = ROOT) -> Iterator[tuple[RouteContext, int]]:
    """A running bus with these routes and a web server on a free port."""
    import uvicorn

    from esb.runtime.paths import Paths
    from esb.runtime.protocol import Protocol
    from esb.runtime.web import WebServer

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    paths = Paths(f"http://127.0.0.1:{port}")
    application = WebServer(paths, threads=4, name="soap-test-web")
    server = uvicorn.Server(uvicorn.Config(application, http=Protocol, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    context = RouteContext("test", {"port": str(port)}, folder=folder, services={"http": lambda _: paths})
    for name, bean in (beans or {}).items():
        context.bind("bean", name, bean)
    try:
        context.load(routes)
        context.start()
        thread.start()
        wait_for(lambda: server.started)
        yield context, port
    finally:
        context.stop(5.0)
        server.should_exit = True
        if thread.ident is not None:
            thread.join(10)
        application.close()
        listener.close()


@contextlib.contextmanager
def php_server(script: str, *, environment: dict[str, str]) -> Iterator[str]:
    """PHP's built-in web server with one script; its address."""
    port = free_port()
    process = subprocess.Popen(
        [
            "php",
            "-d",
            "display_errors=0",
            "-d",
            "soap.wsdl_cache_enabled=0",
            "-S",
            f"127.0.0.1:{port}",
            str(PHP / script),
        ],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: _answers(port))
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(10)


def php_client(script: str, *arguments: str) -> Any:
    """Run a PHP script that calls; what it prints as JSON."""
    run = subprocess.run(
        ["php", "-d", "display_errors=stderr", "-d", "soap.wsdl_cache_enabled=0", str(PHP / script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr + run.stdout
    return json.loads(run.stdout)


@contextlib.contextmanager
def raw_server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads one request a connection and then does what ``answer`` does with the socket."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            while _request(connection):
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def http(
    status: str, body: bytes, content_type: str = "text/xml; charset=utf-8", *headers: str
) -> Callable[[socket.socket], None]:
    """An answer with its length, for :func:`raw_server`."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body)}",
        *([f"Content-Type: {content_type}"] if content_type else []),
        *headers,
    ]
    message = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return lambda connection: connection.sendall(message)


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.02)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _request(connection: socket.socket) -> bool:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return False
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return True
