"""wireTap: a copy of the message goes elsewhere, on its own (Camel's Wire Tap EIP)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from esb.coerce import text
from esb.eip._names import has_functions, simple
from esb.eip._processors import processor
from esb.eip._quoting import quoted, written_scheme
from esb.eip._recipients import Recipient, checked, resolver
from esb.eip._sending import TO_ENDPOINT, with_parameters
from esb.errors import ConfigError, OptionError
from esb.exchange import IN_ONLY, IN_OUT, Exchange, current
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.unit import UnitOfWork
from esb.variables import variable

_log = logging.getLogger("esb.route")
_Target = Callable[[], Recipient | None]
_TARGET: Final = "esb.tapped"
"""Property under which a copy finds where it goes."""
_WAITING: Final = 1000
"""Copies that may wait for a thread; beyond them the sender runs its own: nothing is dropped, and memory is bounded (Camel's CallerRuns)."""


class WireTapSpec(StepSpec):
    """Sends a copy of the message to an endpoint in the background and goes on at once; what becomes of the copy does not concern the message.

    The copy is taken now, in headers and properties; the body object is shared (``onPrepare`` may copy it). Its delivery is its own: the
    message may be acknowledged before the copy has arrived.
    """

    name = "wireTap"
    uri = field(Kind.URI, doc="The endpoint, in simple.", example="bus:audit.${header.country}")
    parameters = field(Kind.MAP, None, doc="Its options, instead of writing them into the URI.")
    dynamic_uri = field(
        Kind.BOOL, True, doc="Whether the URI is an expression of simple; otherwise it is taken as it is."
    )
    copy = field(Kind.BOOL, True, doc="Whether the tap gets the message; otherwise an empty one.")
    on_prepare = field(Kind.REF, None, doc="A processor called with the copy before it is sent.")
    pattern = field(
        Kind.TEXT, None, enum=(IN_ONLY, IN_OUT), doc="Accepted for Camel's sake: a tap never waits for a reply."
    )
    variable_send = field(Kind.TEXT, None, doc="Send this variable's value as the body.")
    variable_receive = field(Kind.TEXT, None, doc="Accepted for Camel's sake: a tap receives nothing.")
    cache_size = field(Kind.INT, 0, doc="How many dynamic endpoints are kept ready; 0 means 1000.")
    ignore_invalid_endpoint = field(Kind.BOOL, False, doc="Do not tap where the URI is not that of an endpoint.")
    allow_optimised_components = field(Kind.BOOL, True, doc="Accepted without effect: producers are kept by URI.")
    auto_start_components = field(Kind.BOOL, True, doc="Accepted without effect: components start with the bus.")
    executor_service = field(Kind.REF, None, doc="Accepted without effect: taps run on the bus's shared threads.")

    def build(self, builder: Builder) -> Step:
        if not self.uri or not self.uri.strip():
            raise OptionError("'wireTap' needs a URI", self.at, "write scheme:path, such as bus:audit")
        find = self._find(builder)
        prepare = processor(builder, self.on_prepare, self.at) if self.on_prepare else None
        source = variable(self.variable_send, builder.context) if self.variable_send else None
        copies: bool = self.copy
        taps = _Taps(builder, builder.program([_SendCopy(self.at)]))

        def tap(exchange: Exchange) -> None:
            copy = exchange.derive(pattern=IN_ONLY) if copies else _empty(exchange)
            copy.properties[_TARGET] = find(copy)
            if source is not None:
                copy.message.body = source.get(exchange)
            if prepare is not None:
                prepare(copy)
            if copy.original is not None:
                copy.original = copy.message.copy()
            taps.send(copy)

        return tap

    def _find(self, builder: Builder) -> Callable[[Exchange], _Target]:
        """What tells where a copy goes; an endpoint that is named by the message is made on the tap's thread, as it may fail."""
        if not self.dynamic_uri or not has_functions(self.uri):
            producer = builder.producer(self.uri, self.parameters, self.at)
            known = Recipient(producer, builder.endpoint(self.uri, self.parameters, self.at).uri, None)
            return lambda _copy: lambda: known
        written = with_parameters(self.uri, self.parameters)
        # As in toD: with the scheme written here, all else that a message brings is data.
        evaluate = quoted(builder, [written], self.at) if written_scheme(written) else simple(builder, written, self.at)
        resolve = resolver(builder, self.uri, cache_size=self.cache_size, at=self.at)
        ignore: bool = self.ignore_invalid_endpoint

        def find(copy: Exchange) -> _Target:
            uri = (text(evaluate(copy)) or "").strip()

            def target() -> Recipient | None:
                try:
                    return resolve(checked(uri))
                except ConfigError:
                    if not ignore:
                        raise
                    return None

            return target

        return find

    def sentence(self) -> str:
        return f"send a copy to {self.uri}, without waiting"


def _empty(exchange: Exchange) -> Exchange:
    made = Exchange(pattern=IN_ONLY)
    made.from_route, made.from_endpoint, made.route = exchange.from_route, exchange.from_endpoint, exchange.route
    return made


class _SendCopy(StepSpec):
    """Sends a copy, on the tap's thread. A step of its own, as the route's error handler is around it."""

    def build(self, builder: Builder) -> Step:
        def send(exchange: Exchange) -> None:
            recipient = exchange.properties[_TARGET]()
            if recipient is not None:
                exchange.properties[TO_ENDPOINT] = recipient.uri
                recipient.producer.send(exchange)

        return send

    def sentence(self) -> str:
        return "send the copy"


class _Taps:
    """Copies under way. Thread-safe."""

    def __init__(self, builder: Builder, send: Step) -> None:
        self._send = send
        self._background = builder.background
        self._route = builder.route_id
        self._count = 0
        self._changed = threading.Condition()
        builder.on_stop(self._stop)

    def send(self, copy: Exchange) -> None:
        """Send a copy in the background; never raises."""
        with self._changed:
            full = self._count >= _WAITING
            self._count += 1
        if full:
            self._run(copy)
        else:
            self._background(lambda: self._run(copy))

    def _run(self, copy: Exchange) -> None:
        unit = copy.unit = UnitOfWork(lambda unit: self._settled(copy, unit))
        before, current.exchange = current.exchange, copy
        error: Exception | None = None
        try:
            self._send(copy)
        except Exception as failure:
            error = failure
        finally:
            current.exchange = before
        unit.release(error)

    def _settled(self, copy: Exchange, unit: UnitOfWork) -> None:
        if unit.error is not None:
            where = copy.properties.get(TO_ENDPOINT, "its endpoint")
            _log.warning("%s: the tap to %s failed: %s", self._route, where, unit.error)
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def _stop(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._count, 30.0)
