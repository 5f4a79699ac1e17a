"""The bus's own web server in a thread, for cases that make real HTTP requests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

from esb.runtime.paths import Paths
from esb.runtime.web import WebServer


def serve() -> tuple[Any, int, Callable[[], None]]:
    """A host for the paths of a context, the port it answers on, and how to stop it."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    paths = Paths(f"http://127.0.0.1:{port}")
    application = WebServer(paths, threads=8, name="conformance-web")
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, lifespan="off", server_header=False))
    thread = threading.Thread(target=server.run, args=([listener],), name="conformance-uvicorn", daemon=True)
    thread.start()

    def close() -> None:
        server.should_exit = True
        thread.join(5)
        application.close()
        listener.close()

    return paths, port, close
