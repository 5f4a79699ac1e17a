"""A project's routes on a broker in memory, without a network: where one declarative test plays.

What leaves the bus is a mock, or refused; sources that begin on their own (timer, file, mail) stand still and are fed by the test. Pauses between
redeliveries are skipped, so that a test of an outage takes milliseconds.
"""

from __future__ import annotations

import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from esb.compiler.assemble import AroundStep
from esb.compiler.references import make_bean
from esb.compiler.route import Route
from esb.component import Consumer, Deliver, Endpoint, Producer, Timer
from esb.context import RouteContext
from esb.dsl.model import BeanSpec
from esb.dsl.nodes import MapNode, Node, ScalarNode, to_python
from esb.dsl.parse import Parser
from esb.errors import ConfigError, ConfigErrors, EsbError, OptionError, Position, UnknownName
from esb.exchange import IN_ONLY, IN_OUT, Exchange
from esb.httphost import HttpRequest, HttpResponse
from esb.project import Project
from esb.runtime.bus import load_routes, make_context
from esb.runtime.paths import Paths
from esb.testing.answers import Mock, MockedEnd, Unmocked, body_of, headers_of
from esb.testing.casefile import Case, each_resolved
from esb.testing.recording import RecordingBroker
from esb.unit import UnitOfWork

STATUS: Final = "CamelHttpResponseCode"
_INSIDE: Final = frozenset(
    "bean browse bus class controlbus dataformat dataset-test direct json-validator kamelet language log mock mustache ref seda stub "
    "validator xslt".split()
)
"""Schemes that run as they are: nothing of them leaves the process."""
_SERVED: Final = frozenset({"direct", "seda", "bus", "platform-http", "rest", "soap", "stub", "kamelet"})
"""Sources that start: they wait for what the test sends."""
_ANSWERED: Final = frozenset({"direct", "platform-http", "rest", "soap"})
_PATIENCE: Final = 20
"""Looks, a millisecond apart, at work that is in nobody's hand before it is taken as waiting for something."""
_TRIES: Final = 500


@dataclass(slots=True)
class Reply:
    """What came of a send."""

    exchange: Exchange
    error: BaseException | None = None
    requested: bool = field(default=False)
    """Whether it answers a request: its status tells what an error tells elsewhere."""

    @property
    def refusal(self) -> int | None:
        """The status of a request that was not done: 400 and above."""
        status = self.exchange.message.headers.get(STATUS, 200)
        return int(status) if self.requested and int(status) >= 400 else None


class Scene:
    """One test's bus. ``complaints`` collects what must not happen in a test, such as a call to an endpoint that nothing stands in for."""

    def __init__(
        self, project: Project, case: Case, mocks: Sequence[Mock], folder: Path, around: AroundStep | None = None
    ) -> None:
        self.folder = folder
        self.complaints: list[str] = []
        self.broker = RecordingBroker()
        self.mocks = mocks
        self.known: set[str] = set()
        """The ``bus:`` channels and ``mock:`` endpoints that the routes or a message have named, and the queues of their failed messages."""
        self._project = project
        self._case = case
        self._paths = Paths("http://test")
        self._pause = threading.Event()
        self._background = 0
        self._timers: list[Timer] = []
        self._lock = threading.Lock()
        services = {"broker": lambda _: self.broker, "http": lambda _: self._paths}
        self.context: RouteContext = make_context(project, services)
        self.context.stopping = _Hurried()
        self.context.on_endpoint = self._replace
        self.context.around_step = around
        self._watch(self.context)

    # -- life ------------------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Load and start the routes. Raises ConfigErrors."""
        self._bind_beans()
        load_routes(self._project, self.context)
        self.broker.open()
        self.context.start()

    def close(self) -> None:
        """Stop everything. Idempotent."""
        self.context.stop(1.0)
        self.broker.close(1.0)

    def _bind_beans(self) -> None:
        findings: list[ConfigError] = []
        parser = Parser(self.context.registry, self.context.properties, findings)
        for key, node in self._case.beans:
            name = ScalarNode("name", key.at)
            spec = parser.spec(BeanSpec, MapNode(((name, key), *node.entries), node.at), node.at)
            if spec is not None:
                self.context.bind("bean", key.text, make_bean(self.context, spec))  # the first of a name wins
        if findings:
            raise ConfigErrors(findings)

    def _watch(self, context: RouteContext) -> None:
        """Count what runs in the background and what is put off."""
        background, later = context.background, context.later

        def counted(call: Callable[[], None]) -> None:
            def run() -> None:
                try:
                    call()
                finally:
                    with self._lock:
                        self._background -= 1

            with self._lock:
                self._background += 1
            background(run)

        def noted(delay: float, call: Callable[[], None]) -> Timer:
            def run() -> None:
                self._timers.remove(timer)
                call()

            timer = later(delay, run)
            self._timers.append(timer)
            return timer

        vars(context).update(background=counted, later=noted)

    def _replace(self, endpoint: Endpoint) -> None:
        """Put stand-ins for the ends of an endpoint that would leave the bus."""
        self.known.update(_names(endpoint))
        ends = vars(endpoint)
        mock = next((mock for mock in self.mocks if mock.matches(endpoint)), None)
        allowed = endpoint.scheme in self._case.real
        if mock is not None:
            ends["producer"] = lambda: MockedEnd(mock, endpoint)
            ends["poll"] = lambda _timeout: _polled(mock, endpoint)
        elif endpoint.scheme not in _INSIDE and not allowed and not self._in_folder(endpoint):
            ends["producer"] = lambda: _Refused(self, endpoint)
            ends["poll"] = lambda _timeout: self.refuse(endpoint)
        if endpoint.scheme not in _SERVED and not allowed:
            ends["consumer"] = lambda _deliver: _Still()
        if endpoint.scheme == "bus":
            ends.update(concurrent_consumers=1, redelivery_delay=0.0, maximum_redelivery_delay=0.0)

    def _in_folder(self, endpoint: Endpoint) -> bool:
        return endpoint.scheme == "file" and self.context.path(endpoint.path).resolve().is_relative_to(self.folder)

    def refuse(self, endpoint: Endpoint) -> Any:
        """Complain about a call that would leave the test. Raises Unmocked."""
        if endpoint.scheme == "file":
            words = f"{endpoint.uri} is outside of the test's folder: set its property below {{{{test.folder}}}}, or mock it"
        else:
            words = f"nothing answers for {endpoint.uri} in this test: add it under 'mocks'"
        if words not in self.complaints:
            self.complaints.append(words)
        raise Unmocked(words, endpoint=endpoint.uri)

    # -- sending ---------------------------------------------------------------------------------------------------------------

    def send(self, node: MapNode) -> Reply:
        """Send what a test says and wait for its outcome. Raises ConfigError for an endpoint, route or file that is not there."""
        body, headers = body_of(node, self._case.folder)
        headers |= headers_of(node)
        if (line := node.get("request")) is not None:
            return self._request(line, body, headers)
        exchange = Exchange(body, headers)
        exchange.properties.update(headers_of(node, "properties"))
        if (named := node.get("route")) is not None:
            route = self.context.routes.get(_text(named))
            if route is None:
                raise UnknownName("route", _text(named), self.context.routes, named.at)
            endpoint = route.endpoint
            deliver: Deliver = route.deliver
        else:
            to = node.get("to")
            assert to is not None
            endpoint = self.context.endpoint(_text(to), None, to.at)
            deliver = self._sender(endpoint)
        exchange.pattern = str(to_python(node.get("pattern")) or (IN_OUT if endpoint.scheme in _ANSWERED else IN_ONLY))
        settled = threading.Event()
        unit = exchange.unit = UnitOfWork(lambda _unit: settled.set())
        deliver((exchange,))
        self.settle(settled.is_set)
        return Reply(exchange, exchange.error or unit.error)

    def _sender(self, endpoint: Endpoint) -> Deliver:
        def deliver(exchanges: Sequence[Exchange]) -> None:
            producer = endpoint.producer()
            producer.start()
            for exchange in exchanges:
                try:
                    producer.send(exchange)
                except Exception as error:
                    exchange.error = error
                assert exchange.unit is not None
                exchange.unit.release(exchange.error)

        return deliver

    def _request(self, line: Node, body: Any, headers: dict[str, Any]) -> Reply:
        method, _, target = _text(line).partition(" ")
        if not target.startswith("/"):
            raise OptionError(
                f"{_text(line)!r} is no request", line.at, "write a method and a path: POST /orders?dry=true"
            )
        path, _, query = target.partition("?")
        path = urllib.parse.unquote(path)
        found = self._paths.find(method.upper(), path)
        if isinstance(found, int):
            return Reply(Exchange("", {STATUS: found}), requested=True)
        mount, parameters = found
        content = b"" if body is None else body if isinstance(body, bytes) else str(body).encode()
        lower = [(name.lower(), str(value)) for name, value in headers.items()]
        request = HttpRequest(method.upper(), path, query, lower, content, parameters, host="test", template=mount.path)
        answers: list[HttpResponse] = []
        mount.handler(request, answers.append)
        self.settle(lambda: bool(answers))
        if not answers:
            raise EsbError(f"{method} {path} was not answered")
        given: dict[str, Any] = dict(answers[0].headers)
        return Reply(Exchange(answers[0].body, given | {STATUS: answers[0].status}), requested=True)

    # -- waiting ---------------------------------------------------------------------------------------------------------------

    def settle(self, done: Callable[[], bool] = lambda: True, seconds: float = 10.0) -> bool:
        """Wait until nothing moves any more; whether ``done`` then. Pauses of redelivery are skipped."""
        deadline = time.monotonic() + seconds
        calm = quiet = 0
        while time.monotonic() < deadline:
            if self.broker.store.tries > _TRIES:
                self.complaints.append(f"a message is redelivered without end; given up after {_TRIES} tries")
                break
            if self._busy() or self.broker.store.advance():
                calm = quiet = 0
            elif done() and not self._held():
                # Twice in a row: a message may have gone from a route's hands to a delay between the looks of one turn.
                quiet += 1
                if quiet > 1:
                    break
            else:
                calm += 1
                if calm > _PATIENCE and not self.timers:
                    break
            self._pause.wait(0.001)
        return done()

    def wait(self, seconds: float) -> None:
        """Let timers go on."""
        self._pause.wait(seconds)

    @property
    def timers(self) -> bool:
        """Whether a call is put off that may still bring something: a group's time-out, say."""
        return any(not getattr(timer, "cancelled", False) for timer in list(self._timers))

    def _busy(self) -> bool:
        if self._background or any(route.inflight for route in self.context.routes.values()):
            return True
        return any(self._has_work(route) for route in self.context.routes.values())

    def _has_work(self, route: Route) -> bool:
        """Whether messages wait for a route, or are on their way to it."""
        endpoint: Any = route.endpoint
        consumer: Any = route.consumer
        if consumer is None:
            return False
        if endpoint.scheme == "seda":
            return bool(endpoint.waiting)
        if endpoint.scheme == "bus":
            ready, in_hand = self.broker.store.waiting(_queue(endpoint))
            return ready > 0 or in_hand > consumer.begun
        return False

    def _held(self) -> bool:
        endpoints = [route.endpoint for route in self.context.routes.values()]
        return any(one.scheme == "bus" and self.broker.store.waiting(_queue(one))[1] for one in endpoints)


class _Hurried(threading.Event):
    """A wait that is over at once: pauses between tries are none of a test's business."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


class _Still(Consumer):
    """A source that brings nothing on its own."""

    def start(self) -> None:
        """Nothing begins."""

    def stop(self, drain: float = 30.0) -> None:
        """Nothing to stop."""


class _Refused(Producer):
    def __init__(self, scene: Scene, endpoint: Endpoint) -> None:
        self._scene = scene
        self._endpoint = endpoint

    def send(self, exchange: Exchange) -> None:
        self._scene.refuse(self._endpoint)


def _polled(mock: Mock, endpoint: Endpoint) -> Exchange:
    exchange = Exchange()
    mock.take(endpoint, exchange)
    return exchange


def _names(endpoint: Any) -> Iterator[str]:
    """What a test may call an endpoint whose messages are recorded, and where those go that fail behind it."""
    if endpoint.scheme == "mock":
        yield f"mock:{endpoint.name}"
    elif endpoint.scheme == "bus":
        policy = endpoint.policy()
        channel = f"topic:{endpoint.channel}" if endpoint.is_topic else endpoint.channel
        yield from (f"bus:{name}" for name in (channel, _queue(endpoint), policy.dead_letters, policy.invalid))


def _queue(endpoint: Any) -> str:
    from esb.broker.contract import subscription_queue

    return subscription_queue(endpoint.channel, endpoint.subscription) if endpoint.is_topic else str(endpoint.channel)


def _text(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise OptionError(f"a text is expected, not {node}", node.at)
    return node.text


def resolved(project: Project, node: Node) -> Node:
    """A part of a test with its placeholders replaced."""

    def resolve(text: str, at: Position) -> str:
        return str(project.properties.resolve(text, at))

    return each_resolved(node, resolve)
