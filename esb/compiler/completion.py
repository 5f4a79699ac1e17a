"""``onCompletion``: steps that run when an exchange is done with a route.

After the consumer (the usual mode) they work on a copy, on a thread of the context, once the exchange's unit of work has settled: once for each route
passed, the last one first. Before the consumer they work on the exchange itself at the end of the route, so that the answer shows what they did.
An error that was handled counts as complete. A completion that fails is logged and holds up nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any, Final

from esb.compiler.build import RouteParts, StepsBuilder
from esb.component import Context
from esb.dsl.model import OnCompletionSpec
from esb.errors import ConfigError, OptionError
from esb.exchange import IN_ONLY, Exchange, current
from esb.expression import Predicate
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.unit import UnitOfWork

_log = logging.getLogger("esb.route")
_PENDING: Final = "esb.completions"
_WAIT: Final = 30.0


class OnCompletionStep(StepSpec):
    """The first step of a route that has completions: it notes that they shall run. ``intercept`` sees it, as in Camel."""

    name = "onCompletion"

    def __init__(self, spec: OnCompletionSpec, made: Completion | None) -> None:
        super().__init__(spec.at, id=spec.id)
        self._made = made

    def build(self, builder: Builder) -> Step:
        return self._made.expect if self._made is not None else _nothing


def _nothing(_exchange: Exchange) -> None:
    """The mark of a completion that the route itself runs at its end."""


def completions(parts: RouteParts, specs: Sequence[OnCompletionSpec]) -> tuple[list[OnCompletionStep], list[Step]]:
    """The first steps that completions need, and what runs at the route's end. What is wrong is noted."""
    first: list[OnCompletionStep] = []
    at_end: list[Step] = []
    for spec in specs:
        if spec.disabled:
            continue
        try:
            made = Completion(parts, spec)
        except ConfigError as error:
            parts.findings.append(error)
            continue
        after = spec.mode == "AfterConsumer"
        first.append(OnCompletionStep(spec, made if after else None))
        if not after:
            at_end.insert(0, made.at_end)
    return first, at_end


def keeps_original(specs: Sequence[OnCompletionSpec]) -> bool:
    """Whether any asks for the message as it came in."""
    return any(spec.use_original_message for spec in specs)


class Completion:
    """One clause, compiled for one route. Thread-safe."""

    def __init__(self, parts: RouteParts, spec: OnCompletionSpec) -> None:
        if spec.on_complete_only and spec.on_failure_only:
            raise OptionError("onCompleteOnly and onFailureOnly cannot both be true", spec.at, "remove one of them")
        if not spec.steps:
            raise OptionError("onCompletion has no steps", spec.at, "indent the steps it is for below 'steps:'")
        builder = StepsBuilder(parts)
        self._program = builder.compile(spec.steps, tail=True)
        self._when: Predicate | None = builder.predicate(spec.on_when) if spec.on_when is not None else None
        self._context: Context = parts.context
        self._route_id = parts.route_id
        self._on_complete = not spec.on_failure_only
        self._on_failure = not spec.on_complete_only
        self._original: bool = spec.use_original_message
        self._parallel: bool = spec.parallel_processing
        self._under_way = 0
        self._changed = threading.Condition()
        parts.on_stop.append(self._drain)

    # -- after the consumer ----------------------------------------------------------------------------------------------------

    def expect(self, exchange: Exchange) -> None:
        """Run once the exchange's unit settles."""
        unit = exchange.unit
        if unit is None:
            unit = exchange.unit = UnitOfWork()  # the route that delivers it releases it
        pending: Any = exchange.properties.get(_PENDING)
        if pending is None or pending.unit is not unit:
            pending = exchange.properties[_PENDING] = _Pending(unit, self._context)
        with self._changed:
            self._under_way += 1
        pending.completions.append((self, exchange))

    def settled(self, copy: Exchange, error: BaseException | None) -> None:
        """Run on a copy of the exchange, or let another thread do so."""
        if self._parallel:
            self._context.background(lambda: self._counted(copy, error))
        else:
            self._counted(copy, error)

    def _counted(self, copy: Exchange, error: BaseException | None) -> None:
        try:
            self._on_copy(copy, error)
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _on_copy(self, copy: Exchange, error: BaseException | None) -> None:
        if not (self._on_failure if error is not None else self._on_complete):
            return
        copy.route = self._route_id
        if error is not None:
            copy.properties.setdefault("CamelExceptionCaught", error)
        copy.properties.pop(_PENDING, None)
        copy.unit = UnitOfWork(self._logged)
        before, current.exchange = current.exchange, copy
        failure: Exception | None = None
        try:
            if self._when is None or self._when(copy):
                self._prepared(copy)
                self._program(copy)
        except Exception as raised:
            failure = raised
        finally:
            current.exchange = before
        copy.unit.release(failure)

    def _logged(self, unit: UnitOfWork) -> None:
        if unit.error is not None:
            _log.warning("%s: onCompletion failed: %s: %s", self._route_id, type(unit.error).__name__, unit.error)

    def _prepared(self, exchange: Exchange) -> None:
        if self._original and exchange.original is not None:
            exchange.message = exchange.original.copy()
        exchange.properties["CamelOnCompletion"] = True

    def _drain(self) -> None:
        """Wait for what is under way, before what it sends to is stopped."""
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way, _WAIT)

    # -- before the consumer ---------------------------------------------------------------------------------------------------

    def at_end(self, exchange: Exchange) -> None:
        """Run at the end of the route, on the exchange itself. Raises what fails, unless the route has failed already."""
        error = exchange.error
        if not (self._on_failure if error is not None else self._on_complete):
            return
        if self._parallel:
            with self._changed:
                self._under_way += 1
            copy = exchange.derive(pattern=IN_ONLY)
            self._context.background(lambda: self._counted(copy, error))
            return
        if self._when is not None and not self._when(exchange):
            return
        flags = exchange.halted, exchange.handled, exchange.exhausted
        exchange.halted = exchange.handled = exchange.exhausted = False
        exchange.error = None
        exchange.waits += 1
        self._prepared(exchange)
        try:
            self._program(exchange)
        except Exception as failure:
            if error is None:
                raise
            _log.warning("%s: onCompletion failed: %s: %s", self._route_id, type(failure).__name__, failure)
        finally:
            exchange.waits -= 1
            exchange.halted, exchange.handled, exchange.exhausted = flags
            exchange.error = error


class _Pending:
    """The completions of one unit."""

    def __init__(self, unit: UnitOfWork, context: Context) -> None:
        self.unit = unit
        self.completions: list[tuple[Completion, Exchange]] = []
        self._context = context
        unit.before_settle(self._settle)

    def _settle(self, unit: UnitOfWork) -> None:
        """On whatever thread releases last, which may be the broker's own: copies are taken here, and nothing is run."""
        error = unit.error
        due = [(completion, exchange.derive(pattern=IN_ONLY)) for completion, exchange in reversed(self.completions)]

        def run() -> None:
            for completion, copy in due:
                completion.settled(copy, error)

        self._context.background(run)
