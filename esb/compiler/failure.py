"""What a route does about failures: the error handler with its onException clauses, run by the program loop when a step raises.

Meaning is that of Camel's RedeliveryErrorHandler and DeadLetterChannel, held against recorded behaviour: redelivery repeats only the failing step,
with the message as it was given to that step; a handled failure ends this route and those that called it; a failure that a handler has seen is final.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from esb.compiler.policy import Policy
from esb.component import PASSED
from esb.errors import RouteError
from esb.exchange import Exchange, Message
from esb.expression import Predicate
from esb.program import Program, Step

_log = logging.getLogger("esb.route")

REDELIVERED = "CamelRedelivered"
COUNTER = "CamelRedeliveryCounter"
MAX_COUNTER = "CamelRedeliveryMaxCounter"
_DEPTH = "esb.deadLetters"
"""Property: how many dead letter endpoints this exchange is on its way through."""


@dataclass(frozen=True, slots=True)
class Clause:
    """An onException clause, compiled."""

    catches: tuple[type[BaseException], ...]
    policy: Policy
    steps: Program | None = None
    when: Predicate | None = None
    retry_while: Predicate | None = None
    handled: Predicate | None = None
    continued: Predicate | None = None
    on_redelivery: Step | None = None
    on_exception_occurred: Step | None = None
    use_original_message: bool = False
    use_original_body: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Where a message goes when no try is left."""

    send: Callable[[Exchange], None]
    uri: str
    swallow: bool = True
    """Whether a failure on the way there counts as handled."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What holds for one failure: the clause's word where it has one, else the handler's."""

    policy: Policy
    clause: Clause | None
    retry_while: Predicate | None
    on_redelivery: Step | None
    occurred: Step | None


class ErrorHandler:
    """Keeps :class:`esb.program.FailureHandler`. Immutable and shared by all threads of a route.

    ``stopping`` is set when the bus stops: it ends waits between tries, so that a drain is not held up by a long delay. What waited goes back to
    its source, if that brings it again; else it is given up.
    """

    def __init__(
        self,
        *,
        clauses: Sequence[Clause] = (),
        policy: Policy,
        dead_letter: DeadLetter | None = None,
        stopping: threading.Event,
        retry_while: Predicate | None = None,
        on_redelivery: Step | None = None,
        on_exception_occurred: Step | None = None,
        on_prepare_failure: Step | None = None,
        use_original_message: bool = False,
        use_original_body: bool = False,
        log_name: str = "",
    ) -> None:
        self._clauses = tuple(clauses)
        self._policy = policy
        self._dead_letter = dead_letter
        self._stopping = stopping
        self._retry_while = retry_while
        self._on_redelivery = on_redelivery
        self._occurred = on_exception_occurred
        self._prepare = on_prepare_failure
        self._original_message = use_original_message
        self._original_body = use_original_body
        self._log = logging.getLogger(log_name) if log_name else _log
        self.redelivers = any(
            policy.maximum_redeliveries for policy in (self._policy, *(clause.policy for clause in self._clauses))
        ) or any((self._retry_while, *(clause.retry_while for clause in self._clauses)))
        # Camel leaves the headers of redelivery on an unhandled message only where anything is configured.
        self._plain = not (self.redelivers or clauses or dead_letter or on_prepare_failure)

    @property
    def sentence(self) -> str:
        """One line for ``esb describe``."""
        tries = self._policy.maximum_redeliveries
        told = (
            [f"{'for ever' if tries < 0 else f'{tries} times'} again after {self._policy.redelivery_delay:g} s"]
            if tries
            else []
        )
        told += [f"{len(self._clauses)} onException"] if self._clauses else []
        told.append(f"dead letter to {self._dead_letter.uri}" if self._dead_letter else "to the sender")
        return ", ".join(told)

    def failed(self, exchange: Exchange, error: Exception, program: Program, at: int, before: Message | None) -> int:
        """See :meth:`esb.program.FailureHandler.failed`."""
        attempts, delay = 0, 0.0
        while True:
            plan = self._plan(exchange, error)
            self._note(exchange, error, program, at)
            if exchange.properties.get(PASSED) is error:
                return self._exhausted(exchange, error, replace(plan, clause=None), at, attempts)
            if plan.occurred:
                plan.occurred(exchange)
            if before is None or not self._again(exchange, plan, attempts):
                return self._exhausted(exchange, error, plan, at, attempts)
            attempts += 1
            delay = plan.policy.delay(delay, attempts)
            if self._stopping.wait(delay):
                if not _comes_again(exchange):
                    return self._exhausted(exchange, error, plan, at, attempts)
                # Tries are left, so nobody has given up: nothing is handled, and the message goes back to where it came from.
                exchange.exhausted = True
                raise error
            exchange.message.restore(before)
            headers = exchange.message.headers
            headers[REDELIVERED] = True
            headers[COUNTER] = attempts
            if plan.policy.maximum_redeliveries > 0:
                headers[MAX_COUNTER] = plan.policy.maximum_redeliveries
            exchange.error = None
            if plan.on_redelivery:
                plan.on_redelivery(exchange)
            try:
                program.steps[at](exchange)
            except Exception as again:
                error = again
                if exchange.exhausted:
                    raise
            else:
                return at + 1

    def _plan(self, exchange: Exchange, error: Exception) -> _Plan:
        clause = self._clause(exchange, error)
        if clause is None:
            return _Plan(self._policy, None, self._retry_while, self._on_redelivery, self._occurred)
        return _Plan(
            clause.policy,
            clause,
            clause.retry_while or self._retry_while,
            clause.on_redelivery or self._on_redelivery,
            clause.on_exception_occurred or self._occurred,
        )

    def _clause(self, exchange: Exchange, error: BaseException) -> Clause | None:
        """The clause of the nearest class, of the error or a cause; at the same distance the root's, then the first one's (as Camel's matcher)."""
        best: tuple[int, Clause] | None = None
        for candidate in reversed(_chain(error)):
            for clause in self._clauses:
                distance = _distance(candidate, clause.catches)
                if distance is None or (best and best[0] <= distance):
                    continue
                if clause.when is None or self._holds(exchange, clause.when, error):
                    best = (distance, clause)
            if best and best[0] == 0:
                break
        return best[1] if best else None

    def _holds(self, exchange: Exchange, predicate: Predicate, error: BaseException) -> bool:
        # The predicate may look at ${exception}, which is not noted yet while the clause is being chosen.
        before = exchange.properties.get("CamelExceptionCaught")
        exchange.properties["CamelExceptionCaught"] = error
        try:
            return predicate(exchange)
        finally:
            exchange.properties["CamelExceptionCaught"] = before

    def _again(self, exchange: Exchange, plan: _Plan, attempts: int) -> bool:
        if getattr(exchange.caught, "rollback", False):  # a rollback is meant: trying again would undo it
            return False
        if plan.retry_while:
            # Camel counts the try to come before it asks, so that the condition may look at the counter.
            exchange.message.headers[COUNTER] = attempts + 1
            return plan.retry_while(exchange)
        return plan.policy.again(attempts)

    def _note(self, exchange: Exchange, error: Exception, program: Program, at: int) -> None:
        properties = exchange.properties
        properties["CamelExceptionCaught"] = error
        properties["CamelFailureRouteId"] = exchange.route
        if at < len(program.labels):
            properties["esb.failedStep"] = program.labels[at]

    def _exhausted(self, exchange: Exchange, error: Exception, plan: _Plan, at: int, attempts: int) -> int:
        clause, properties = plan.clause, exchange.properties
        properties["CamelFailureEndpoint"] = properties.get("CamelToEndpoint")
        if clause and clause.continued and clause.continued(exchange):
            return self._continue(exchange, clause, at)
        dead_letter = self._dead_letter if clause is None or clause.steps is None else None
        # What goes to the dead letter endpoint is handled, whatever a clause without steps says.
        handled = dead_letter is not None or bool(clause and clause.handled and clause.handled(exchange))
        # What nobody handles is logged once, where the exchange ends; what is handled would leave no trace otherwise.
        if handled and dead_letter and plan.policy.log_exhausted:
            self._log.warning(
                "%s: to the dead letter endpoint %s: %s: %s",
                exchange.route,
                dead_letter.uri,
                type(error).__name__,
                error,
            )
        if handled:
            _forget_tries(exchange)
        elif not self._plain and exchange.properties.get(PASSED) is not error:
            exchange.message.headers[COUNTER] = attempts
            exchange.message.headers[REDELIVERED] = attempts > 0
        if dead_letter or (clause and clause.steps is not None):
            self._original(exchange, clause)
        self._process(exchange, clause, dead_letter)
        if handled:
            exchange.error = None
            exchange.halted = exchange.handled = True
            return at
        exchange.properties["CamelFailureEndpoint"] = exchange.properties.get("CamelToEndpoint")
        exchange.exhausted = True
        raise error

    def _continue(self, exchange: Exchange, clause: Clause, at: int) -> int:
        _forget_tries(exchange)
        if clause.steps is not None:
            self._original(exchange, clause)
        exchange.error = None
        self._run(exchange, clause.steps)
        return at + 1

    def _original(self, exchange: Exchange, clause: Clause | None) -> None:
        message = self._original_message if clause is None else clause.use_original_message or self._original_message
        body = self._original_body if clause is None else clause.use_original_body or self._original_body
        if exchange.original is None:
            return
        if message:
            exchange.message.restore(exchange.original)
        elif body:
            exchange.message.body = exchange.original.body

    def _process(self, exchange: Exchange, clause: Clause | None, dead_letter: DeadLetter | None) -> None:
        """Run what the failure is given to: the clause's steps, or the dead letter endpoint."""
        if self._prepare:
            self._prepare(exchange)
        if clause and clause.steps is not None:
            self._run(exchange, clause.steps)
        elif dead_letter:
            depth = exchange.properties.get(_DEPTH, 0)
            if (
                depth > 1
            ):  # the dead letter's own route has failed and sent it once more already: there is nowhere left to go
                raise RouteError(f"the dead letter endpoint {dead_letter.uri} fails by its own route")
            exchange.properties[_DEPTH] = depth + 1
            exchange.properties["CamelToEndpoint"] = dead_letter.uri
            halted, exchange.halted = exchange.halted, False
            exchange.waits += 1
            exchange.guards += 1
            try:
                dead_letter.send(exchange)
            except Exception as new:
                exchange.properties["CamelExceptionCaught"] = new
                if not dead_letter.swallow:
                    exchange.properties["CamelFailureEndpoint"] = dead_letter.uri
                    exchange.exhausted = True
                    raise
                self._log.warning("%s: the dead letter endpoint %s failed: %s", exchange.route, dead_letter.uri, new)
                exchange.exhausted = False
            finally:
                exchange.waits -= 1
                exchange.guards -= 1
                exchange.halted = halted
                exchange.properties[_DEPTH] = depth

    def _run(self, exchange: Exchange, steps: Program | None) -> None:
        if steps is None:
            return
        exchange.waits += 1
        exchange.guards += 1
        try:
            steps(exchange)
        except Exception as new:
            exchange.exhausted = True  # a new failure in the handling is given to no other handler
            exchange.properties["CamelExceptionCaught"] = new
            raise
        finally:
            exchange.waits -= 1
            exchange.guards -= 1


def _forget_tries(exchange: Exchange) -> None:
    for name in (REDELIVERED, COUNTER, MAX_COUNTER):
        exchange.message.headers.pop(name)


def _chain(error: BaseException) -> list[BaseException]:
    """The error and its causes, nearest first."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__
    return chain


def _distance(error: BaseException, catches: tuple[type[BaseException], ...]) -> int | None:
    """How far above the error's class the nearest of the caught ones is; None if it is none of them."""
    ancestry = type(error).__mro__
    return min((ancestry.index(known) for known in catches if known in ancestry), default=None)


def _comes_again(exchange: Exchange) -> bool:
    """Whether a failure now brings the message again as a whole: not that of a part or a tap, and not where a step outside may take it over."""
    return exchange.unit is not None and exchange.unit.returns and not exchange.guards
