"""Components, endpoints and their two ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, runtime_checkable

from esb.errors import NOWHERE, OptionError, Position
from esb.exchange import Exchange
from esb.fields import Kind, Spec, field

if TYPE_CHECKING:
    from esb.expression import LanguageSpec
    from esb.httphost import HttpHost

Deliver = Callable[[Sequence[Exchange]], None]
"""Gives exchanges to the route: runs them in the calling thread and releases each one's unit (if it has one) with the outcome.

Never raises for a message: the outcome is in ``exchange.error`` and in the unit.
"""


PASSED: Final = "esb.passed"
"""Property: a failure that came out of a kamelet. The error handlers it meets on its way only send it to a dead letter endpoint, as in Camel."""


class Timer(Protocol):
    """A call that was put off."""

    def cancel(self) -> None:
        """Do not call any more; no effect if it already runs. Idempotent."""


class Context(Protocol):
    """What the parts of a bus may ask of the one they live in (one a process). Thread-safe."""

    name: str
    variables: dict[str, Any]
    """Global variables."""
    stopping: threading.Event
    """Set when the bus begins to stop."""

    @property
    def running(self) -> bool:
        """Whether the routes run and the calling thread loads none: an endpoint that is asked for now is named by a message."""

    def resolve(self, text: str, at: Position = NOWHERE) -> str:
        """Replace the ``{{placeholders}}``. Raises ReferenceFault."""

    def lookup(self, kind: str, name: str) -> Any:
        """A registered thing by kind (``bean``, ``strategy``, ``language``, ``dataformat``, ``component``). Raises UnknownName."""

    def bind(self, kind: str, name: str, value: Any) -> None:
        """Register a thing for this context only."""

    def language(self, name: str) -> type[LanguageSpec]:
        """A language by name. Raises UnknownName."""

    def component(self, scheme: str) -> Component:
        """The one component that serves a scheme here, made on first use. Raises UnknownName."""

    def endpoint(
        self, uri: str, parameters: Mapping[str, Any] | None = None, at: Position = NOWHERE, *, keep: bool = True
    ) -> Endpoint:
        """The endpoint of a URI; the same object for the same URI and parameters. Raises ConfigError.

        ``keep`` False is for URIs that messages bring: such an endpoint is not remembered, so that data cannot fill the memory.
        """

    def background(self, call: Callable[[], None]) -> None:
        """Run on the shared threads. Failures are logged."""

    def later(self, delay: float, call: Callable[[], None]) -> Timer:
        """Run on the shared threads after ``delay`` seconds of the monotonic clock."""

    def service(self, name: str) -> Any:
        """A service of the running bus: ``broker``, ``http``, ``datatypes``, ``mappings``, ``lease``, ``metrics``, ``state``; made on first use.

        Raises ReferenceFault if this bus has none (a unit test without a web server, say).
        """

    def when_exclusive(self, start: Callable[[], None], stop: Callable[[], None]) -> Callable[[], None]:
        """Call ``start`` once this process is the one that runs exclusive sources (at once if it is), and ``stop`` if it is no more.

        That may go on and on; returns a call that forgets both.
        """

    def route_control(self, action: str, route_id: str) -> str:
        """Start, stop, suspend, resume or tell the status of a route (controlbus)."""

    def from_template(
        self, template: str, route_id: str, parameters: Mapping[str, str], at: Position, *, error_handler: bool
    ) -> None:
        """Make a route of a template (kamelet). While routes are loaded it is made after them, with its findings; otherwise now.

        ``error_handler`` False leaves its failures to whoever calls it. Raises ConfigError.
        """

    @property
    def http(self) -> HttpHost:
        """The web server's paths. Raises ReferenceFault if there is none."""

    def path(self, text: str) -> Path:
        """A file of the project: relative paths are below the project's folder."""


class Component:
    """Serves one or more schemes; owns what its endpoints share. One a context. No I/O in the constructor.

    A module of ``esb.components`` or ``adapters`` holds one (or one for each scheme); it is found by the scheme's name.
    """

    schemes: ClassVar[tuple[str, ...]] = ()
    endpoint_class: ClassVar[type[Endpoint]]

    def __init__(self, context: Context) -> None:
        self.context = context

    def start(self) -> None:
        """Called once before the first route starts."""

    def stop(self) -> None:
        """Called once after the last route stopped. Idempotent."""

    def connections(self) -> Mapping[str, str]:
        """The lasting connections it holds, for ``esb status``: to whom (without login) → ``connected``, or what is in the way. Thread-safe."""
        return {}


class Endpoint(Spec):
    """A URI with typed options: fields marked ``path`` come from the path, all others from the parameters.

    The attributes below are set before :meth:`prepare` is called. ``uri`` is without secrets, for logs and headers; ``path`` is decoded;
    ``raw_path`` and ``query`` stand as written, for schemes that speak to a host.
    """

    scheme: str
    uri: str
    path: str
    raw_path: str
    query: str
    component: Any
    context: Context

    exchange_pattern = field(
        Kind.TEXT, None, enum=("InOnly", "InOut"), doc="Pattern of the exchange for this call, if not the route's."
    )
    # Options that Camel gives to every endpoint: route files carry them, so every endpoint takes them.
    bridge_error_handler = field(
        Kind.BOOL, False, doc="Accepted: what a consumer cannot read goes to the log and to the metrics."
    )
    exception_handler = field(Kind.REF, None, doc="Java only, accepted without effect.")
    lazy_start_producer = field(Kind.BOOL, False, doc="Accepted: producers connect in the background in any case.")
    browse_limit = field(Kind.INT, 100, doc="Accepted without effect.")

    def prepare(self) -> None:
        """Check options against each other. No I/O. Raises OptionError at ``self.at``."""

    def producer(self) -> Producer:
        """The end that sends. Raises OptionError if this endpoint cannot be sent to."""
        raise OptionError(f"{self.scheme}: cannot be sent to, only consumed from", self.at)

    def consumer(self, deliver: Deliver) -> Consumer:
        """The end that receives. Raises OptionError if this endpoint cannot be consumed from."""
        raise OptionError(f"{self.scheme}: cannot be consumed from, only sent to", self.at)

    def poll(self, timeout: float | None) -> Exchange | None:
        """Take one message for pollEnrich: waits ``timeout`` seconds (None for ever, 0 not at all); None if there was none.

        The exchange's unit, where it has one, is released by the caller with the outcome of the whole exchange.
        Raises OptionError if this endpoint cannot be polled.
        """
        raise OptionError(f"{self.scheme}: cannot be polled", self.at)


class Producer:
    """Sends exchanges to an endpoint. Thread-safe unless it says otherwise."""

    def send(self, exchange: Exchange) -> None:
        """Send and wait for the effect: durable, written, answered. A reply becomes the exchange's message. Raises TransportError and others."""
        raise NotImplementedError

    def start(self) -> None:
        """Called once before the first send."""

    def stop(self) -> None:
        """Called once after the last send. Idempotent."""


@runtime_checkable
class PipelinedProducer(Protocol):
    """A producer that need not wait: many sends may be under way at once."""

    def send_pipelined(self, exchange: Exchange, done: Callable[[Exception | None], None]) -> None:
        """Hand the message over and return; ``done`` is called once, from any thread, with the failure or None. Blocks only as back-pressure.

        The exchange must not be read after the return.
        """


class Consumer:
    """Receives from an endpoint and delivers to a route. Owns its threads."""

    exclusive: ClassVar[bool] = False
    """Whether only one worker of the project may run it (timer, cron, file): it starts in the process that holds the lease."""

    def start(self) -> None:
        """Begin to deliver. Returns at once; what is absent is waited for in the background."""
        raise NotImplementedError

    def stop(self, drain: float = 30.0) -> None:
        """Take nothing new, wait up to ``drain`` seconds for what is in hand, give the rest back. Idempotent."""
        raise NotImplementedError

    def suspend(self) -> None:
        """Take nothing new until :meth:`resume`. By default as stop."""
        self.stop()

    def resume(self) -> None:
        """Undo :meth:`suspend`. By default as start."""
        self.start()
