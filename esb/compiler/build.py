"""The model of a route to its compiled form: nesting, tail analysis, references."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from esb.compiler.branches import branched
from esb.compiler.sentences import sentence
from esb.component import Context, Endpoint, Producer
from esb.errors import NOWHERE, ConfigError, OptionError, Position, ReferenceFault
from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Predicate
from esb.program import FailureHandler, Label, Program, Step
from esb.references import resolve
from esb.step import StepSpec

_log = logging.getLogger("esb.compiler")

Wrap = Callable[[Step, StepSpec], Step]
"""Puts something around each step (intercept, message history)."""


@dataclass
class RouteParts:
    """What the builders of one route share: its id, handler, findings, and what starts and stops with it."""

    context: Context
    route_id: str
    handler: FailureHandler | None
    findings: list[ConfigError]
    next_id: Callable[[str], str]
    may_be_dynamic: Callable[[str], bool]
    on_start: list[Callable[[], None]] = field(default_factory=list)
    on_stop: list[Callable[[], None]] = field(default_factory=list)
    producers: dict[int, Producer] = field(default_factory=dict)
    wraps: list[Wrap] = field(default_factory=list)
    wrap_producer: Callable[[str, Producer], Producer] | None = None
    """Intercepts what is sent to an endpoint."""
    log_mask: bool = False
    failed_late: Callable[[Exchange, Exception], None] = lambda *_: None
    """The route's own book of failures that come when its program has ended."""


class StepsBuilder:
    """Builds one list of steps; keeps :class:`esb.step.Builder`."""

    def __init__(self, parts: RouteParts, *, in_try: bool = False, handled: bool = True) -> None:
        self._parts = parts
        self.context = parts.context
        self.route_id = parts.route_id
        self.log_mask = parts.log_mask
        self.tail = False
        self.in_try = in_try
        self._handled = handled
        self._late: list[_Late] = []
        self._inner: list[Label] = []

    @property
    def _handler(self) -> FailureHandler | None:
        return self._parts.handler if self._handled and not self.in_try else None

    def compile(self, steps: Sequence[StepSpec], *, tail: bool) -> Program:
        """The program of the steps; each one's findings are noted."""
        compiled: list[Step] = []
        labels: list[Label] = []
        bound: list[_Late] = []
        enabled = [spec for spec in steps if not spec.disabled]
        for index, spec in enumerate(enabled):
            self.tail = tail and index == len(enabled) - 1
            self._late, self._inner = [], []
            name = spec.id or self._parts.next_id(spec.name)
            spec.id = name
            try:
                step = spec.build(self)
            except ConfigError as error:
                self.finding(error)
                continue
            except Exception as error:
                # A part that fails while it is built (a user's class, say) is a finding like any other, with its place.
                _log.debug("building %s failed", spec.name, exc_info=True)
                self.finding(OptionError(f"{spec.name} could not be built: {type(error).__name__}: {error}", spec.at))
                continue
            if step is None:
                continue
            for wrap in self._parts.wraps:
                step = wrap(step, spec)
            for late in self._late:
                late.at = len(compiled)
            bound += self._late
            compiled.append(step)
            # A step asks for a late failure only where its send is pipelined.
            told = f"{sentence(spec)}, pipelined" if self._late else sentence(spec)
            labels.append(Label(name, spec.at, told, branched(spec, self._inner)))
        program = Program(tuple(compiled), self._handler, tuple(labels))
        for late in bound:
            late.program = program
        return program

    def program(
        self, steps: Sequence[StepSpec], *, tail: bool = False, in_try: bool | None = None, handled: bool = True
    ) -> Program:
        inner = StepsBuilder(
            self._parts, in_try=self.in_try if in_try is None else in_try, handled=self._handled and handled
        )
        program = inner.compile(steps, tail=tail)
        self._inner += program.labels
        return program

    def late_failure(self) -> Callable[[Exchange, Exception], None]:
        late = _Late(self._parts, self._handler)
        self._late.append(late)
        return late.failed

    def expression(self, spec: LanguageSpec) -> Expression:
        return spec.compile(self.context)

    def predicate(self, spec: LanguageSpec) -> Predicate:
        return spec.compile_predicate(self.context)

    def endpoint(self, uri: str, parameters: Mapping[str, Any] | None = None, at: Position = NOWHERE) -> Endpoint:
        return self.context.endpoint(uri, parameters, at)

    def producer(self, uri: str, parameters: Mapping[str, Any] | None = None, at: Position = NOWHERE) -> Producer:
        endpoint = self.context.endpoint(uri, parameters, at)
        made = self._parts.producers.get(id(endpoint))
        if made is None:
            made = self._parts.producers[id(endpoint)] = endpoint.producer()
            self._parts.on_start.append(made.start)
            self._parts.on_stop.append(made.stop)
        return self._parts.wrap_producer(endpoint.uri, made) if self._parts.wrap_producer else made

    def dynamic(self, at: Position = NOWHERE, *, cache_size: int = 1000, scheme: str = "") -> Callable[[str], Producer]:
        cache = _DynamicProducers(self._parts, at, cache_size, scheme)
        self._parts.on_stop.append(cache.stop)
        return cache.producer

    def dynamic_endpoint(self, at: Position = NOWHERE, *, schemes: Sequence[str] = ()) -> Callable[[str], Endpoint]:
        parts = self._parts

        def endpoint(uri: str) -> Endpoint:
            scheme = uri.partition(":")[0].strip()
            if scheme not in schemes:
                _allow(parts, scheme, at)
            return parts.context.endpoint(uri, None, at)

        return endpoint

    def reference(self, text: str, at: Position = NOWHERE, *, kind: str = "bean") -> Any:
        return resolve(self.context, text, at, kind)

    def background(self, program: Callable[[], None]) -> None:
        self.context.background(program)

    def finding(self, error: ConfigError) -> None:
        self._parts.findings.append(error)

    def on_start(self, call: Callable[[], None]) -> None:
        self._parts.on_start.append(call)

    def on_stop(self, call: Callable[[], None]) -> None:
        self._parts.on_stop.append(call)


class _Late:
    """A failure that comes after its step returned: a pipelined send that was not confirmed."""

    def __init__(self, parts: RouteParts, handler: FailureHandler | None) -> None:
        self._parts = parts
        self._handler = handler
        self.program: Program | None = None
        self.at = 0

    def failed(self, exchange: Exchange, error: Exception) -> None:
        self._parts.context.background(lambda: self._handle(exchange, error))

    def _handle(self, exchange: Exchange, error: Exception) -> None:
        program, handler, unit = self.program, self._handler, exchange.unit
        assert program is not None
        assert unit is not None
        outcome: BaseException | None = None
        exchange.waits += 1  # a further try waits for its own confirm: its failure must come back to this very handler
        try:
            if handler is None:
                raise error
            at = handler.failed(
                exchange, error, program, self.at, exchange.message.copy() if handler.redelivers else None
            )
            if not exchange.halted:
                program.run(exchange, at)
        except Exception as final:
            outcome = exchange.error = final
            if unit.parent is None:  # the failure of a part is its step's
                self._parts.failed_late(exchange, final)
        finally:
            exchange.waits -= 1
        unit.release(outcome)


def _allow(parts: RouteParts, scheme: str, at: Position) -> None:
    if not parts.may_be_dynamic(scheme):
        raise ReferenceFault(
            f"the scheme {scheme!r} may not come from a message",
            at,
            "write the scheme in the route, or list it under 'dynamic: {schemes: [...]}' in esb.yaml",
        )


class _DynamicProducers:
    """Producers by URIs that are known per message. Thread-safe; the least recently used one beyond the size is stopped."""

    def __init__(self, parts: RouteParts, at: Position, size: int, scheme: str) -> None:
        self._parts = parts
        self._at = at
        self._size = size if size > 0 else 1000
        self._scheme = scheme
        self._made: OrderedDict[str, Producer] = OrderedDict()
        self._lock = threading.Lock()

    def producer(self, uri: str) -> Producer:
        """The started producer of a URI. Raises ConfigError for one that is wrong or not allowed."""
        made = self._made.get(uri)
        if made is not None:
            return made
        scheme = uri.partition(":")[0].strip()
        if scheme != self._scheme:
            _allow(self._parts, scheme, self._at)
        endpoint = self._parts.context.endpoint(uri, None, self._at, keep=False)
        made = endpoint.producer()
        made.start()
        if self._parts.wrap_producer:
            made = self._parts.wrap_producer(endpoint.uri, made)
        with self._lock:
            self._made[uri] = made
            if len(self._made) > self._size:
                _, oldest = self._made.popitem(last=False)
                self._parts.context.later(60.0, oldest.stop)  # by then no send of it is under way
        return made

    def stop(self) -> None:
        """Stop all of them."""
        with self._lock:
            made, self._made = list(self._made.values()), OrderedDict()
        for producer in made:
            producer.stop()
