"""Talking to the deployment without a library that would mend what is wrong."""

import http.client
import socket
from collections.abc import Mapping

from routes.demo.deployment import Deployment

JSON = {"Content-Type": "application/json"}


def send(
    bus: Deployment,
    name: str,
    path: str,
    body: bytes | str = b"",
    *,
    method: str = "POST",
    headers: Mapping[str, str] = JSON,
) -> tuple[int, dict[str, str], str]:
    """One request; the status, the headers (names in lower case) and the body as text."""
    connection = http.client.HTTPConnection("127.0.0.1", bus.ports[name][0], timeout=20)
    try:
        connection.request(method, path, body.encode() if isinstance(body, str) else body, dict(headers))
        answer = connection.getresponse()
        told = {key.lower(): value for key, value in answer.getheaders()}
        return answer.status, told, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def raw(bus: Deployment, octets: bytes, name: str = "bus", timeout: float = 10.0) -> bytes:
    """Send octets as they are and read until the server closes; what was read so far if it keeps open."""
    with socket.create_connection(("127.0.0.1", bus.ports[name][0]), timeout=timeout) as peer:
        received = b""
        try:
            peer.sendall(octets)
            while chunk := peer.recv(65536):
                received += chunk
        except (TimeoutError, ConnectionResetError, BrokenPipeError):
            pass
        return received
