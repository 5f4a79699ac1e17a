"""POST over HTTP with one deadline for everything and a bound on the answer, on urllib3's pools.

urllib3's (and requests') read timeout is per receive: a peer that sends a byte a second holds a thread for ever. So the socket asks before
every receive how much time the whole call has left.
"""

from __future__ import annotations

import base64
import io
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    IncompleteRead,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

from esb.errors import ConnectionLost, DeadlineExceeded, NotConnected, OptionError, Rejected, TransportError

MAX_ANSWER: Final = 32 << 20
_CHUNK: Final = 1 << 16

_call = threading.local()


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers by lower-case name, and the body, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Poster:
    """Posts to any address, keeping connections. Thread-safe; redirects are off; TLS is verified, version 1.2 or newer."""

    def __init__(
        self,
        *,
        user: str = "",
        password: str = "",
        ca_file: Path | None = None,
        client_certificate: Path | None = None,
        client_key: Path | None = None,
        verify: bool = True,
        connect_timeout: float = 10.0,
        max_answer: int = MAX_ANSWER,
        connections: int = 32,
    ) -> None:
        """No I/O beyond reading certificates. Raises :class:`~esb.errors.OptionError` for certificates that cannot be read."""
        self._connect_timeout = connect_timeout
        self._max_answer = max_answer
        self._headers = {"Accept-Encoding": "identity", "User-Agent": "esb-soap"}
        if user:
            self._headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        try:
            context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
            if client_certificate:
                context.load_cert_chain(str(client_certificate), str(client_key) if client_key else None)
        except OSError as exc:  # ssl.SSLError is one
            raise OptionError(f"the certificates cannot be read: {exc}") from exc
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        self._pools = PoolManager(maxsize=connections, ssl_context=context, retries=False)
        self._pools.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def post(self, address: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
        """Send and read the whole answer within ``timeout`` seconds. Raises the :class:`~esb.errors.TransportError` that fits."""
        _call.deadline = time.monotonic() + timeout
        limits = Timeout(connect=min(self._connect_timeout, timeout), read=timeout)
        try:
            response = self._pools.urlopen(
                "POST",
                address,
                body=body,
                headers={**self._headers, **headers},
                timeout=limits,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            return self._read(response, address)
        except (HTTPError, OSError, ValueError) as exc:
            raise _translated(exc, address, timeout) from exc

    def close(self) -> None:
        """Close idle connections. Idempotent."""
        self._pools.clear()

    def _read(self, response: BaseHTTPResponse, address: str) -> Answer:
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            encoding = headers.get("content-encoding", "identity").strip().lower()
            if encoding != "identity":
                raise Rejected(
                    f"{address} answered with Content-Encoding {encoding[:40]!r} although none was accepted",
                    endpoint=address,
                )
            chunks, size = [], 0
            while chunk := response.read(_CHUNK):
                size += len(chunk)
                if size > self._max_answer:
                    raise Rejected(f"the answer of {address} is longer than {self._max_answer} bytes", endpoint=address)
                chunks.append(chunk)
        except BaseException:
            response.close()  # what is left of the answer must not meet the next call
            raise
        response.release_conn()
        return Answer(response.status, headers, b"".join(chunks))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a Retry-After names, by number or by date."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _translated(exc: Exception, address: str, timeout: float) -> TransportError:
    if isinstance(exc, (NewConnectionError, ConnectTimeoutError)):
        return NotConnected(f"no connection to {address}: {_plain(exc)}", endpoint=address)
    if isinstance(exc, (SSLError, ssl.SSLError)):
        return NotConnected(f"no TLS connection to {address}: {_plain(exc)}", endpoint=address)
    if isinstance(exc, (ReadTimeoutError, TimeoutError)):
        return DeadlineExceeded(
            f"no answer from {address} within {timeout:g} s; whether it did the work is unknown", endpoint=address
        )
    if isinstance(exc, (ProtocolError, IncompleteRead, OSError)):
        return ConnectionLost(
            f"the connection to {address} broke before the answer was complete: {_plain(exc)}", endpoint=address
        )
    error = Rejected(f"{address} cannot be called: {_plain(exc)}", endpoint=address)
    error.retriable = False
    return error


def _plain(exc: Exception) -> str:
    """The reason without object addresses."""
    inner = exc.args[-1] if exc.args else exc
    return str(inner).rpartition(": ")[2] if " at 0x" in str(inner) else str(inner)


def _left() -> float:
    left: float = _call.deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline of the call has passed")
    return left


class _BoundedReader(io.RawIOBase):
    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left())
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedSocket:
    """A socket whose every operation counts against the calling thread's deadline."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: Any) -> None:
        self._sock.settimeout(_left())
        self._sock.sendall(data)

    def makefile(self, _mode: str = "rb", _buffering: int = -1) -> io.BufferedReader:
        return io.BufferedReader(_BoundedReader(self._sock))


class _Connection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = _BoundedSocket(self.sock)


class _TlsConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = _BoundedSocket(self.sock)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection
