"""The management port is for programs and people at this host, never for a page that somebody's browser shows.

A page of any site may send a form to an address of loopback, and with a name of its own that it lets point there (DNS rebinding) it may read
the answers too. The browser tells: by ``Origin`` or ``Sec-Fetch-Site`` where the page is another's, and by ``Host``, which is the page's own name.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from esb.runtime.web import Receive, Scope, Send

_CALLED: Final = {b"origin": "Origin", b"sec-fetch-site": "Sec-Fetch-Site"}
_HERE: Final = frozenset({b"none", b"same-origin"})
_HOST: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::[0-9]*)?")
Serve = Callable[[Scope, Receive, Send], Awaitable[None]]


def keep_pages_out(serve: Serve, bind: str) -> Serve:
    """No page in a browser may use the port.

    It answers 403, with the cause and the fix, to a request with ``Origin``, or with a ``Sec-Fetch-Site`` other than ``none`` and ``same-origin``;
    on loopback also to one whose ``Host`` is neither ``localhost``, nor an address of loopback, nor missing.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        why = of_a_page(scope["headers"], bind)
        if why is None:
            await serve(scope, receive, send)
            return
        error, hint = why
        body = json.dumps({"error": error, "hint": hint}).encode() + b"\n"
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return guarded


def of_a_page(headers: Iterable[tuple[bytes, bytes]], bind: str) -> tuple[str, str] | None:
    """Why a request is taken for one of a page, and what to do; None for all others. Names of headers are lower case.

    ``Host`` counts where the listener is on loopback only: elsewhere it has names that nobody here knows. None at all (HTTP/1.0) or an empty
    one comes from no browser.
    """
    here = _on_loopback(bind)
    for name, value in headers:
        if name == b"origin" or (name == b"sec-fetch-site" and value.strip().lower() not in _HERE):
            return (
                f"{_CALLED[name]} says that a page in a browser sent this, and pages may not use the management port",
                "ask with curl or another program, or type the address into the browser; a proxy in front must take Origin and Sec-Fetch-Site away",
            )
        if name == b"host" and here and not _is_this_host(value.decode("latin-1"), bind):
            return (
                "Host names another host, and the management port is on loopback: pages may come in so",
                f"ask as {bind} or localhost; a proxy in front must set Host so, and for other hosts 'management' in esb.yaml is another address",
            )
    return None


def _is_this_host(value: str, bind: str) -> bool:
    found = _HOST.fullmatch(value.strip())
    if found is None:
        return False
    host = found[1].rstrip(".").lower()
    return host in {"", "localhost", bind.rpartition(":")[0].lower()} or _is_loopback(host)


def _on_loopback(bind: str) -> bool:
    host = bind.rpartition(":")[0].lower()
    return not bind.startswith("unix:") and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
