"""The exchange: one message on its way through a route, with what the route remembers about it."""

from __future__ import annotations

import itertools
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from esb.unit import UnitOfWork

IN_ONLY: Final = "InOnly"
IN_OUT: Final = "InOut"

SENT: Final = "esb.sent"
"""Property: the exchange's id, and how many messages of it went to each channel; so that no two of them have one id."""

_MISSING: Final = object()
_holds = dict.__contains__
_put = dict.__setitem__


class Headers(dict[str, Any]):
    """Header name -> value. Names keep the spelling they came with; look-up ignores case.

    A look-up tries the name as written first, so that the usual case costs what a dict costs; the folded search is linear and happens
    on a miss only. Setting a header that exists under another spelling keeps the first spelling (as Camel does).
    Not thread-safe: a message belongs to one exchange, an exchange to one thread at a time.
    """

    __slots__ = ()

    def _spelling(self, name: str) -> str | None:
        # Names of another length differ, as in Java's comparison: most keys are passed over without folding them.
        folded, length = name.lower(), len(name)
        for key in self:
            if len(key) == length and key.lower() == folded:
                return key
        return None

    def __missing__(self, name: str) -> Any:
        key = self._spelling(name)
        if key is None:
            raise KeyError(name)
        return dict.__getitem__(self, key)

    def get(self, name: str, default: Any = None) -> Any:
        value = dict.get(self, name, _MISSING)
        if value is not _MISSING:
            return value
        key = self._spelling(name)
        return default if key is None else dict.__getitem__(self, key)

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or (isinstance(name, str) and self._spelling(name) is not None)

    def put(self, name: str, value: Any) -> None:
        """Set a header, as ``headers[name] = value`` does; a plain call costs Python half of what the operator does on a class."""
        if not _holds(self, name):
            # As _spelling does, written out: most messages get a header at some step.
            folded, length = name.lower(), len(name)
            for key in self:
                if len(key) == length and key.lower() == folded:
                    name = key
                    break
        _put(self, name, value)

    __setitem__ = put

    def __delitem__(self, name: str) -> None:
        if not dict.__contains__(self, name):
            name = self._spelling(name) or name
        dict.__delitem__(self, name)

    def pop(self, name: str, default: Any = None) -> Any:
        key = name if dict.__contains__(self, name) else self._spelling(name)
        return default if key is None else dict.pop(self, key)

    def update(self, other: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), /, **more: Any) -> None:  # type: ignore[override]  # narrower on purpose
        for name, value in dict(other, **more).items():
            self[name] = value

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return self.get(name)

    def copy(self) -> Headers:
        return Headers(self)


class Message:
    """Body, headers and attachments (name -> bytes or a readable source; None until the first one)."""

    __slots__ = ("attachments", "body", "headers")

    def __init__(self, body: Any = None, headers: Mapping[str, Any] | None = None) -> None:
        self.body = body
        self.headers = Headers(headers) if headers else Headers()
        self.attachments: dict[str, Any] | None = None

    def copy(self) -> Message:
        """A message with the same body object and a header map of its own."""
        twin = Message.__new__(Message)
        twin.body = self.body
        twin.headers = Headers(self.headers)
        twin.attachments = dict(self.attachments) if self.attachments else None
        return twin

    def restore(self, earlier: Message) -> None:
        """Become what ``earlier`` was, keeping ``earlier`` intact (redelivery starts from it again)."""
        self.body = earlier.body
        self.headers = Headers(earlier.headers)
        self.attachments = dict(earlier.attachments) if earlier.attachments else None


class Exchange:
    """One message with its properties, variables, pattern and outcome.

    ``error`` is the failure nobody handled. ``halted`` ends the running of steps: a ``stop``, a rollback, or an error that a handler took over;
    it crosses calls to other routes, as in Camel. ``handled`` tells the last of these from the others. ``exhausted`` says that an error handler
    has already had its say, so that no outer one acts again. ``waits`` counts callers that need the result when a call returns: only at zero
    may a final send be pipelined. ``guards`` counts steps that may take a failure over (doTry, a fallback, a handler's own): nothing outside
    learns of it then. ``original`` is the message as it came in, kept only where a route asks for it (useOriginalMessage). Control
    state lives here and in ``properties`` that only routes set, never in headers that input fills.
    """

    __slots__ = (
        "_id",
        "error",
        "exhausted",
        "from_endpoint",
        "from_route",
        "guards",
        "halted",
        "handled",
        "message",
        "original",
        "pattern",
        "properties",
        "route",
        "unit",
        "variables",
        "waits",
    )

    def __init__(self, body: Any = None, headers: Mapping[str, Any] | None = None, *, pattern: str = IN_ONLY) -> None:
        self.message = Message(body, headers)
        self.properties: dict[str, Any] = {}
        self.variables: dict[str, Any] = {}
        self.pattern = pattern
        self.error: BaseException | None = None
        self.halted = False
        self.handled = False
        self.exhausted = False
        self.waits = 0
        self.guards = 0
        self.original: Message | None = None
        self.unit: UnitOfWork | None = None
        self.from_route = ""
        self.from_endpoint = ""
        self.route = ""
        self._id: str | None = None

    @property
    def id(self) -> str:
        """Unique and stable; made when first asked for."""
        if self._id is None:
            self._id = new_id()
        return self._id

    @id.setter
    def id(self, value: str) -> None:
        self._id = value

    @property
    def body(self) -> Any:
        """The message's body."""
        return self.message.body

    @body.setter
    def body(self, value: Any) -> None:
        self.message.body = value

    @property
    def headers(self) -> Headers:
        """The message's headers."""
        return self.message.headers

    @property
    def caught(self) -> BaseException | None:
        """The failure that is being, or was last, handled (Camel: the property ``CamelExceptionCaught``)."""
        error = self.properties.get("CamelExceptionCaught")
        return error if isinstance(error, BaseException) else None

    def derive(self, *, pattern: str | None = None) -> Exchange:
        """A new exchange for a part or a copy: same body object, own header map, properties and variables; no unit, no outcome."""
        twin = Exchange.__new__(Exchange)
        twin.message = self.message.copy()
        twin.properties = dict(self.properties)
        twin.variables = dict(self.variables)
        twin.pattern = pattern or self.pattern
        twin.error = None
        twin.halted = False
        twin.handled = False
        twin.exhausted = False
        twin.waits = 0
        twin.guards = 0
        twin.original = self.original
        twin.unit = None
        twin.from_route = self.from_route
        twin.from_endpoint = self.from_endpoint
        twin.route = self.route
        twin._id = None  # noqa: SLF001 -- our own class
        return twin

    def __repr__(self) -> str:
        # No body and no header values: an exchange ends up in logs and tracebacks.
        return f"<Exchange {self.id} from {self.from_route or self.from_endpoint or '?'}>"


class _Current(threading.local):
    exchange: Exchange | None = None


current: Final = _Current()
"""The exchange that this thread is running, for log lines; set by routes."""

_counter = itertools.count()
_origin = ""


def _renew_origin() -> None:
    global _origin  # noqa: PLW0603 -- one per process: workers are forked and must never share ids
    random = os.urandom(5).hex().upper()
    _origin = f"{random[:3]}-{random[3:]}"


_renew_origin()
os.register_at_fork(after_in_child=_renew_origin)


def new_id() -> str:
    """A unique id that sorts by time, in the form of Camel's: 12 hex digits of milliseconds, 10 of the process, 9 of a counter. Thread-safe."""
    # Each part of a split gets one: this formatting takes two thirds of an f-string's time.
    return "%012X%s%09X" % (time.time_ns() // 1_000_000, _origin, next(_counter))  # noqa: UP031
