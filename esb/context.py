"""The route context: one process's routes, components, beans and services, and their life cycle."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from esb.compiler.assemble import AroundProducer, AroundStep, compile_files
from esb.compiler.endpoints import make_endpoint, placed
from esb.compiler.rest import expand_rests
from esb.compiler.route import Route
from esb.compiler.templates import Wanted
from esb.component import Component, Consumer, Endpoint
from esb.dsl.document import parse_document
from esb.dsl.elsewhere import unknown_component
from esb.dsl.model import RouteFile
from esb.dsl.nodes import Node
from esb.dsl.parse import Parser
from esb.dsl.placeholders import Properties
from esb.dsl.reader import read
from esb.dsl.uri import parse_uri
from esb.errors import NOWHERE, ConfigError, ConfigErrors, Position, ProjectError, ReferenceFault, UnknownName
from esb.exchange import IN_OUT, Exchange
from esb.expression import LanguageSpec
from esb.httphost import HttpHost
from esb.registry import Registry
from esb.scheduling import Delayed, Scheduler
from esb.unit import UnitOfWork

_log = logging.getLogger("esb.context")

DYNAMIC_SCHEMES = frozenset({"direct", "seda", "mock", "log", "bus"})
"""Schemes that a message may choose (recipientList, routingSlip) unless the project says otherwise: none that leaves the bus."""

ServiceFactory = Callable[["RouteContext"], Any]
Reading = Callable[[str | bytes | Path, str], Node]
Lease = Callable[[Consumer], bool]


class RouteContext:
    """Loads route files, starts and stops their routes, and answers what the parts ask (:class:`esb.component.Context`).

    Loading is all or nothing: every finding is collected, and with an error nothing is started. Life cycle calls come from one thread;
    everything else is thread-safe.
    """

    def __init__(
        self,
        name: str = "esb",
        properties: Properties | Mapping[str, str] | None = None,
        *,
        folder: Path | None = None,
        services: Mapping[str, ServiceFactory] | None = None,
        dynamic_schemes: Iterable[str] = DYNAMIC_SCHEMES,
    ) -> None:
        self.name = name
        self.folder = folder or Path.cwd()
        self.properties = properties if isinstance(properties, Properties) else Properties(properties)
        self.registry = Registry()
        self.variables: dict[str, Any] = {}
        self.routes: dict[str, Route] = {}
        self.files: list[RouteFile] = []
        self.stopping = threading.Event()
        self.dynamic_schemes = frozenset(dynamic_schemes)
        self._services: dict[str, Any] = {}
        self._factories = dict(services or {})
        self._components: dict[str, Component] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._lock = threading.RLock()
        self._scheduler = Scheduler(name)
        self.started = False
        self._loading = 0
        """The thread that compiles routes; 0 if none does."""
        self.failures: list[str] = []
        """What could not be started, for health."""
        self.on_endpoint: Callable[[Endpoint], None] | None = None
        self.around_step: AroundStep | None = None
        """Hooks of ``esb test``: told of each endpoint that is made (to put a mock in its place), and put around each step."""
        self.around_producer: AroundProducer | None = None  # interceptSendToEndpoint holds for sends from outside too
        self.wanted: list[Wanted] = []  # routes of templates that endpoints have asked for; empty between loads

    # -- loading ---------------------------------------------------------------------------------------------------------------

    def load(self, source: str | bytes | Path, file: str = "") -> list[Route]:
        """Load one document: a text, or a file's path. Raises ConfigErrors with all findings."""
        return self.load_all([(source, file or (str(source) if isinstance(source, Path) else ""))])

    def load_all(self, sources: Iterable[tuple[str | bytes | Path, str]], reading: Reading = read) -> list[Route]:
        """Load several documents, each with the name to call it in messages. Raises ConfigErrors with all findings.

        ``reading`` makes nodes of a source; ``esb check`` gives one that shares them with the linter.
        """
        findings: list[ConfigError] = []
        files: list[RouteFile] = []
        self.wanted.clear()
        parser = Parser(self.registry, self.properties, findings)
        for source, name in sources:
            try:
                root = reading(source, name)
            except ConfigError as error:
                findings.append(error)
                continue
            files.append(parse_document(parser, root, name))
        expand_rests(parser, files, self.registry, self.path)
        return self._add(files, findings)

    def _add(self, files: list[RouteFile], findings: list[ConfigError]) -> list[Route]:
        self._loading = threading.get_ident()
        try:
            routes = compile_files(self, files, findings)
        finally:
            self._loading = 0
        if findings:
            raise ConfigErrors(findings)
        self.files += files
        for route in routes:
            self.routes[route.id] = route
        if self.started:
            self._start_routes(routes)
        return routes

    def from_template(
        self, template: str, route_id: str, parameters: Mapping[str, str], at: Position, *, error_handler: bool
    ) -> None:
        with self._lock:
            self.wanted.append(Wanted(template, route_id, dict(parameters), at, error_handler))
            if not self._loading and self.started:  # a message has named the kamelet
                self._add([], [])

    # -- life cycle ------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start components, then routes in their order. A route that cannot start does not keep the others from it: it is logged and raised last."""
        self.started = True
        for component in list(self._components.values()):
            component.start()
        self._start_routes(list(self.routes.values()))

    def _start_routes(self, routes: list[Route]) -> None:
        ordered = sorted(routes, key=lambda route: (route.startup_order is None, route.startup_order or 0))
        failures: list[ConfigError] = []
        for route in ordered:
            if not route.auto_startup:
                continue
            try:
                route.start()
            except ConfigError as error:
                failures.append(error)
                self.failures.append(f"route {route.id}: {error}")
        if failures:
            raise ConfigErrors(failures)

    def stop(self, drain: float = 30.0) -> None:
        """Stop routes in reverse order, then components and services. Waits up to ``drain`` seconds for what is under way. Idempotent."""
        self.stopping.set()
        ordered = sorted(
            self.routes.values(), key=lambda route: (route.startup_order is None, route.startup_order or 0)
        )
        # Sources first, then queues in memory, then what routes call, then what they send to: each is needed until those before have drained.
        deadline = time.monotonic() + drain
        backwards = ordered[::-1]
        for route in sorted(backwards, key=_rank):
            _attempt(route, lambda route=route: route.stop_consumer(max(0.0, deadline - time.monotonic())))  # type: ignore[misc]  # a bound default
        for route in backwards:
            _attempt(route, route.stop_parts)
        for component in self._components.values():
            component.stop()
        self._scheduler.close()
        with self._lock:
            services, self._services = self._services, {}
        for service in services.values():
            close = getattr(service, "close", None)
            if close is not None:
                close()
        self.started = False

    def route_control(self, action: str, route_id: str) -> str:
        """Start, stop, suspend, resume or tell the status of a route. Raises UnknownName."""
        route = self.routes.get(route_id)
        if route is None:
            raise UnknownName("route", route_id, self.routes)
        return route.control(action)

    # -- sending ---------------------------------------------------------------------------------------------------------------

    def send(self, uri: str, exchange: Exchange) -> Exchange:
        """Send an exchange to an endpoint and wait until it is settled; a failure is left in ``exchange.error``."""
        endpoint = self.endpoint(uri)
        producer = endpoint.producer()
        if self.around_producer is not None:
            producer = self.around_producer(endpoint.uri, producer)
        producer.start()
        settled = threading.Event()
        exchange.unit = exchange.unit or UnitOfWork(lambda _: settled.set())
        unit = exchange.unit
        exchange.properties["CamelToEndpoint"] = endpoint.uri  # what failed before any other send failed at this one
        exchange.waits += 1
        try:
            producer.send(exchange)
        except Exception as error:
            exchange.error = error
        finally:
            exchange.waits -= 1
            producer.stop()
        unit.release(exchange.error)
        if exchange.pattern == IN_OUT:
            settled.wait(300.0)
            exchange.error = exchange.error or unit.error
        return exchange

    # -- what the parts ask ----------------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        return self.started and self._loading != threading.get_ident()

    def resolve(self, text: str, at: Position = NOWHERE) -> str:
        return self.properties.resolve(text, at)

    def lookup(self, kind: str, name: str) -> Any:
        return self.registry.lookup(kind, name)

    def bind(self, kind: str, name: str, value: Any) -> None:
        self.registry.bind(kind, name, value)

    def language(self, name: str) -> type[LanguageSpec]:
        found: type[LanguageSpec] = self.registry.lookup("language", name)
        return found

    def component(self, scheme: str) -> Component:
        with self._lock:
            made = self._components.get(scheme)
            if made is None:
                cls: type[Component] = self.registry.lookup("component", scheme)
                made = next((one for one in self._components.values() if type(one) is cls), None) or cls(self)
                self._components[scheme] = made
                if self.started:
                    made.start()
            return made

    def endpoint(
        self, uri: str, parameters: Mapping[str, Any] | None = None, at: Position = NOWHERE, *, keep: bool = True
    ) -> Endpoint:
        parsed = parse_uri(uri, parameters, at)
        with self._lock:
            try:
                component = self.component(parsed.scheme)
            except UnknownName as error:
                raise unknown_component(parsed.scheme, error.known, at) from None
            except ProjectError as error:  # its module does not import
                raise ProjectError(error.message, at, error.hint) from error
            parsed = placed(component, parsed)
            key = str(parsed)
            made = self._endpoints.get(key)
            if made is None:
                made = make_endpoint(self, component, parsed)
                if self.on_endpoint is not None:
                    self.on_endpoint(made)
                if keep:
                    self._endpoints[key] = made
            return made

    def background(self, call: Callable[[], None]) -> None:
        self._scheduler.background(call)

    def later(self, delay: float, call: Callable[[], None]) -> Delayed:
        return self._scheduler.later(delay, call)

    def service(self, name: str) -> Any:
        with self._lock:
            made = self._services.get(name)
            if made is None:
                factory = self._factories.get(name)
                if factory is None:
                    raise ReferenceFault(
                        f"this bus has no {name!r}", hint="it is given by the project's esb.yaml, through 'esb run'"
                    )
                made = self._services[name] = factory(self)
            return made

    def when_exclusive(self, start: Callable[[], None], stop: Callable[[], None]) -> Callable[[], None]:
        if "lease" not in self._factories:
            start()
            return lambda: None
        forget: Callable[[], None] = self.service("lease").when_held(start, stop)
        return forget

    def running_service(self, name: str) -> Any | None:
        """A service if it has been made already; for those who only look."""
        return self._services.get(name)

    def connections(self) -> dict[str, str]:
        """The lasting connections of all components, and how they are."""
        return {to: how for one in list(self._components.values()) for to, how in one.connections().items()}

    @property
    def http(self) -> HttpHost:
        host: HttpHost = self.service("http")
        return host

    def path(self, text: str) -> Path:
        return self.folder / text


def _rank(route: Route) -> int:
    """Which sources stop first: those from outside, queues in memory that routes fill, what routes call."""
    if getattr(route.consumer, "wants_process", False):
        return 2
    return int(getattr(route.consumer, "fed_by_routes", False))


def _attempt(route: Route, stop: Callable[[], None]) -> None:
    """Stop a part of a route; a failure must not keep the others from stopping."""
    try:
        stop()
    except Exception:
        _log.exception("%s: stopping failed", route.id)
