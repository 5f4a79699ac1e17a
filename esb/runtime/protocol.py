"""HTTP/1.1 on one connection: uvicorn's protocol with the bounds that it leaves to a proxy in front."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS: Final = 20.0
"""From connecting, or from a request's first byte, to the end of its headers: slow clients must not keep sockets for ever."""
FAREWELL_SECONDS: Final = 2.0
"""How long a worker that ends waits for the request of a connection that it has accepted already."""
HEAD_BYTES: Final = 64 * 1024
"""Request line and headers together, beyond what came with the first packet."""
_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 26\r\nconnection: close\r\n\r\nthe headers are too large\n"
)


_UPGRADE: Final = re.compile(rb"\r\nupgrade[ \t]*:", re.IGNORECASE)


class Protocol(HttpToolsProtocol):
    """As uvicorn's, but a request's head is bounded in time and size, and an offer to speak HTTP/2 is not taken for the end of the request.

    Java's own client makes that offer with its first requests (RFC 7540 section 3.2). A server may ignore it (RFC 9110 section 7.8), but the parser
    below would hand over a request without its body.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._in_head = True
        self._in_body = False
        self._begun = False
        self._head = 0
        self._leaving = False
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._seen()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data if self._in_body else _without_upgrade(data))
        if not self._in_head:
            return
        if self._begun:  # an earlier request's body may have come with it
            self._begun = False
            return
        self._head += len(data)
        if self._head > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        self._in_head = self._begun = True
        self._head = 0
        self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._in_body = True
        self._seen()
        super().on_headers_complete()
        if self._leaving:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def shutdown(self) -> None:
        """End after the answer that is due; a connection that waits between two requests is closed.

        Who has connected but not asked yet, or is just asking, still gets his answer: with him uvicorn would break off, and a reload
        would be seen by its clients.
        """
        if not self._in_head:
            super().shutdown()
            return
        self._leaving = True
        self.loop.call_later(FAREWELL_SECONDS, self._say_farewell)

    def _say_farewell(self) -> None:
        if self._in_head and not self.transport.is_closing():
            self.transport.close()

    def _wait(self) -> None:
        self._seen()
        self._patience = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _seen(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _too_slow(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait()  # an earlier request on this connection is still being answered
        else:
            self.transport.close()


def _without_upgrade(data: bytes) -> bytes:
    """The beginning of a request with its offer under another name."""
    head, end, rest = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"\r\nx-upgrade:", head) + end + rest if b"pgrade" in head or b"PGRADE" in head else data
