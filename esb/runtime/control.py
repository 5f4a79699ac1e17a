"""Talk between the workers of an instance: each answers on a Unix socket of its own, any of them can ask all.

One JSON object a line: ``{"op": "status"}``, ``{"op": "route", "action": "stop", "id": "orders"}``; the answer is one line too.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_log = logging.getLogger("esb.control")
Answer = Callable[[dict[str, Any]], dict[str, Any]]


class ControlSocket:
    """This worker's socket, ``worker-<pid>.sock`` in the run folder, readable by its owner only."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        self._file = folder / f"worker-{os.getpid()}.sock"
        self._answer = answer
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._closed = False

    def start(self) -> None:
        """Listen on a thread."""
        self._file.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server.bind(str(self._file))
        finally:
            os.umask(before)
        self._server.listen(16)
        threading.Thread(target=self._serve, name="control", daemon=True).start()

    def close(self) -> None:
        """Stop listening and remove the socket. Idempotent."""
        self._closed = True
        self._file.unlink(missing_ok=True)
        self._server.close()

    def _serve(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.settimeout(5.0)
                    asked = json.loads(_line(connection))
                    told = self._answer(asked)
                except Exception as error:  # a wrong question must not end the answering
                    told = {"error": f"{type(error).__name__}: {error}"}
                try:
                    connection.sendall(json.dumps(told, default=str).encode() + b"\n")
                except OSError:
                    _log.debug("whoever asked is gone")


def _line(connection: socket.socket) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n"):
        chunk = connection.recv(65536)
        if not chunk:
            break
        received += chunk
    return bytes(received)


def ask_all(folder: Path, question: dict[str, Any], timeout: float = 5.0) -> list[dict[str, Any]]:
    """The answers of all living workers; sockets of dead ones are removed."""
    answers = []
    for file in sorted(folder.glob("worker-*.sock")):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            try:
                connection.connect(str(file))
                connection.sendall(json.dumps(question).encode() + b"\n")
                answers.append(json.loads(_line(connection)))
            except (ConnectionRefusedError, FileNotFoundError):
                file.unlink(missing_ok=True)
            except (OSError, ValueError):
                _log.warning("worker at %s does not answer", file.name)
    return answers
