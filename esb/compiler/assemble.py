"""Route files to compiled routes: beans first, then what templates and rest elements expand to, then each route with its handler."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from esb.compiler.build import RouteParts, StepsBuilder
from esb.compiler.handlers import keeps_original, make_handler
from esb.compiler.references import make_bean
from esb.compiler.route import Route
from esb.component import Context
from esb.dsl.model import (
    ErrorHandlerSpec,
    OnExceptionSpec,
    RefErrorHandlerSpec,
    RouteConfigurationSpec,
    RouteDef,
    RouteFile,
)
from esb.dsl.placeholders import Properties
from esb.errors import ConfigError, OptionError
from esb.exchange import Exchange
from esb.program import Program, Step
from esb.registry import Registry
from esb.step import StepSpec
from esb.variables import Variable, variable

AroundStep = Callable[[str, Step, StepSpec], Step]
"""Puts something around a step of the route with that id."""


class Target(Context, Protocol):
    """The context that routes are compiled for."""

    registry: Registry
    properties: Properties
    routes: dict[str, Route]
    files: list[RouteFile]
    stopping: threading.Event
    dynamic_schemes: frozenset[str]
    around_step: AroundStep | None


def compile_files(context: Target, files: Sequence[RouteFile], findings: list[ConfigError]) -> list[Route]:
    """Compile all routes of some files; what is wrong is noted in ``findings``."""
    for file in files:
        for bean in file.beans:
            try:
                context.bind("bean", bean.bean_name, make_bean(context, bean))
            except ConfigError as error:
                findings.append(error)
        for name, spec in file.data_formats.items():
            context.bind("bean", name, spec)
    configurations = [
        one for file in (*context.files, *files) for one in file.configurations if _holds(context, one.precondition)
    ]
    routes: list[Route] = []
    taken = dict.fromkeys(context.routes)
    numbers = _Numbers()
    for file in files:
        for definition in file.routes:
            if not _holds(context, definition.spec.precondition):
                continue
            compiled = _Compilation(context, file, configurations, findings, numbers)
            route = compiled.route(definition, taken)
            if route is not None:
                taken[route.id] = None
                routes.append(route)
    return routes


class _Numbers:
    """Ids for parts that have none: ``to1``, ``route2``, counted through one load."""

    def __init__(self) -> None:
        self._counters: defaultdict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1))

    def next(self, name: str) -> str:
        """The next id for a kind of part."""
        return f"{name}{next(self._counters[name])}"


def _holds(context: Target, precondition: str | None) -> bool:
    if not precondition:
        return True
    if precondition.strip().lower() in {"true", "false"}:
        return precondition.strip().lower() == "true"
    simple = context.language("simple")
    return simple(expression=precondition).compile_predicate(context)(Exchange())


class _Compilation:
    """What holds for the routes of one file."""

    def __init__(
        self,
        context: Target,
        file: RouteFile,
        configurations: Sequence[RouteConfigurationSpec],
        findings: list[ConfigError],
        numbers: _Numbers,
    ) -> None:
        self._context = context
        self._file = file
        self._configurations = configurations
        self._findings = findings
        self._numbers = numbers

    def route(self, definition: RouteDef, taken: dict[str, Any]) -> Route | None:
        """The compiled route; None after noting why not."""
        spec = definition.spec
        route_id = spec.id or self._free_id(taken)
        if route_id in taken:
            self._findings.append(
                OptionError(f"the route id {route_id!r} is taken", spec.at, "give each route an id of its own")
            )
            return None
        context = self._context
        parts = RouteParts(
            context,
            route_id,
            None,
            self._findings,
            self._numbers.next,
            lambda scheme: scheme in context.dynamic_schemes,
        )
        if context.around_step is not None:
            parts.wraps.append(partial(context.around_step, route_id))
        handler, clauses = self._error_handling(definition)
        endpoint = None
        try:
            endpoint = context.endpoint(spec.from_.uri, spec.from_.parameters, spec.from_.where("uri"))
        except ConfigError as error:
            self._findings.append(error)  # the steps are read all the same, for what is wrong with them
        try:
            parts.handler = make_handler(parts, handler, clauses, context.stopping)
        except ConfigError as error:
            self._findings.append(error)
        received = spec.from_.variable_receive
        program = StepsBuilder(parts).compile(definition.steps, tail=not received)
        if received:
            program = _receiving(program, variable(received, context))
        if endpoint is None:
            return None
        return Route(
            id=route_id,
            endpoint=endpoint,
            program=program,
            group=spec.group or "",
            description=spec.description or "",
            startup_order=spec.startup_order,
            auto_startup=spec.auto_startup,
            keeps_original=keeps_original(handler, clauses),
            on_start=parts.on_start,
            on_stop=parts.on_stop,
        )

    def _free_id(self, taken: dict[str, Any]) -> str:
        while (route_id := self._numbers.next("route")) in taken:
            pass
        return route_id

    def _error_handling(self, definition: RouteDef) -> tuple[ErrorHandlerSpec | None, list[OnExceptionSpec]]:
        """The handler that holds for a route and its clauses: the route's own, its configurations', the file's."""
        spec = definition.spec
        own = spec.error_handler
        if own is None and spec.error_handler_ref:
            own = ErrorHandlerSpec(spec.at, ref_error_handler=RefErrorHandlerSpec(spec.at, ref=spec.error_handler_ref))
        configured = [one for one in self._configurations if _applies(one, spec.route_configuration_id)]
        handler = own or next((one.error_handler for one in configured if one.error_handler), None)
        if handler is None and self._file.error_handlers:
            handler = self._file.error_handlers[-1]
        clauses = [*definition.on_exceptions]
        for one in configured:
            clauses += one.on_exception
        clauses += self._file.on_exceptions
        return handler, clauses


def _receiving(program: Program, received: Variable) -> Program:
    """The program of a route whose incoming body goes into a variable; it is the answer's body if the route makes no other."""

    def receive(exchange: Exchange) -> None:
        received.set(exchange, exchange.message.body)
        exchange.message.body = None

    def answer(exchange: Exchange) -> None:
        if exchange.message.body is None:
            exchange.message.body = received.get(exchange)

    return Program((receive, program, answer))


def _applies(configuration: RouteConfigurationSpec, wanted: str | None) -> bool:
    """Whether a configuration holds for a route: by its id (``*`` as wildcard), or for all routes when it has none."""
    if wanted:
        from fnmatch import fnmatchcase

        return any(fnmatchcase(configuration.id or "", pattern.strip()) for pattern in wanted.split(","))
    return not configuration.id
