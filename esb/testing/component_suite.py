"""What every component keeps to, said once; :mod:`esb.component` is the contract.

Bind it by::

    TRIAL = Trial("seda", consumed="seda:in", sent="seda:out", provoke=lambda context: context.send("seda:in", Exchange("x")))

    @pytest.mark.parametrize("behaviour", behaviours(TRIAL), ids=lambda behaviour: behaviour.__name__)
    def test_seda_keeps_the_contract(behaviour, bus):
        behaviour(TRIAL, bus)

The context is new for each behaviour, and stopped after it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from esb.component import Consumer, Producer
from esb.context import RouteContext
from esb.errors import ConfigError
from esb.exchange import IN_ONLY, IN_OUT, Exchange

DEADLINE = 5.0
"""Seconds to wait for what must happen."""


@dataclass(frozen=True)
class Trial:
    """A component on trial: URIs to consume from and to send to (empty: it cannot), and what makes its consumer deliver one message."""

    scheme: str
    consumed: str = ""
    sent: str = ""
    provoke: Callable[[RouteContext], object] = lambda _context: None
    called: bool = False
    """Whether the consumer is called by senders in their own thread (direct), so that they get the failures."""


Behaviour = Callable[[Trial, RouteContext], None]
_ANY: list[Behaviour] = []
_CONSUMING: list[Behaviour] = []
_SENDING: list[Behaviour] = []


def behaviours(trial: Trial) -> list[Behaviour]:
    """What a component must do, given what it can."""
    return [*_ANY, *(_CONSUMING if trial.consumed else ()), *(_SENDING if trial.sent else ())]


def _any(behaviour: Behaviour) -> None:
    _ANY.append(behaviour)


def _consuming(behaviour: Behaviour) -> None:
    _CONSUMING.append(behaviour)


def _sending(behaviour: Behaviour) -> None:
    _SENDING.append(behaviour)


class _Route:
    """Stands for a compiled route: counts, fails if told to, and settles as a route does."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.exchanges: list[Exchange] = []
        self._changed = threading.Condition()

    def process(self, exchange: Exchange) -> None:
        with self._changed:
            self.exchanges.append(exchange)
            self._changed.notify_all()
        if self.failure is not None:
            raise self.failure

    def deliver(self, exchanges: Sequence[Exchange]) -> None:
        for exchange in exchanges:
            try:
                self.process(exchange)
            except Exception as error:
                exchange.error = error
            if exchange.unit is not None:
                exchange.unit.release(exchange.error)

    def wait(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.exchanges) >= count, DEADLINE)


def _consumer(trial: Trial, context: RouteContext, route: _Route) -> Consumer:
    made = context.endpoint(trial.consumed).consumer(route.deliver)
    if getattr(made, "wants_process", False):
        made.process = route.process  # type: ignore[attr-defined]  # as a route does it
    return made


def _producer(trial: Trial, context: RouteContext) -> Producer:
    return context.endpoint(trial.sent).producer()


@_any
def is_found_by_its_scheme(trial: Trial, context: RouteContext) -> None:
    """And there is one of it in a context."""
    made = context.component(trial.scheme)
    assert trial.scheme in made.schemes
    assert context.component(trial.scheme) is made


@_any
def documents_every_option(trial: Trial, context: RouteContext) -> None:
    """The reference pages are made of it."""
    cls = context.component(trial.scheme).endpoint_class
    assert cls.__doc__
    for name, declared in cls.fields.items():
        assert declared.doc.endswith((".", "?")), f"option {name} of {trial.scheme} says nothing about itself"


@_any
def refuses_an_option_it_does_not_have(trial: Trial, context: RouteContext) -> None:
    """At load; except where options are those of something else."""
    uri = trial.consumed or trial.sent
    cls = context.component(trial.scheme).endpoint_class
    if cls.lenient:
        return
    told = "nothing"
    try:
        context.endpoint(f"{uri}{'&' if '?' in uri else '?'}noSuchOption=1")
    except ConfigError as error:
        told = str(error)
    assert "noSuchOption" in told


@_any
def does_nothing_before_it_is_started(trial: Trial, context: RouteContext) -> None:
    """Neither threads nor connections: a worker forks after the routes are loaded."""
    context.component(trial.scheme)
    before = set(threading.enumerate())
    if trial.consumed:
        _consumer(trial, context, _Route())
    if trial.sent:
        _producer(trial, context)
    assert set(threading.enumerate()) <= before


@_consuming
def delivers_from_start_to_stop(trial: Trial, context: RouteContext) -> None:
    """And stopping twice is no error."""
    route = _Route()
    consumer = _consumer(trial, context, route)
    consumer.start()
    trial.provoke(context)
    assert route.wait(1)
    consumer.stop(DEADLINE)
    consumer.stop(DEADLINE)


@_consuming
def tells_where_an_exchange_comes_from(trial: Trial, context: RouteContext) -> None:
    """Unless it is the caller's own."""
    route = _Route()
    consumer = _consumer(trial, context, route)
    consumer.start()
    trial.provoke(context)
    assert route.wait(1)
    exchange = route.exchanges[0]
    assert exchange.pattern in {IN_ONLY, IN_OUT}
    if not trial.called:
        assert exchange.from_endpoint == context.endpoint(trial.consumed).uri
        assert exchange.unit is not None
    consumer.stop(DEADLINE)


@_consuming
def outlives_a_failing_route(trial: Trial, context: RouteContext) -> None:
    """The next message is delivered all the same."""
    route = _Route(ValueError("of the route"))
    consumer = _consumer(trial, context, route)
    consumer.start()
    for count in (1, 2):
        trial.provoke(context)
        assert route.wait(count)
    consumer.stop(DEADLINE)


@_consuming
def goes_on_after_a_suspension(trial: Trial, context: RouteContext) -> None:
    """What came meanwhile may be delivered or not, by its nature."""
    route = _Route()
    consumer = _consumer(trial, context, route)
    consumer.start()
    consumer.suspend()
    consumer.resume()
    before = len(route.exchanges)
    trial.provoke(context)
    assert route.wait(before + 1)
    consumer.stop(DEADLINE)


@_consuming
def can_be_started_anew(trial: Trial, context: RouteContext) -> None:
    """A stopped and started route has a new consumer."""
    for _ in range(2):
        route = _Route()
        consumer = _consumer(trial, context, route)
        consumer.start()
        trial.provoke(context)
        assert route.wait(1)
        consumer.stop(DEADLINE)


@_consuming
def stops_within_its_time(trial: Trial, context: RouteContext) -> None:
    """Also when nothing is going on."""
    consumer = _consumer(trial, context, _Route())
    consumer.start()
    began = time.monotonic()
    consumer.stop(DEADLINE)
    assert time.monotonic() - began < DEADLINE


@_sending
def starts_and_stops_more_than_once(trial: Trial, context: RouteContext) -> None:
    """A producer that was stopped can be started again, and stopping twice is no error."""
    producer = _producer(trial, context)
    for _ in range(2):
        producer.start()
        producer.stop()
    producer.stop()
