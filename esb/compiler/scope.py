"""Which clauses hold for a route: its own, those of the route configurations it has, those of its document."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

from esb.compiler.patterns import matcher
from esb.dsl.model import (
    ErrorHandlerSpec,
    InterceptSpec,
    OnCompletionSpec,
    OnExceptionSpec,
    RefErrorHandlerSpec,
    RouteConfigurationSpec,
    RouteDef,
    RouteFile,
)
from esb.errors import Position


@dataclass(frozen=True, slots=True)
class Scope:
    """The clauses of one route, those of the widest scope first, but ``on_exceptions``, where the nearest scope comes first."""

    handler: ErrorHandlerSpec | None
    on_exceptions: tuple[OnExceptionSpec, ...]
    intercepts: tuple[InterceptSpec, ...]
    completions: tuple[OnCompletionSpec, ...]


def scope_of(definition: RouteDef, configurations: Sequence[RouteConfigurationSpec], file: RouteFile) -> Scope:
    """What holds for a route. Its own completions replace all others, as in Camel."""
    spec = definition.spec
    own = spec.error_handler
    if own is None and spec.error_handler_ref:
        own = ErrorHandlerSpec(spec.at, ref_error_handler=RefErrorHandlerSpec(spec.at, ref=spec.error_handler_ref))
    used = [one for one in configurations if _applies(one, spec.route_configuration_id, spec.at)]
    handler = own or next((one.error_handler for one in used if one.error_handler), None)
    if handler is None and file.error_handlers:
        handler = file.error_handlers[-1]
    return Scope(
        handler,
        (
            *_latest(definition.on_exceptions),
            *_latest([clause for one in used for clause in one.on_exception]),
            *_latest(file.on_exceptions),
        ),
        (*file.intercepts, *(clause for one in used for clause in intercepts_of(one)), *definition.intercepts),
        definition.on_completions or (*file.on_completions, *(clause for one in used for clause in one.on_completion)),
    )


def _latest(clauses: Sequence[OnExceptionSpec]) -> list[OnExceptionSpec]:
    """The clauses without the classes that a later one of the same scope names again: without a condition it takes the earlier one's place."""
    kept: list[OnExceptionSpec] = []
    again: set[str] = set()
    for clause in reversed([clause for clause in clauses if not clause.disabled]):
        if clause.on_when is not None:
            kept.append(clause)
            continue
        names = [name for name in clause.exception if name not in again]
        again.update(names)
        if names or not clause.exception:
            left = copy(clause)
            left.exception = tuple(names)
            kept.append(left)
    return kept[::-1]


def intercepts_of(configuration: RouteConfigurationSpec) -> tuple[InterceptSpec, ...]:
    """All interceptors of a configuration."""
    return (
        *configuration.intercept,
        *configuration.intercept_from,
        *configuration.intercept_send_to_endpoint,
    )


def _applies(configuration: RouteConfigurationSpec, wanted: str | None, at: Position) -> bool:
    """Whether a configuration holds for a route: by its id, which may be a pattern there, or for routes that name none when it has none."""
    if not wanted:
        return not configuration.id
    return bool(configuration.id) and any(
        matcher(pattern.strip(), at)(configuration.id) for pattern in wanted.split(",")
    )
