"""Ports on loopback for servers that tests start."""

from __future__ import annotations

import random
import socket
import threading

from esb.errors import NotConnected

_LOWEST, _HIGHEST = 12_000, 32_000
"""Below those that systems give to outgoing connections: one of these may take a free port before the server that it is meant for."""
_given: set[int] = set()
_lock = threading.Lock()
_chance = random.SystemRandom()  # not the tests' own random numbers: two runs with one seed would choose the same ports


def free_port() -> int:
    """A port that nobody listens on, and that this process has not been given before. Thread-safe."""
    with _lock:
        for _ in range(1000):
            port = _chance.randrange(_LOWEST, _HIGHEST)
            if port not in _given and _is_free(port):
                _given.add(port)
                return port
    raise NotConnected("no port is free for a test's server; too many servers are left over from other runs")


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False
