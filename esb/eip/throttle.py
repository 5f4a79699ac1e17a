"""``throttle``: limits how many messages pass (Camel's Throttle EIP)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esb.coerce import integer, text
from esb.eip._permits import Concurrency, Rate
from esb.eip._told import told
from esb.eip._waits import Wait
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.expression import Expression
from esb.fields import Kind, field
from esb.javanames import IllegalStateException, RuntimeExchangeException, ThrottlerRejectedExecutionException
from esb.program import Step
from esb.step import Builder, StepSpec


class ThrottleSpec(StepSpec):
    """Let a number of messages through in a time, or a number at once; the others wait for their turn, or fail (rejectExecution).

    The count is kept in this process: with several workers each lets so many through. Waiting holds the thread, so that back-pressure reaches
    the consumer.
    """

    name = "throttle"
    expression = field(
        Kind.EXPRESSION, inline=True, doc="How many messages; asked for each.", example='constant: "100"'
    )
    mode = field(
        Kind.TEXT,
        "TotalRequests",
        enum=("TotalRequests", "ConcurrentRequests"),
        doc="Whether the number holds for a period, or for messages under way at the same time.",
    )
    time_period_millis = field(Kind.DURATION, 1.0, doc="The period; a sliding window.", example="1s")
    correlation_expression = field(
        Kind.EXPRESSION, None, doc="Count messages with the same value on their own.", example="{header: customer}"
    )
    reject_execution = field(
        Kind.BOOL, False, doc="Fail what is too much (ThrottlerRejectedExecutionException) instead of letting it wait."
    )
    async_delayed = field(Kind.BOOL, False, doc="Accepted without effect: waiting holds its thread.")
    caller_runs_when_rejected = field(Kind.BOOL, True, doc="Accepted without effect.")
    executor_service = field(Kind.REF, None, doc="Java only, accepted without effect.")

    def build(self, builder: Builder) -> Step:
        limit = _limit(builder.expression(self.expression), told(self.expression))
        key = _key(builder.expression(self.correlation_expression) if self.correlation_expression else None)
        if self.mode == "ConcurrentRequests":
            return self._concurrent(builder, limit, key)
        if self.time_period_millis <= 0:
            raise OptionError("'timePeriodMillis' must be more than nothing", self.at)
        period = self.time_period_millis
        rate = Rate(period)
        if self.reject_execution:

            def reject(exchange: Exchange) -> None:
                allowed = limit(exchange)
                if not rate.try_take(key(exchange), allowed):
                    raise ThrottlerRejectedExecutionException(
                        f"Exceeded the max throttle rate of {allowed} within {round(period * 1000)}ms"
                    )

            return reject
        wait = Wait(builder)

        def throttle(exchange: Exchange) -> None:
            seconds = rate.take(key(exchange), limit(exchange))
            if seconds is None or seconds > 0:
                wait(seconds)

        return throttle

    def _concurrent(self, builder: Builder, limit: Callable[[Exchange], int], key: Expression) -> Step:
        permits = Concurrency()
        builder.on_start(permits.start)
        builder.on_stop(permits.stop)
        reject = self.reject_execution

        def throttle_concurrent(exchange: Exchange) -> None:
            allowed = limit(exchange)
            give_back = permits.try_take(key(exchange), allowed) if reject else permits.take(key(exchange), allowed)
            if give_back is None:
                raise ThrottlerRejectedExecutionException(f"Exceeded the max throttle rate of {allowed}")
            unit = exchange.unit
            if unit is None:
                give_back()  # nobody will tell when this message is done
            else:
                unit.before_settle(lambda _unit: give_back())

        return throttle_concurrent

    def sentence(self) -> str:
        at_once = self.mode == "ConcurrentRequests"
        return f"let {told(self.expression)} messages through {'at once' if at_once else f'in {self.time_period_millis:g} s'}"


def _limit(evaluate: Expression, words: str) -> Callable[[Exchange], int]:
    known = 0

    def limit(exchange: Exchange) -> int:
        nonlocal known
        value = integer(evaluate(exchange))
        if value is None:
            if not known:
                raise RuntimeExchangeException(f"the number of messages to let through came to nothing: {words}")
            return known  # as in Camel, the last number goes on to hold
        if value < 0:
            raise IllegalStateException(f"the number of messages to let through must not be negative, was {value}")
        known = value
        return value

    return limit


def _key(evaluate: Expression | None) -> Expression:
    if evaluate is None:
        return lambda _exchange: ""

    def key(exchange: Exchange) -> Any:
        value = text(evaluate(exchange))
        if value is None:
            raise RuntimeExchangeException("the correlation expression of the throttle came to nothing")
        return value

    return key
