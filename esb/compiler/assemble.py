"""Route files to compiled routes: beans first, then what templates and rest elements expand to, then each route with its handler."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from esb.compiler import completion, route_types
from esb.compiler.build import RouteParts, StepsBuilder
from esb.compiler.handlers import keeps_original, make_handler
from esb.compiler.history import history
from esb.compiler.ids import Ids
from esb.compiler.interceptors import SendInterceptors, around_steps, before_route
from esb.compiler.references import make_bean
from esb.compiler.route import Route
from esb.compiler.scope import intercepts_of, scope_of
from esb.compiler.templates import Instance, Templates, Wanted
from esb.component import Context, Producer
from esb.dsl.model import BeanSpec, InterceptSendToEndpointSpec, RouteConfigurationSpec, RouteDef, RouteFile
from esb.dsl.placeholders import Properties
from esb.errors import ConfigError, OptionError, Position
from esb.exchange import Exchange
from esb.program import Program, Step
from esb.registry import Registry
from esb.step import StepSpec
from esb.variables import receive as into_variable
from esb.variables import variable

T = TypeVar("T")

AroundStep = Callable[[str, Step, StepSpec], Step]
"""Puts something around a step of the route with that id."""


AroundProducer = Callable[[str, Producer], Producer]
"""Puts something around the producer of the endpoint with that URI."""


class Target(Context, Protocol):
    """The context that routes are compiled for."""

    registry: Registry
    properties: Properties
    routes: dict[str, Route]
    files: list[RouteFile]
    stopping: threading.Event
    dynamic_schemes: frozenset[str]
    around_step: AroundStep | None
    around_producer: AroundProducer | None
    wanted: list[Wanted]


def compile_files(context: Target, files: Sequence[RouteFile], findings: list[ConfigError]) -> list[Route]:
    """Compile all routes of some files, and those that their ``kamelet:`` endpoints want; what is wrong is noted in ``findings``.

    Without files, only what is wanted is made.
    """
    everything = [*context.files, *files]
    templates = Templates(context, everything, findings)
    templated = templates.templated(files)
    _bind(context, (bean for file in files for bean in file.beans), findings)
    _bind(context, (bean for instance in templated for bean in instance.beans), findings)
    for file in files:
        for name, spec in file.data_formats.items():
            context.bind("bean", name, spec)
    compilation = _Compilation(context, everything, [one.definition for one in templated], findings)
    for file in files:
        for definition in file.routes:
            compilation.route(definition, file)
    compilation.templated(templated)
    while context.wanted:
        instance = templates.kamelet(context.wanted.pop(0))
        if instance is not None:
            _bind(context, instance.beans, findings)
            compilation.route(instance.definition, instance.file, templated=True)
    _keep_originals(context, compilation.routes)
    return compilation.routes


def _keep_originals(context: Target, routes: Sequence[Route]) -> None:
    """Where one route asks for the message as it came in, all keep it: it came in where the first of them took it."""
    everything = [*context.routes.values(), *routes]
    if any(route.keeps_original for route in everything):
        for route in everything:
            route.keeps_original = True


def _bind(context: Target, beans: Iterable[BeanSpec], findings: list[ConfigError]) -> None:
    for bean in beans:
        try:
            context.bind("bean", bean.bean_name, make_bean(context, bean))
        except ConfigError as error:
            findings.append(error)


class _Numbers:
    """Ids for parts that have none: ``to1``, ``route2``, counted through one load."""

    def __init__(self) -> None:
        self._counters: defaultdict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1))

    def next(self, name: str) -> str:
        """The next id for a kind of part."""
        return f"{name}{next(self._counters[name])}"


def _holds(context: Target, precondition: str | None, at: Position) -> bool:
    if not precondition:
        return True
    if precondition.strip().lower() in {"true", "false"}:
        return precondition.strip().lower() == "true"
    simple = context.language("simple")
    return simple(at, expression=precondition).compile_predicate(context)(Exchange())


class _Compilation:
    """One load: the routes compiled so far, and what holds for all of them."""

    def __init__(
        self,
        context: Target,
        files: Sequence[RouteFile],
        templated: Sequence[RouteDef],
        findings: list[ConfigError],
    ) -> None:
        self._context = context
        self._findings = findings
        self._numbers = _Numbers()
        self._taken = dict.fromkeys(context.routes)
        self._ids = Ids()
        self._orders = {one.startup_order: one.id for one in context.routes.values() if one.startup_order is not None}
        self._configurations: list[RouteConfigurationSpec] = [
            one for file in files for one in file.configurations if _holds(context, one.precondition, one.at)
        ]
        # A send is intercepted wherever it is made, so these are gathered from everywhere.
        written = [clause for file in files for clause in file.intercepts]
        written += [clause for one in self._configurations for clause in intercepts_of(one)]
        for definition in (*(one for file in files for one in file.routes), *templated):
            written += definition.intercepts
        self._sends = [clause for clause in written if isinstance(clause, InterceptSendToEndpointSpec)]
        self.routes: list[Route] = []

    def templated(self, instances: Sequence[Instance]) -> None:
        """Compile the routes of templates."""
        # Camel numbers them twice, and routes may show their ids.
        for instance in instances:
            if instance.definition.spec.id is None:
                self._numbers.next("route")
        for instance in instances:
            self.route(instance.definition, instance.file, templated=True)

    def route(self, definition: RouteDef, file: RouteFile, *, templated: bool = False) -> None:
        """Compile one route, unless its precondition leaves it out."""
        spec = definition.spec
        try:
            if not _holds(self._context, spec.precondition, spec.at):
                return
        except ConfigError as error:
            self._findings.append(error)
            return
        route_id = spec.id or self._free_id()
        if route_id in self._taken:
            self._findings.append(
                OptionError(f"the route id {route_id!r} is taken", spec.at, "give each route an id of its own")
            )
            return
        if spec.route_policy:
            hint = "remove it; routes are started and stopped by controlbus, cron or the command line"
            self._findings.append(
                OptionError("route policies are Java classes, which a route cannot have here", spec.at, hint)
            )
        first = self._orders.setdefault(spec.startup_order, route_id) if spec.startup_order is not None else route_id
        if first != route_id:
            told = f"the startupOrder {spec.startup_order} is that of the route {first!r} already"
            self._findings.append(OptionError(told, spec.at, "give each route an order of its own"))
        self._taken[route_id] = None
        self._findings += self._ids.route(route_id, definition.steps, spec.at, templated=templated)
        route = self._noted(lambda: self._compiled(route_id, definition, file))
        if route is not None:
            self.routes.append(route)

    def _noted(self, make: Callable[[], T]) -> T | None:
        """What is made, or None and a finding: the rest is compiled all the same, so that all that is wrong is told at once."""
        try:
            return make()
        except ConfigError as error:
            self._findings.append(error)
            return None

    def _compiled(self, route_id: str, definition: RouteDef, file: RouteFile) -> Route | None:
        context, spec = self._context, definition.spec
        scope = scope_of(definition, self._configurations, file)
        parts = RouteParts(
            context,
            route_id,
            None,
            self._findings,
            self._numbers.next,
            lambda scheme: scheme in context.dynamic_schemes,
        )
        parts.log_mask = spec.log_mask
        if context.around_step is not None:
            parts.wraps.append(partial(context.around_step, route_id))
        if spec.message_history:
            parts.wraps.append(history(route_id))
        endpoint = self._noted(lambda: context.endpoint(spec.from_.uri, spec.from_.parameters, spec.from_.at))
        uri = spec.from_.uri if endpoint is None else endpoint.uri
        sends = SendInterceptors(parts, self._sends) if self._sends else None
        if sends is not None:
            parts.wrap_producer = sends.around
            context.around_producer = context.around_producer or sends.around
        parts.handler = self._noted(lambda: make_handler(parts, scope.handler, scope.on_exceptions, context.stopping))
        if sends is not None:
            sends.compile()
        fitted = route_types.taken(parts, context.registry, spec.input_type)
        at_end = route_types.given(parts, context.registry, spec.output_type)
        first = before_route(parts, scope.intercepts, uri)
        around_steps(parts, scope.intercepts, uri)
        noted, completing = completion.completions(parts, scope.completions)
        received = spec.from_.variable_receive
        program = StepsBuilder(parts).compile((*fitted, *first, *noted, *definition.steps), tail=not received)
        if received:
            program = _receiving(program, received, context)
        if endpoint is None:
            return None
        route = Route(
            id=route_id,
            endpoint=endpoint,
            program=program,
            group=spec.group or "",
            description=spec.description or "",
            startup_order=spec.startup_order,
            auto_startup=spec.auto_startup,
            keeps_original=keeps_original(scope.handler, scope.on_exceptions)
            or completion.keeps_original(scope.completions),
            completions=(*completing, *at_end),
            on_start=parts.on_start,
            on_stop=parts.on_stop,
        )
        parts.failed_late = route.failed_late
        return route

    def _free_id(self) -> str:
        while (route_id := self._numbers.next("route")) in self._taken:
            pass
        return route_id


def _receiving(program: Program, name: str, context: Context) -> Program:
    """The program of a route whose incoming body goes into a variable; it is the answer's body if the route makes no other."""
    received = variable(name, context)

    def receive(exchange: Exchange) -> None:
        into_variable(name, context, exchange, exchange.message)
        exchange.message.body = None

    def answer(exchange: Exchange) -> None:
        if exchange.message.body is None:
            exchange.message.body = received.get(exchange)

    return Program((receive, program, answer))
