"""One HTTP call with a total deadline, bounded answers and errors of ours: what every adapter that calls over HTTP uses.

A read timeout alone bounds each read, not the call: a server that sends a byte a second would hold a thread for ever. So the connection is
shut when the time is up, whatever the call is doing then. Redirects are not followed and nothing is retried here: only the route knows what may
be sent twice. urllib3 is imported on first use.
"""

from __future__ import annotations

import re
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from esb.errors import AnswerTooLarge, ConnectionLost, DeadlineExceeded, NotConnected, TransportError
from esb.scheduling import Scheduler
from esb.spool import Spool

if TYPE_CHECKING:
    from mmap import mmap

    from urllib3 import PoolManager

UNKNOWN_OUTCOME: Final = (ConnectionLost, DeadlineExceeded, AnswerTooLarge)
"""Failures after which nobody knows whether the call had its effect (ADR 54)."""
UNKNOWN_STATUSES: Final = frozenset({502, 504})
"""Statuses that say the same: a gateway heard nothing, or nothing valid, from the server behind it."""
_CERTIFICATE_REFUSED: Final = re.compile(r"ALERT_(?:\w*CERTIFICATE\w*|UNKNOWN_CA|ACCESS_DENIED)", re.IGNORECASE)
"""What the other side says of our certificate. With TLS 1.3 it does so after our handshake, and reads no request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Header names as sent, repeated ones repeated."""

    status: int
    reason: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    spooled: mmap | None = None
    """The body in a file, in the place of ``body``, where the caller asked for that."""

    def header(self, name: str) -> str | None:
        """The first header of a name, whatever its case."""
        folded = name.lower()
        return next((value for key, value in self.headers if key.lower() == folded), None)

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks to wait, where it gives a number."""
        value = self.header("retry-after") or ""
        return float(value) if value.isdigit() else None


class _Call(threading.local):
    """This thread's call: told of the connection it uses."""

    uses: Callable[[Any], None] = staticmethod(lambda _: None)


_call = _Call()


class HttpCaller:
    """Calls over a pool of connections, one for each set of TLS options. Thread-safe; makes no connection before the first call."""

    def __init__(
        self,
        *,
        ca_file: str | None = None,
        certificate: str | None = None,
        key: str | None = None,
        verify: bool = True,
        connections: int = 20,
        proxy: str | None = None,
        per_thread: bool = False,
    ) -> None:
        """``proxy``: URL of an HTTP proxy, with name and password in it where it wants them.

        ``per_thread``: each thread has a connection of its own, for partners that know who calls by the connection (NTLM).
        """
        self._tls = {
            "ca_certs": ca_file,
            "cert_file": certificate,
            "key_file": key,
            "cert_reqs": "CERT_REQUIRED" if verify else "CERT_NONE",
        }
        self._connections = connections
        self._proxy = proxy
        self._lock = threading.Lock()
        self._pool: PoolManager | None = None
        self._own = threading.local() if per_thread else None
        self._pools: weakref.WeakSet[PoolManager] = weakref.WeakSet()

    def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes | memoryview] | None,
        *,
        deadline: float = 30.0,
        connect_timeout: float = 10.0,
        max_body: int = 50 * 1024 * 1024,
        spool: int | None = None,
    ) -> Answer:
        """Call and read the whole answer, of any status. ``spool``: from how many bytes on its body is put into a file.

        A ``body`` that is not bytes is sent as it comes, with the length that its attribute ``length`` tells, else in chunks.
        ``deadline`` is for everything, in seconds. Raises NotConnected (no request was sent, or none was read), DeadlineExceeded, ConnectionLost
        and AnswerTooLarge (the effect is unknown).
        """
        import urllib3
        from urllib3 import exceptions

        ends = time.monotonic() + deadline
        expired = threading.Event()
        mine: dict[str, Any] = {}

        def cut() -> None:
            expired.set()
            _shut(mine.get("connection"))

        _call.uses = lambda connection: mine.__setitem__("connection", connection)
        timer = _deadlines().later(deadline, cut)
        sent = dict(headers)
        length = getattr(body, "length", None)
        if isinstance(length, int):
            sent["Content-Length"] = str(length)
        sent.setdefault("Accept-Encoding", "identity")  # nothing is unpacked here, so that a small bomb stays small
        try:
            response = self._manager().urlopen(
                method,
                url,
                body=body,
                headers=sent,
                timeout=urllib3.Timeout(connect=min(connect_timeout, deadline), read=deadline),
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
            return self._read(response, ends, expired, Spool(spool, max_body), url)
        except (exceptions.HTTPError, OSError, ValueError) as error:
            raise _failed(error, url, deadline, begun="connection" in mine, expired=expired.is_set()) from error
        finally:
            timer.cancel()

    def _read(self, response: Any, ends: float, expired: threading.Event, whole: Spool, url: str) -> Answer:
        try:
            for chunk in response.stream(65536, decode_content=False):
                whole.write(chunk)
                if whole.over:
                    raise AnswerTooLarge(f"{url} sent more than {whole.limit} bytes ('maxResponseSize')", endpoint=url)
                if expired.is_set() or time.monotonic() > ends:
                    raise TimeoutError
        except BaseException:
            whole.close()
            response.close()  # the rest of this answer must never be read as the next call's
            raise
        response.release_conn()
        if expired.is_set():
            raise TimeoutError
        body = whole.done()
        told = (response.status, response.reason or "", tuple(response.headers.items()))
        return Answer(*told, body) if isinstance(body, bytes) else Answer(*told, b"", body)

    def _manager(self) -> PoolManager:
        if self._own is not None:
            pool: PoolManager | None = getattr(self._own, "pool", None)
            if pool is None:
                pool = self._own.pool = _make_pool(1, self._tls, self._proxy)
                with self._lock:
                    self._pools.add(pool)
            return pool
        with self._lock:
            if self._pool is None:
                self._pool = _make_pool(self._connections, self._tls, self._proxy)
            return self._pool

    def close(self) -> None:
        """Close idle connections. Idempotent."""
        with self._lock:
            for pool in self._pools:
                pool.clear()
            if self._pool is not None:
                self._pool.clear()
                self._pool = None


def _make_pool(connections: int, tls: dict[str, Any], proxy: str | None) -> PoolManager:
    import http.client

    import urllib3
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Whole(http.client.HTTPResponse):
        """An answer whose headers are complete: the library takes the end of a broken connection for the end of them, and an empty body for all."""

        def begin(self) -> None:
            plain = self.fp
            watched: Any = _Watched(plain)  # it reads lines like the file that it stands for
            self.fp = watched
            try:
                super().begin()
            finally:
                if self.fp is watched:
                    self.fp = plain
            if watched.ended:
                raise http.client.IncompleteRead(b"")

    class Plain(HTTPConnection):
        """Makes itself known to the call that uses it, so that its deadline can shut it."""

        response_class = Whole
        carrier: Any = None

        def request(self, *args: Any, **keywords: Any) -> None:
            self.carrier = None
            _call.uses(self)
            super().request(*args, **keywords)
            self.carrier = self.sock

    class Tls(HTTPSConnection):
        """As Plain."""

        response_class = Whole
        carrier: Any = None

        def request(self, *args: Any, **keywords: Any) -> None:
            self.carrier = None
            _call.uses(self)
            super().request(*args, **keywords)
            self.carrier = self.sock

    manager: PoolManager
    if proxy is None:
        manager = urllib3.PoolManager(num_pools=50, maxsize=connections, block=False, **tls)
    else:
        parts = urllib3.util.parse_url(proxy)
        shown = urllib3.util.make_headers(proxy_basic_auth=unquote(parts.auth)) if parts.auth else None
        plain = f"{parts.scheme}://{parts.netloc}"
        manager = urllib3.ProxyManager(
            plain, num_pools=50, proxy_headers=shown, maxsize=connections, block=False, **tls
        )

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Tls

    manager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
    return manager


class _Watched:
    """A stream of lines that remembers whether it ended, or ended within a line."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.ended = False

    def readline(self, limit: int = -1) -> bytes:
        """The next line."""
        line: bytes = self._stream.readline(limit)
        self.ended = self.ended or not line.endswith(b"\n")
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _shut(connection: Any) -> None:
    import socket

    # The connection lets go of its socket as soon as an answer says that it is the last one: the answer is still being read from it.
    sock = getattr(connection, "sock", None) or getattr(connection, "carrier", None)
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def _failed(error: Exception, url: str, deadline: float, *, begun: bool, expired: bool) -> TransportError:
    """What a failure comes to. ``begun``: a connection was there, TLS included, or is made by the request itself; before that nothing is sent."""
    from urllib3 import exceptions

    if isinstance(error, exceptions.SSLError) and (not begun or _CERTIFICATE_REFUSED.search(str(error))):
        return NotConnected(
            f"TLS with {url} failed: {_reason(error)}; check the certificate and the 'caFile' option", endpoint=url
        )
    first = error.original_error if isinstance(error, exceptions.ProxyError) else error
    if not begun or isinstance(first, (exceptions.NewConnectionError, exceptions.ConnectTimeoutError)):
        return NotConnected(f"cannot connect to {url}: {_reason(error)}", endpoint=url)
    if expired or isinstance(error, (exceptions.ReadTimeoutError, TimeoutError)):
        return DeadlineExceeded(f"{url} did not answer within {deadline:g} s", endpoint=url)
    return ConnectionLost(f"the connection to {url} broke: {_reason(error)}", endpoint=url)


def _reason(error: BaseException) -> str:
    """The innermost cause in words; never a request's body or headers."""
    inner = getattr(error, "reason", None) or error.__cause__ or error.__context__ or error
    return str(inner).rpartition(": ")[2] if not isinstance(inner, OSError) else (inner.strerror or str(inner))


@cache
def _deadlines() -> Scheduler:
    return Scheduler("deadlines", threads=2)
