"""The ASGI application of a worker: requests to handlers on a bounded pool, answers whenever they come.

No thread waits for an answer: an exchange that ends with a durable send is answered from the confirm's callback.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from mmap import mmap
from typing import Any, Final

from esb.edge import HTTP_NAME
from esb.httphost import HttpRequest, HttpResponse, Respond
from esb.runtime.paths import Mount, Paths
from esb.spool import Spool

_log = logging.getLogger("esb.web")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_SECONDS: Final = 60.0
"""A client has this long to send its whole body: a slow one must not hold a place for ever."""
ARRIVING_BYTES: Final = 256 * 1024 * 1024
"""Bodies that have not arrived completely hold this much memory together, at most."""
_REST_SECONDS: Final = 5.0
_REST_BYTES: Final = 64 * 1024 * 1024
_SAFE: Final = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_FOUND: Final = b"<html><body><h1>Resource not found</h1></body></html>"
_HTML: Final = b"text/html; charset=utf-8"
_REASONS: Final = {
    400: "the request is not valid",
    408: "the body did not arrive in time",
    413: "the body is too large",
    415: "a content encoding is not accepted",
    500: "the request failed",
    503: "the server is busy or stopping; try again",
}


class WebServer:
    """One listener's ASGI callable. ``threads`` requests run at a time and four times as many may wait; beyond that the answer is 503."""

    def __init__(self, paths: Paths, *, threads: int = 40, name: str = "web") -> None:
        self.paths = paths
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._room = threads * 5
        self._inflight = 0
        self._arriving = 0
        self.draining = False

    @property
    def inflight(self) -> int:
        """Requests that are not answered yet."""
        return self._inflight

    def close(self) -> None:
        """Stop the pool; requests under way finish."""
        self._pool.shutdown(wait=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        found = self.paths.find(scope["method"], scope["path"])
        if isinstance(found, int):
            await _refuse(send, found)
            return
        mount, parameters = found
        if self.draining or self._inflight >= self._room or self._arriving > ARRIVING_BYTES:
            await _refuse(send, 503)
            return
        body = await self._body(scope, receive, mount)
        if isinstance(body, int):
            # The rest of a refused body means nothing: the connection cannot be used again.
            await _refuse(send, body, (b"connection", b"close"))
            return
        if self._inflight >= self._room:
            await _refuse(send, 503)
            return
        self._inflight += 1
        try:
            response = await self._answer(mount, _request(scope, body, parameters, mount))
            await _write(send, response, head=scope["method"] == "HEAD")
        finally:
            self._inflight -= 1

    async def _body(self, scope: Scope, receive: Receive, mount: Mount) -> bytes | mmap | int:
        """The whole body, or the status to refuse with.

        Who is still sending has no place among the requests that run, so that slow senders keep nobody out; what they send is bounded together.
        """
        status = _refusal(scope, mount)
        spool = Spool(mount.spool, mount.max_body)
        held = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while not status:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return 400
                    spool.write(message.get("body", b""))
                    self._arriving += spool.held - held
                    held = spool.held
                    if spool.over:
                        status = 413
                    elif self._arriving > ARRIVING_BYTES:
                        status = 503
                    if not message.get("more_body"):
                        return status or spool.done()
        except TimeoutError:
            return 408
        finally:
            self._arriving -= held
            spool.close()
        await _read_on(scope, receive)
        return status

    async def _answer(self, mount: Mount, request: HttpRequest) -> HttpResponse:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[HttpResponse] = loop.create_future()

        def respond(response: HttpResponse) -> None:
            loop.call_soon_threadsafe(_resolve, answered, response)

        self._pool.submit(_run, mount, request, respond)
        return await answered


def _resolve(answered: asyncio.Future[HttpResponse], response: HttpResponse) -> None:
    if not answered.done():
        answered.set_result(response)


def _run(mount: Mount, request: HttpRequest, respond: Respond) -> None:
    try:
        mount.handler(request, respond)
    except Exception:
        # The sender gets an id and no detail: what went wrong inside is for the log.
        error_id = uuid.uuid4().hex[:12]
        _log.exception("%s %s failed, error id %s", request.method, mount.path, error_id)
        respond(
            HttpResponse(
                500,
                [("Content-Type", "text/plain; charset=utf-8")],
                f"the request failed, error id {error_id}\n".encode(),
            )
        )


def _request(scope: Scope, body: bytes | mmap, parameters: dict[str, str], mount: Mount) -> HttpRequest:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    client = scope.get("client")
    return HttpRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body if isinstance(body, bytes) else b"",
        spooled=None if isinstance(body, bytes) else body,
        path_parameters=parameters,
        scheme=scope.get("scheme", "http"),
        host=next((value for name, value in headers if name == "host"), ""),
        client=client[0] if client else "",
        template=mount.path,
    )


def _refusal(scope: Scope, mount: Mount) -> int:
    """The status that a request is refused with for its headers, 0 for none."""
    hosts = 0
    for name, value in scope["headers"]:
        hosts += name == b"host"
        if name == b"content-length" and (not value.isdigit() or int(value) > mount.max_body):
            return 413 if value.isdigit() else 400
        if name == b"content-encoding" and value.lower() != b"identity":
            return 415  # never unpacked here: a small bomb must stay small
    # RFC 9112, 3.2: without one host a proxy in front and this server may not mean the same one.
    return 400 if hosts > 1 or (not hosts and scope.get("http_version") == "1.1") else 0


async def _read_on(scope: Scope, receive: Receive) -> None:
    """Read the rest of a refused body, within bounds: a client that is still sending would find its connection reset and never see the answer."""
    if any(name == b"expect" for name, _ in scope["headers"]):  # it waits for our word and has sent nothing
        return
    size = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REST_SECONDS):
            while size < _REST_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return


async def _refuse(send: Send, status: int, *headers: tuple[bytes, bytes]) -> None:
    # The pages of 404 and 405 are those of Camel's server, which clients and monitors of existing systems know.
    html = status == 404
    text = _NOT_FOUND if html else b"" if status == 405 else f"{_REASONS[status]}\n".encode()
    length = (b"content-length", str(len(text)).encode())
    kind = (b"allow", b"") if status == 405 else (b"content-type", _HTML if html else b"text/plain; charset=utf-8")
    later = ((b"retry-after", b"2"),) if status == 503 else ()
    await send({"type": "http.response.start", "status": status, "headers": [length, kind, *_SAFE, *later, *headers]})
    await send({"type": "http.response.body", "body": text})


async def _write(send: Send, response: HttpResponse, *, head: bool) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in response.headers
        if HTTP_NAME.fullmatch(name)  # a field of a form may have any name, and is a header of its message
        and not _split(value)
        and name.lower() not in {"content-length", "transfer-encoding", "connection", "date"}
    ]
    given = {name.lower() for name, _ in headers}
    headers += [(name, value) for name, value in _SAFE if name not in given]
    body = response.body
    length = len(body) if isinstance(body, bytes) else getattr(body, "length", None)
    if response.status not in {204, 304} and response.status >= 200 and length is not None:
        headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if head or response.status in {204, 304}:
        body = b""
    if not isinstance(body, bytes):
        for piece in body:
            await send({"type": "http.response.body", "body": bytes(piece), "more_body": True})
        body = b""
    await send({"type": "http.response.body", "body": body})


def _split(text: str) -> bool:
    """Whether a header's value holds what would split the response, or makes the server below close the connection and answer nothing."""
    return _CONTROL.search(text) is not None
