"""circuitBreaker: stops calling what fails too often, for a while (Camel's Circuit Breaker EIP with resilience4j)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import TimeoutError as NotInTime
from typing import Any, Final

from esb.eip._breaker import Breaker, Limits
from esb.eip._children import take
from esb.eip._gathering import WorkerPool
from esb.errors import OptionError, Position
from esb.exchange import Exchange
from esb.fields import Kind, Spec, field, yaml_name
from esb.javanames import (
    BulkheadFullException,
    CallNotPermittedException,
    RuntimeCamelException,
    TimeoutException,
    caught_by,
    java_name,
)
from esb.program import Step
from esb.step import Builder, StepSpec, unguarded
from esb.unit import UnitOfWork

_PREFIX: Final = "CamelCircuitBreaker"
STATE: Final = f"{_PREFIX}State"
SUCCESSFUL: Final = f"{_PREFIX}SuccessfulExecution"
FROM_FALLBACK: Final = f"{_PREFIX}ResponseFromFallback"
SHORT_CIRCUITED: Final = f"{_PREFIX}ResponseShortCircuited"
REJECTED: Final = f"{_PREFIX}ResponseRejected"
TIMED_OUT: Final = f"{_PREFIX}ResponseTimedOut"
IGNORED: Final = f"{_PREFIX}ResponseIgnored"


class Resilience4jConfigurationSpec(Spec):
    """When the circuit opens and closes. Times without a unit are seconds, as in Camel, but for the timeout and the bulkhead's wait: milliseconds."""

    name = "resilience4jConfiguration"
    id = field(Kind.TEXT, None)
    circuit_breaker = field(Kind.REF, None, doc="Accepted without effect: each step has a circuit of its own.")
    config = field(Kind.REF, None, doc="Accepted without effect.")
    failure_rate_threshold = field(Kind.FLOAT, 50.0, doc="Open from this share of failed calls, in per cent.")
    permitted_number_of_calls_in_half_open_state = field(Kind.INT, 10, doc="Calls let through to try it again.")
    throw_exception_when_half_open_or_open_state = field(
        Kind.BOOL,
        False,
        doc="Fail where a call is not let through and there is no fallback; otherwise go on unchanged.",
    )
    sliding_window_size = field(Kind.INT, 100, doc="Calls, or seconds, that the shares are counted over.")
    sliding_window_type = field(
        Kind.TEXT, "COUNT_BASED", enum=("COUNT_BASED", "TIME_BASED"), doc="Whether the window is calls or seconds."
    )
    minimum_number_of_calls = field(Kind.INT, 100, doc="Calls before a share is counted at all.")
    writable_stack_trace_enabled = field(Kind.BOOL, True, doc="Accepted without effect.")
    wait_duration_in_open_state = field(Kind.INT, 60, doc="Seconds until it is tried again.")
    automatic_transition_from_open_to_half_open_enabled = field(
        Kind.BOOL, False, doc="Show half open as soon as the time has passed, not at the next call."
    )
    slow_call_rate_threshold = field(Kind.FLOAT, 100.0, doc="Open from this share of slow calls, in per cent.")
    slow_call_duration_threshold = field(Kind.INT, 60, doc="Seconds from which a call is slow.")
    bulkhead_enabled = field(Kind.BOOL, False, doc="Bound the number of calls at once.")
    bulkhead_max_concurrent_calls = field(Kind.INT, 25, doc="Calls at once.")
    bulkhead_max_wait_duration = field(Kind.INT, 0, doc="Milliseconds to wait for a place.")
    timeout_enabled = field(
        Kind.BOOL,
        False,
        doc="Bound the time of a call. What runs on is not stopped; messages and keys it takes from then on have its outcome.",
    )
    timeout_duration = field(Kind.INT, 1000, doc="Milliseconds a call may take.")
    timeout_cancel_running_future = field(Kind.BOOL, True, doc="Accepted without effect: a thread cannot be stopped.")
    timeout_executor_service = field(Kind.REF, None, doc="Accepted without effect: the step has a bounded pool.")
    ignore_exception = field(
        Kind.NAMES, (), doc="Failures that do not count and do not fail: the message goes on as it was."
    )
    record_exception = field(
        Kind.NAMES, (), doc="Only these failures count; others count as successes, and the message goes on as it was."
    )
    micrometer_enabled = field(Kind.BOOL, False, doc="Accepted without effect: metrics are always there.")


class OnFallbackSpec(Spec):
    """What is done instead."""

    name = "onFallback"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    disabled = field(Kind.BOOL, False)
    fallback_via_network = field(Kind.BOOL, False, doc="Accepted without effect.")
    steps = field(Kind.STEPS, (), doc="The steps.")

    def sentence(self) -> str:
        """The fallback in a line."""
        return "instead, if it fails or the circuit is open"


class CircuitBreakerSpec(StepSpec):
    """Runs the steps unless they failed too often of late; then the fallback runs at once, until a time has passed and some calls try it again.

    The steps work on a copy: after a failure the fallback gets the message as it was. Steps, fallback and the breaker itself have no error handler;
    a failure without a fallback goes to the caller. Each step has a circuit of its own.
    """

    name = "circuitBreaker"
    configuration = field(
        Kind.REF,
        None,
        doc="A bean with options for several steps, a org.apache.camel.model.Resilience4jConfigurationDefinition.",
    )
    resilience4j_configuration = field(
        Kind.SPEC, None, spec=Resilience4jConfigurationSpec, name="resilience4jConfiguration", doc="When it opens."
    )
    on_fallback = field(Kind.SPEC, None, spec=OnFallbackSpec, doc="What is done instead.")
    steps = field(Kind.STEPS, (), doc="What may fail.")

    def build(self, builder: Builder) -> Step:
        if not self.steps:
            raise OptionError("'circuitBreaker' has no steps", self.at, "indent the steps it is for below 'steps:'")
        config = self._configured(builder)
        program: Step = builder.program(self.steps, tail=False, handled=False)
        fallback = None
        if self.on_fallback is not None and not self.on_fallback.disabled and self.on_fallback.steps:
            fallback = builder.program(self.on_fallback.steps, tail=builder.tail, handled=False)
        if config.timeout_enabled:
            program = _in_time(builder, str(self.id), program, config.timeout_duration / 1000)
        if config.bulkhead_enabled:
            program = _bounded(
                str(self.id), program, config.bulkhead_max_concurrent_calls, config.bulkhead_max_wait_duration / 1000
            )
        guard = _Guard(str(self.id), Breaker(_limits(config)), program, config)

        def protect(exchange: Exchange) -> None:
            error = guard.call(exchange)
            if error is None:
                return
            refused = isinstance(error, (CallNotPermittedException, BulkheadFullException))
            properties = exchange.properties
            if fallback is None:
                guard.fail(exchange, error, refused=refused)
                return
            if not refused and not isinstance(error, _TimedOut):
                properties["CamelExceptionCaught"] = error
            properties["CamelFailureEndpoint"] = properties.get("CamelToEndpoint")
            properties.update({SUCCESSFUL: False, FROM_FALLBACK: True, SHORT_CIRCUITED: True})
            fallback(exchange)

        return unguarded(protect)

    def _configured(self, builder: Builder) -> Resilience4jConfigurationSpec:
        """The options: those written here over those of the bean that ``configuration`` names."""
        own: Resilience4jConfigurationSpec | None = self.resilience4j_configuration
        config = own or Resilience4jConfigurationSpec(self.at)
        if self.configuration:
            shared = builder.reference(self.configuration, self.at)
            if not isinstance(shared, Resilience4jConfigurationSpec):
                hint = "declare it under beans, as org.apache.camel.model.Resilience4jConfigurationDefinition"
                raise OptionError(f"{self.configuration!r} is no configuration of a circuit breaker", self.at, hint)
            written = own.places if own is not None else {}
            config = Resilience4jConfigurationSpec(
                config.at,
                **{
                    known.attribute: getattr(config if known.attribute in written else shared, known.attribute)
                    for known in Resilience4jConfigurationSpec.fields.values()
                },
            )
        _check(config)
        return config

    def sentence(self) -> str:
        return f"circuit breaker{', with a fallback' if self.on_fallback else ''}"


class _TimedOut(TimeoutException):
    """The steps took too long."""


class _Guard:
    """Calls the steps through the circuit."""

    def __init__(self, name: str, breaker: Breaker, program: Step, config: Any) -> None:
        self._name = name
        self._breaker = breaker
        self._program = program
        self._ignored = _classes(config.ignore_exception, config.at)
        self._recorded = _classes(config.record_exception, config.at)
        self._throws: bool = config.throw_exception_when_half_open_or_open_state

    def call(self, exchange: Exchange) -> Exception | None:
        """Run the steps on a copy; the failure that is left to deal with, if any."""
        breaker = self._breaker
        if not breaker.enter():
            exchange.properties[STATE] = breaker.state
            refusal = CallNotPermittedException(
                f"CircuitBreaker '{self._name}' is {breaker.state} and does not permit further calls"
            )
            if self._recorded and not isinstance(refusal, self._recorded):
                # To Camel the refusal is then one of the failures that do not count, and those it swallows.
                exchange.properties.update({SUCCESSFUL: True, FROM_FALLBACK: False, SHORT_CIRCUITED: False})
                return None
            return refusal
        copy = exchange.derive()
        copy.unit = exchange.unit
        copy.waits = copy.guards = 1
        began = time.monotonic()
        try:
            self._program(copy)
        except Exception as error:
            return self._failed(exchange, error, time.monotonic() - began)
        breaker.leave(time.monotonic() - began, failed=False)
        take(exchange, copy)
        exchange.properties.update({SUCCESSFUL: True, FROM_FALLBACK: False, STATE: breaker.state})
        return None

    def _failed(self, exchange: Exchange, error: Exception, seconds: float) -> Exception | None:
        ignored = bool(self._ignored) and isinstance(error, self._ignored)
        counts = not self._recorded or isinstance(error, self._recorded)
        if ignored:
            self._breaker.forget()
        else:
            self._breaker.leave(seconds, failed=counts)
        exchange.properties[STATE] = self._breaker.state
        if counts and not ignored:
            return error
        exchange.properties.update({SUCCESSFUL: not ignored, FROM_FALLBACK: False, SHORT_CIRCUITED: False})
        if ignored:
            exchange.properties[IGNORED] = True
        return None

    def fail(self, exchange: Exchange, error: Exception, *, refused: bool) -> None:
        """What a failure means without a fallback: Camel lets a message go on that was not let through, and wraps checked exceptions."""
        properties = exchange.properties
        properties.update({SUCCESSFUL: False, FROM_FALLBACK: False})
        if isinstance(error, _TimedOut):
            properties.update({SHORT_CIRCUITED: False, TIMED_OUT: True})
            raise error
        properties.update({SHORT_CIRCUITED: True, REJECTED: True})
        if refused:
            if self._throws:
                raise error
            return
        if isinstance(error, caught_by("java.lang.RuntimeException") or ()):
            raise error
        raise RuntimeCamelException(f"{java_name(type(error))}: {error}") from error


def _check(config: Any) -> None:
    for name in ("failure_rate_threshold", "slow_call_rate_threshold"):
        if not 0 < getattr(config, name) <= 100:
            raise OptionError(f"{yaml_name(name)!r} must be above 0 and at most 100 (per cent)", config.at)
    for name in (
        "sliding_window_size",
        "minimum_number_of_calls",
        "permitted_number_of_calls_in_half_open_state",
        "wait_duration_in_open_state",
        "slow_call_duration_threshold",
    ):
        if getattr(config, name) < 1:
            raise OptionError(f"{yaml_name(name)!r} must be at least 1", config.at)


def _limits(config: Any) -> Limits:
    return Limits(
        failure_rate=config.failure_rate_threshold,
        slow_rate=config.slow_call_rate_threshold,
        slow_after=float(config.slow_call_duration_threshold),
        window=max(config.sliding_window_size, 1),
        by_time=config.sliding_window_type == "TIME_BASED",
        minimum=max(config.minimum_number_of_calls, 1),
        half_open_calls=max(config.permitted_number_of_calls_in_half_open_state, 1),
        open_for=float(config.wait_duration_in_open_state),
        half_opens_itself=config.automatic_transition_from_open_to_half_open_enabled,
    )


def _classes(names: tuple[str, ...], at: Position) -> tuple[type[BaseException], ...]:
    found: list[type[BaseException]] = []
    for name in names:
        classes = caught_by(name)
        if classes is None:
            raise OptionError(f"{name!r} is no exception that is known here", at)
        found += classes
    return tuple(found)


def _in_time(builder: Builder, name: str, program: Step, seconds: float) -> Step:
    """The steps on a thread of a pool; after the time they are left alone, with a unit of their own: the message goes on without waiting for them."""
    pool = WorkerPool(builder, "circuitBreaker")

    def run(exchange: Exchange) -> None:
        future = pool.submit(program, exchange)
        try:
            future.result(seconds)
        except NotInTime:
            if future.done():  # the steps themselves raised it
                raise
            if not future.cancel() and exchange.unit is not None:
                left = exchange.unit = (
                    UnitOfWork()
                )  # what they take from now on has their outcome, not that of the message
                future.add_done_callback(lambda ended: left.release(ended.exception()))
            raise _TimedOut(f"TimeLimiter '{name}' recorded a timeout exception.") from None

    return run


def _bounded(name: str, program: Step, calls: int, wait: float) -> Step:
    places = threading.BoundedSemaphore(max(calls, 1))
    acquire: Callable[[], bool] = (
        (lambda: places.acquire(timeout=wait)) if wait > 0 else (lambda: places.acquire(blocking=False))
    )

    def run(exchange: Exchange) -> None:
        if not acquire():
            raise BulkheadFullException(f"Bulkhead '{name}' is full and does not permit further calls")
        try:
            program(exchange)
        finally:
            places.release()

    return run
