"""``kamelet:name?parameter=value``: a route template used as an endpoint (Camel's Kamelet component).

As a sink or an action the template's route starts ``from: kamelet:source`` and runs in the caller's thread, on the caller's exchange; as a source
it ends in ``to: kamelet:sink``, which runs the route that consumes from the kamelet. Each URI is one route, made while the caller is compiled.

Parameters become text of that route. Where a message brings them (``toD``), they are letters, digits, blanks and ``. : / @ + - ~``, without a part
``..``, and anything else fails the message: it could be an expression, a placeholder or an option. In an expression of the template such a
parameter stands between quotes: bare, ``1 or 1`` has a meaning. Better the template reads data where they are, in ``${header.name}``: it has
the caller's exchange.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from esb.component import PASSED, Component, Consumer, Context, Deliver, Endpoint, Producer
from esb.errors import ConfigError, NoConsumer, OptionError, ReferenceFault, ValidationFailed
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step

ENDS: Final = frozenset({"source", "sink"})
_MOST: Final = 1000
"""Routes that kamelets may become: messages can name them, and must not fill the memory."""
_DATA: Final = re.compile(r"[\w .:/@+~-]*")
"""What means nothing in a URI, in a placeholder or between the quotes of an expression, wherever a template puts it."""


class KameletEndpoint(Endpoint):
    """Options of ``kamelet:``; any other parameter is one of the template's."""

    component: KameletComponent
    lenient: ClassVar[bool] = True

    name = field(
        Kind.TEXT,
        path=True,
        aliases=("templateId",),
        doc="Id of the template, then perhaps / and the id of its route.",
        example="mask/mask-orders",
    )
    route_id = field(Kind.TEXT, None, doc="Id of the template's route.")
    location = field(Kind.TEXT, None, doc="Accepted: kamelets are in the documents and in the folder kamelets.")
    no_error_handler = field(
        Kind.BOOL, True, doc="Whether the template's route has no error handler, so that failures go to the caller's."
    )
    block = field(Kind.BOOL, True, doc="Whether a sender waits for a kamelet that is not started (yet).")
    timeout = field(Kind.DURATION, 30.0, doc="How long a sender waits when it blocks.")
    fail_if_no_consumers = field(Kind.BOOL, True, doc="Whether a send to a kamelet that is not there is an error.")

    def prepare(self) -> None:
        template, _, given = self.name.partition("/")
        if template in ENDS:
            if not self.route_id:
                raise OptionError(
                    f"kamelet:{template} stands outside of a template",
                    self.at,
                    "use it in the route of a routeTemplate",
                )
            return
        self.route_id = self.component.claim(self, template, given or self.route_id)

    @property
    def end(self) -> str:
        """``source`` or ``sink`` inside a template, otherwise empty."""
        return self.name if self.name in ENDS else ""

    def producer(self) -> Producer:
        if self.end == "source":
            raise OptionError("kamelet:source cannot be sent to", self.at, "send to kamelet:sink")
        return SinkProducer(self) if self.end else KameletProducer(self)

    def consumer(self, deliver: Deliver) -> KameletConsumer:
        if self.end == "sink":
            raise OptionError("kamelet:sink cannot be consumed from", self.at, "begin the template with kamelet:source")
        return KameletConsumer(self)


class Line:
    """What may run at the two ends of one kamelet's route. Changed while routes start and stop, read by senders without a lock."""

    def __init__(self) -> None:
        self.source: Step | None = None
        """Runs the kamelet's own route."""
        self.sink: Step | None = None
        """Runs the route that consumes from the kamelet."""
        self.block: Step | None = None
        """The steps below a ``kamelet`` step."""


class KameletComponent(Component):
    """Knows the lines. Thread-safe."""

    schemes = ("kamelet",)
    endpoint_class = KameletEndpoint

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._lines: dict[str, Line] = {}
        self._made: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self.changed = threading.Condition()

    def line(self, route_id: str) -> Line:
        """The line of a kamelet's route."""
        with self.changed:
            return self._lines.setdefault(route_id, Line())

    def claim(self, endpoint: KameletEndpoint, template: str, route_id: str | None) -> str:
        """The id of the route behind an endpoint, which is made unless it is there. Raises ConfigError if it cannot be.

        Raises ValidationFailed for what a message may not bring.
        """
        key = f"{endpoint.name}?{sorted(endpoint.extra.items())}{endpoint.route_id}{endpoint.no_error_handler}"
        with self.changed:
            known = self._made.get(key)
            if known is not None:
                return known
            if self.context.running:  # what is loaded with the routes is their author's, whatever it holds
                _check(template, {"routeId": route_id or "", **endpoint.extra})
            if len(self._made) >= _MOST:
                raise ReferenceFault(
                    f"more than {_MOST} kamelets are in use: {endpoint.uri} is one too many",
                    endpoint.at,
                    "do not put what messages bring into a kamelet's parameters: each value makes a route",
                )
            made = self._made[key] = route_id or f"{template}-{next(self._numbers)}"
        try:
            self.context.from_template(
                template, made, endpoint.extra, endpoint.at, error_handler=not endpoint.no_error_handler
            )
        except ConfigError:
            with self.changed:  # the next message is told the same, and does not wait for a route that never comes
                self._made.pop(key, None)
            raise
        return made

    def unique(self, template: str) -> str:
        """An id for the route of a kamelet that is used in one place only."""
        return f"{template}-{next(self._numbers)}"


def _check(template: str, values: Mapping[str, str]) -> None:
    """Raises ValidationFailed for a value that would be more than data in the text of a route."""
    for name, value in values.items():
        if not _DATA.fullmatch(value):
            wrong = "it holds more than letters, digits, blanks and . : / @ + - ~"
        elif {".", ".."} & set(re.split("[/:]", value)):
            wrong = "it climbs out of its path"
        else:
            continue
        raise ValidationFailed(
            f"the value of {name} cannot be a parameter of the kamelet {template!r}, where it becomes text of a route: {wrong}; "
            "leave it in a header, and let the template read ${header.name}; a value of the route's own goes with a 'to' that names the kamelet",
            [{"path": name, "message": wrong}],
        )


class KameletProducer(Producer):
    """Runs the kamelet's route in the calling thread. Thread-safe."""

    def __init__(self, endpoint: KameletEndpoint) -> None:
        self._endpoint = endpoint
        assert endpoint.route_id is not None
        self._line = endpoint.component.line(endpoint.route_id)

    def send(self, exchange: Exchange) -> None:
        """Run the route. Raises what it did not handle."""
        run = self._line.source or self._awaited()
        if run is None:
            return
        caller, exchange.from_route = exchange.from_route, self._endpoint.route_id or ""
        try:
            run(exchange)
        except Exception as error:
            exchange.properties[PASSED] = error
            raise
        finally:
            exchange.from_route = caller

    def _awaited(self) -> Step | None:
        return awaited(self._endpoint, lambda: self._line.source)


class SinkProducer(Producer):
    """Goes on behind the kamelet: with the route that consumes from it, or the steps of the block that called it."""

    def __init__(self, endpoint: KameletEndpoint) -> None:
        assert endpoint.route_id is not None
        self._endpoint = endpoint
        self._line = endpoint.component.line(endpoint.route_id)

    def send(self, exchange: Exchange) -> None:
        """Run what follows. A called kamelet without steps of its own goes on where it was called."""
        line = self._line
        run = line.sink or line.block
        if run is None and line.source is None:
            run = awaited(self._endpoint, lambda: line.sink)
        if run is not None:
            run(exchange)


def awaited(endpoint: KameletEndpoint, found: Callable[[], Step | None]) -> Step | None:
    """What an end leads to as soon as its route is started. Raises NoConsumer after the endpoint's timeout."""
    changed = endpoint.component.changed
    with changed:
        changed.wait_for(lambda: found() is not None, max(endpoint.timeout, 0.0) if endpoint.block else 0.0)
    run = found()
    if run is None and endpoint.fail_if_no_consumers:
        raise NoConsumer(
            f"no route is running behind {endpoint.uri}: start the route {endpoint.route_id!r}, or the one that consumes from it"
        )
    return run


class KameletConsumer(Consumer):
    """The end where a route begins: the kamelet's own (``kamelet:source``), or one that consumes from a kamelet."""

    wants_process: ClassVar[bool] = True
    process: Step

    def __init__(self, endpoint: KameletEndpoint) -> None:
        self.endpoint = endpoint

    def start(self) -> None:
        """Take messages. Raises OptionError if another route does at this end."""
        self._put(self.process if self.endpoint.end else self._received)

    def stop(self, drain: float = 30.0) -> None:
        """Take no more."""
        self._put(None)

    def _received(self, exchange: Exchange) -> None:
        # For this route the message comes from the kamelet, not from inside it.
        assert self.endpoint.route_id is not None
        exchange.from_route = ""
        self.process(exchange)

    def _put(self, step: Step | None) -> None:
        component = self.endpoint.component
        line = component.line(self.endpoint.route_id or "")
        end = "source" if self.endpoint.end else "sink"
        with component.changed:
            if step is not None and getattr(line, end) is not None:
                raise OptionError(
                    f"{self.endpoint.uri} has two consumers",
                    self.endpoint.at,
                    "give one of them another route id: kamelet:name/id",
                )
            setattr(line, end, step)
            component.changed.notify_all()
