"""From error handler and onException as written to the compiled handler of a route."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from esb.compiler.build import RouteParts, StepsBuilder
from esb.compiler.failure import Clause, DeadLetter, ErrorHandler
from esb.compiler.policy import NO_REDELIVERY, Policy, policy_of
from esb.dsl.model import (
    DeadLetterChannelSpec,
    DefaultErrorHandlerSpec,
    ErrorHandlerSpec,
    NoErrorHandlerSpec,
    OnExceptionSpec,
    RefErrorHandlerSpec,
)
from esb.errors import ConfigError, OptionError, Position, ReferenceFault, UnknownName
from esb.expression import LanguageSpec, Predicate
from esb.javanames import THROWN, caught_by
from esb.program import Step


def make_handler(
    parts: RouteParts,
    spec: ErrorHandlerSpec | None,
    clauses: Sequence[OnExceptionSpec],
    stopping: threading.Event,
) -> ErrorHandler | None:
    """The error handler of a route; None for noErrorHandler. What is wrong is noted in ``parts.findings``."""
    chosen = _chosen(parts, spec)
    if isinstance(chosen, NoErrorHandlerSpec):
        return None
    builder = StepsBuilder(parts, handled=False)
    given = chosen if isinstance(chosen, DefaultErrorHandlerSpec) else DefaultErrorHandlerSpec()
    policy = _policy(builder, given.redelivery_policy, given.redelivery_policy_ref, NO_REDELIVERY, given.at)
    compiled = []
    for clause in clauses:
        if not clause.disabled:
            try:
                compiled.append(_clause(builder, clause, policy))
            except ConfigError as error:
                parts.findings.append(error)
    dead_letter = None
    if isinstance(given, DeadLetterChannelSpec):
        try:
            producer = builder.producer(given.dead_letter_uri, None, given.at)
            uri = builder.endpoint(given.dead_letter_uri, None, given.at).uri
            dead_letter = DeadLetter(producer.send, uri, given.dead_letter_handle_new_exception)
        except ConfigError as error:
            parts.findings.append(error)
    return ErrorHandler(
        clauses=compiled,
        policy=policy,
        dead_letter=dead_letter,
        stopping=stopping,
        retry_while=_predicate_bean(builder, given.retry_while_ref, given.at),
        on_redelivery=processor(builder, given.on_redelivery_ref, given.at),
        on_exception_occurred=processor(builder, given.on_exception_occurred_ref, given.at),
        on_prepare_failure=processor(builder, given.on_prepare_failure_ref, given.at),
        use_original_message=given.use_original_message,
        use_original_body=given.use_original_body,
        log_name=given.log_name or "",
    )


def keeps_original(spec: ErrorHandlerSpec | None, clauses: Sequence[OnExceptionSpec]) -> bool:
    """Whether anything asks for the message as it came in, so that the route must keep it."""
    chosen: Any = spec.chosen if spec else None
    return any(
        getattr(one, "use_original_message", False) or getattr(one, "use_original_body", False)
        for one in (chosen, *clauses)
    )


def _chosen(parts: RouteParts, spec: ErrorHandlerSpec | None) -> Any:
    chosen: Any = spec.chosen if spec else None
    if isinstance(chosen, RefErrorHandlerSpec):
        try:
            found = StepsBuilder(parts).reference(chosen.ref, chosen.at)
        except ConfigError as error:
            parts.findings.append(error)
            return None
        if not isinstance(found, ErrorHandlerSpec):
            parts.findings.append(ReferenceFault(f"{chosen.ref!r} is not an error handler", chosen.at))
            return None
        return found.chosen
    return chosen


def _policy(builder: StepsBuilder, spec: Any, ref: str | None, parent: Policy, at: Position) -> Policy:
    if ref:
        found = builder.reference(ref, at)
        if not isinstance(found, Policy):
            raise ReferenceFault(f"{ref!r} is not a redelivery policy", at)
        return found
    return policy_of(spec, parent)


def _clause(builder: StepsBuilder, spec: OnExceptionSpec, parent: Policy) -> Clause:
    if not spec.exception:
        raise OptionError("onException needs 'exception'", spec.at, "name the classes, such as [java.lang.Exception]")
    if spec.handled is not None and spec.continued is not None:
        raise OptionError("onException takes 'handled' or 'continued', not both", spec.at, "remove one")
    if spec.use_original_message and spec.use_original_body:
        raise OptionError(
            "onException takes 'useOriginalMessage' or 'useOriginalBody', not both", spec.at, "remove one"
        )
    catches: list[type[BaseException]] = []
    for name in spec.exception:
        known = caught_by(name)
        if known is None:
            raise UnknownName(
                "exception class",
                name,
                THROWN,
                spec.at,
                "use a Java name we know, a Python one, or 'package.module:Name'",
            )
        catches += known
    if spec.redelivery_policy or spec.redelivery_policy_ref:
        policy = _policy(builder, spec.redelivery_policy, spec.redelivery_policy_ref, parent, spec.at)
    else:
        # With steps of its own a clause must ask for further tries itself; without, it inherits the handler's.
        policy = Policy(maximum_redeliveries=0) if spec.steps else parent
    return Clause(
        catches=tuple(catches),
        policy=policy,
        steps=builder.program(spec.steps, handled=False) if spec.steps else None,
        when=_predicate(builder, spec.on_when),
        retry_while=_predicate(builder, spec.retry_while),
        handled=_predicate(builder, spec.handled),
        continued=_predicate(builder, spec.continued),
        on_redelivery=processor(builder, spec.on_redelivery_ref, spec.at),
        on_exception_occurred=processor(builder, spec.on_exception_occurred_ref, spec.at),
        use_original_message=spec.use_original_message,
        use_original_body=spec.use_original_body,
    )


def _predicate(builder: StepsBuilder, spec: LanguageSpec | None) -> Predicate | None:
    return builder.predicate(spec) if spec is not None else None


def processor(builder: StepsBuilder, ref: str | None, at: Position) -> Step | None:
    """A processor among the beans: a callable that takes the exchange, or an object with ``process``."""
    if not ref:
        return None
    found = builder.reference(ref, at)
    step = getattr(found, "process", found)
    if not callable(step):
        raise ReferenceFault(f"{ref!r} is not a processor: it has no method 'process' and cannot be called", at)
    checked: Step = step
    return checked


def _predicate_bean(builder: StepsBuilder, ref: str | None, at: Position) -> Predicate | None:
    if not ref:
        return None
    found = builder.reference(ref, at)
    matches = getattr(found, "matches", found)
    return lambda exchange: bool(matches(exchange))
