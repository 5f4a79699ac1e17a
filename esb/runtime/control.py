"""Talk between the workers of an instance: each answers on a Unix socket of its own, any of them can ask all.

One JSON object a line: ``{"op": "status"}``, ``{"op": "route", "action": "stop", "id": "orders"}``; the answer is one line too.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

_log = logging.getLogger("esb.control")
Answer = Callable[[dict[str, Any]], dict[str, Any]]
_AT_ONCE: Final = 16
"""Questions that are answered at the same time; further ones wait at the socket."""
_PAUSE: Final = 0.2
DRAIN_SECONDS: Final = 30.0
"""As long may an action on a route take: its stop waits so long for what is under way."""
ACTION_SECONDS: Final = 2 * DRAIN_SECONDS + 15.0
"""As long waits who asks for one: for its turn, for the action, and a little."""


class ControlSocket:
    """This worker's socket, ``worker-<pid>.sock`` in the run folder, readable by its owner only."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        self._file = folder / f"worker-{os.getpid()}.sock"
        self._answer = answer
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._closed = False

    def start(self) -> None:
        """Listen on a thread."""
        self._file.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server.bind(str(self._file))
        finally:
            os.umask(before)
        self._server.listen(128)
        threading.Thread(target=self._serve, name="control", daemon=True).start()

    def close(self) -> None:
        """Stop listening and remove the socket. Idempotent."""
        self._closed = True
        self._file.unlink(missing_ok=True)
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._server.close()

    def _serve(self) -> None:
        trouble = False
        while True:
            self._places.acquire()
            try:
                connection, _ = self._server.accept()
                # A route may take long to stop; who asks for health meanwhile must not wait for that.
                threading.Thread(target=self._talk, args=(connection,), name="control-answer", daemon=True).start()
                trouble = False
            except (OSError, RuntimeError) as error:  # no descriptor or no thread is free just now
                self._places.release()
                if self._closed:
                    return
                if not trouble:
                    _log.warning("no question can be taken: %s; it is tried again", error)
                trouble = True
                time.sleep(_PAUSE)

    def _talk(self, connection: socket.socket) -> None:
        try:
            with connection:
                try:
                    connection.settimeout(5.0)
                    told = self._answer(json.loads(_line(connection)))
                except Exception as error:  # a wrong question must not end the answering
                    told = {"error": f"{type(error).__name__}: {error}"}
                try:
                    connection.sendall(json.dumps(told, default=str).encode() + b"\n")
                except OSError:
                    _log.debug("whoever asked is gone")
        finally:
            self._places.release()


class Turns:
    """Actions one after the other, whoever asks for them; few wait, so that questions keep places of their own. Thread-safe."""

    def __init__(self, waiting: int = 4, patience: float = DRAIN_SECONDS) -> None:
        self._room = threading.BoundedSemaphore(waiting)
        self._turn = threading.Lock()
        self._patience = patience

    def take(self, action: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What the action gives; an ``error`` if its turn did not come, and then it has not run."""
        if not self._room.acquire(blocking=False):
            return {"error": "too many actions on routes wait; ask again when they are done"}
        try:
            if not self._turn.acquire(timeout=self._patience):
                return {"error": "another action on a route is still under way; ask again when it is done"}
            try:
                return action()
            finally:
                self._turn.release()
        finally:
            self._room.release()


def _line(connection: socket.socket) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n"):
        chunk = connection.recv(65536)
        if not chunk:
            break
        received += chunk
    return bytes(received)


def ask_each(folder: Path, question: dict[str, Any], timeout: float = 5.0) -> dict[str, dict[str, Any] | None]:
    """What each living worker answers, by its process id; None for one that does not in time. Sockets of dead ones are removed.

    All are asked before the first is waited for: together they take as long as the slowest.
    """
    deadline = time.monotonic() + timeout
    told: dict[str, dict[str, Any] | None] = {}
    with ExitStack() as open_ones:
        asked: dict[str, socket.socket] = {}
        for file in sorted(folder.glob("worker-*.sock")):
            pid = file.stem.removeprefix("worker-")
            try:
                connection = open_ones.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                connection.settimeout(timeout)
                connection.connect(str(file))
                connection.sendall(json.dumps(question).encode() + b"\n")
                asked[pid] = connection
            except (ConnectionRefusedError, FileNotFoundError):
                file.unlink(missing_ok=True)
                continue
            except OSError:
                _log.warning("worker %s cannot be asked", pid)
            told[pid] = None
        for pid, connection in asked.items():
            try:
                connection.settimeout(max(deadline - time.monotonic(), 0.001))
                told[pid] = json.loads(_line(connection))
            except (OSError, ValueError):
                _log.warning("worker %s does not answer", pid)
    return told


def ask_all(folder: Path, question: dict[str, Any], timeout: float = 5.0) -> list[dict[str, Any]]:
    """The answers of all living workers that answer in time."""
    return [one for one in ask_each(folder, question, timeout).values() if one is not None]
