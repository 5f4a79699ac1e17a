"""The contract between those who answer HTTP requests (rest, soap, management) and the server that brings them.

The adapters know no server and the server knows no adapters: a request comes in, a response goes out later, from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mmap import mmap


@dataclass(slots=True)
class HttpRequest:
    """A request whose body has been read whole, within the handler's limit. Header names are lower case; repeated ones stay repeated."""

    method: str
    path: str
    """Decoded path, as matched."""
    query: str
    """Raw query string, without the question mark."""
    headers: Sequence[tuple[str, str]]
    body: bytes
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    scheme: str = "http"
    host: str = ""
    """Host and port as the client named them."""
    client: str = ""
    template: str = ""
    """The path template that matched."""
    spooled: mmap | None = None
    """The body in a file, in the place of ``body``, where the handler asked for that."""

    def header(self, name: str) -> str | None:
        """The first header of that (lower case) name."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(slots=True)
class HttpResponse:
    """Status, headers and body of an answer.

    The server adds length and date, and leaves out headers whose name HTTP cannot have or whose value has control characters.
    """

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | Iterable[bytes | memoryview] = b""
    """What is not bytes is sent as it comes, piece by piece; a piece should be there without waiting (memory, a local file)."""


Respond = Callable[[HttpResponse], None]
"""Call once, from any thread. Later calls are ignored."""
HttpHandler = Callable[[HttpRequest, Respond], None]
"""Called on a worker thread, may block; a handler that raises is answered with 500 and an error id."""


class Mounted(Protocol):
    """A registered path."""

    def remove(self) -> None:
        """Take the path away; requests under way finish. Idempotent."""


class HttpHost(Protocol):
    """Paths and their handlers, for one worker process."""

    def mount(
        self,
        methods: Sequence[str],
        path: str,
        handler: HttpHandler,
        *,
        max_body: int = 10 * 1024 * 1024,
        prefix: bool = False,
        owner: str = "",
        spool: int | None = None,
    ) -> Mounted:
        """Register a path template (``/customers/{id}``). Empty ``methods`` means all. ``prefix`` also matches everything below.

        ``spool``: from how many bytes on a body is put into a file. Raises ReferenceFault naming the other owner if method and path are taken.
        """

    @property
    def base_url(self) -> str:
        """Where the server listens, for documents that must name it (``?wsdl``); requests' own host goes first."""
