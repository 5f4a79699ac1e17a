"""``saga``: steps that are undone when a later one fails (Camel's Saga EIP)."""

from __future__ import annotations

import logging
import re
from typing import Any, Final

from esb.eip._blocks import inside
from esb.eip._repositories import state_folder
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.expression import Expression
from esb.fields import Kind, Spec, field
from esb.javanames import CamelExchangeException
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.stores.coordinator import HEADER, Actions, SagaService, Send

_log = logging.getLogger("esb.route")
_NOT_PART: Final = "Exchange is not part of a saga"
_JOINING: Final = "Route cannot handle exchanges that are joining a saga"


class SagaActionSpec(Spec):
    """An endpoint that completes or compensates."""

    name = "compensation"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    disabled = field(Kind.BOOL, False, doc="Accepted without effect.")
    uri = field(
        Kind.URI, scalar=True, doc="The endpoint; it gets a message without body, with the saga's options as headers."
    )
    parameters = field(Kind.MAP, None)


class SagaOptionSpec(Spec):
    """A value that is evaluated when the step begins, and is a header for its actions."""

    name = "option"
    key = field(Kind.TEXT, aliases=("optionName",), doc="Name of the header.", example="orderId")
    expression = field(Kind.EXPRESSION, inline=True, doc="Its value.", example='simple: "${body[id]}"')


class SagaSpec(StepSpec):
    """Run the route as a saga: when it fails, the compensation of every step that took part is called, the last one's first; otherwise completions.

    The saga is of the whole route: the route's other steps are its first ones. Routes that it calls take part with a ``saga`` of their own. The
    coordinator is in memory unless ``sagaService`` names a durable one (a bean of type ``esb.stores.coordinator:SqliteSagaService``), whose sagas
    are undone after a crash too.
    """

    name = "saga"
    saga_service = field(Kind.REF, None, doc="The coordinator, a bean.", example="orders-saga")
    propagation = field(
        Kind.TEXT,
        "REQUIRED",
        enum=("REQUIRED", "REQUIRES_NEW", "MANDATORY", "SUPPORTS", "NOT_SUPPORTED", "NEVER"),
        doc="Whether to join the saga that a message belongs to, or to begin one.",
    )
    completion_mode = field(
        Kind.TEXT,
        "AUTO",
        enum=("AUTO", "MANUAL"),
        doc="Whether the saga ends with the route, or by saga:complete and saga:compensate.",
    )
    timeout = field(Kind.DURATION, None, doc="The saga is undone when it has not ended by then.", example="5m")
    compensation = field(
        Kind.SPEC, None, spec=SagaActionSpec, doc="What undoes this route's work.", example="direct:cancel"
    )
    completion = field(Kind.SPEC, None, spec=SagaActionSpec, doc="What is done when the saga has ended well.")
    option = field(Kind.SPECS, (), spec=SagaOptionSpec, doc="Headers for both.", aliases=("options",))
    steps = field(Kind.STEPS, (), doc="The steps.")

    def build(self, builder: Builder) -> Step:
        component: Any = builder.context.component("saga")
        service = component.usual if not self.saga_service else builder.reference(self.saga_service, self.at)
        if not isinstance(service, SagaService):
            raise OptionError(
                f"{self.saga_service!r} is no saga service",
                self.at,
                "use a bean of type esb.stores.coordinator:SqliteSagaService",
            )
        component.use(service)
        name = f"{builder.route_id}/{self.id}"
        if service.log.durable and re.fullmatch(r"saga\d*", self.id or "saga"):
            _log.warning(
                "%s: a durable saga needs an id, by which it is found again after a crash",
                self.at,
                extra={"at": self.at},
            )
        service.register(name, Actions(_sender(builder, self.compensation), _sender(builder, self.completion)))
        program = inside(builder, self.name, self.steps, self.at, tail=False)
        context = builder.context
        builder.on_start(lambda: service.open(context, state_folder(context)))
        builder.on_stop(service.close)
        return _RUN[self.propagation](_Saga(builder, self, service, name, program))

    def sentence(self) -> str:
        return f"run {len(self.steps)} steps as a saga ({self.propagation}, {self.completion_mode})"


def _sender(builder: Builder, spec: SagaActionSpec | None) -> Send | None:
    return builder.producer(spec.uri, spec.parameters, spec.at).send if spec is not None else None


class _Saga:
    """One saga step, compiled."""

    def __init__(self, builder: Builder, spec: SagaSpec, service: SagaService, name: str, program: Step) -> None:
        self.run = program
        self._service = service
        self._name = name
        self._automatic = spec.completion_mode == "AUTO"
        self._timeout: float | None = spec.timeout
        self._options: list[tuple[str, Expression]] = [
            (option.key, builder.expression(option.expression)) for option in spec.option
        ]

    def current(self, exchange: Exchange) -> str | None:
        """The saga that the message belongs to; an id that nobody knows is none."""
        saga = exchange.message.headers.get(HEADER)
        return saga if isinstance(saga, str) and self._service.knows(saga) else None

    def join(self, exchange: Exchange, saga: str) -> None:
        """Take part in a saga, which somebody else ends."""
        self._enlist(exchange, saga)
        self.run(exchange)

    def lead(self, exchange: Exchange, outer: str | None) -> None:
        """Begin a saga, and end it with the steps unless it is ended by hand."""
        saga = self._service.begin(automatic=self._automatic)
        exchange.message.headers[HEADER] = saga
        if not self._automatic:
            self._enlist(exchange, saga)
            self.run(exchange)
            return
        try:
            self._enlist(exchange, saga)
            self.run(exchange)
        except Exception:
            self._service.compensate(saga)
            raise
        else:
            self._service.complete(saga)
        finally:
            restore(exchange, outer)

    def _enlist(self, exchange: Exchange, saga: str) -> None:
        values = {key: value for key, expression in self._options if (value := expression(exchange)) is not None}
        self._service.enlist(saga, self._name, values, self._timeout)


def restore(exchange: Exchange, saga: str | None) -> None:
    """Let the message belong to a saga again, or to none."""
    if saga is None:
        exchange.message.headers.pop(HEADER)
    else:
        exchange.message.headers[HEADER] = saga


def _required(saga: _Saga) -> Step:
    def required(exchange: Exchange) -> None:
        joined = saga.current(exchange)
        if joined is None:
            saga.lead(exchange, None)
        else:
            saga.join(exchange, joined)

    return required


def _requires_new(saga: _Saga) -> Step:
    def requires_new(exchange: Exchange) -> None:
        saga.lead(exchange, saga.current(exchange))

    return requires_new


def _mandatory(saga: _Saga) -> Step:
    def mandatory(exchange: Exchange) -> None:
        joined = saga.current(exchange)
        if joined is None:
            raise CamelExchangeException(_NOT_PART)
        saga.join(exchange, joined)

    return mandatory


def _supports(saga: _Saga) -> Step:
    def supports(exchange: Exchange) -> None:
        joined = saga.current(exchange)
        if joined is None:
            saga.run(exchange)
        else:
            saga.join(exchange, joined)

    return supports


def _not_supported(saga: _Saga) -> Step:
    def not_supported(exchange: Exchange) -> None:
        outer = saga.current(exchange)
        if outer is None:
            saga.run(exchange)
            return
        restore(exchange, None)
        try:
            saga.run(exchange)
        finally:
            restore(exchange, outer)

    return not_supported


def _never(saga: _Saga) -> Step:
    def never(exchange: Exchange) -> None:
        if saga.current(exchange) is not None:
            raise CamelExchangeException(_JOINING)
        saga.run(exchange)

    return never


_RUN: Final = {
    "REQUIRED": _required,
    "REQUIRES_NEW": _requires_new,
    "MANDATORY": _mandatory,
    "SUPPORTS": _supports,
    "NOT_SUPPORTED": _not_supported,
    "NEVER": _never,
}
