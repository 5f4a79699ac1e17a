"""aggregate: messages that belong together become one (Camel's Aggregate EIP)."""

from __future__ import annotations

from typing import Any

from esb.coerce import integer, text
from esb.eip._aggregator import Aggregator, Completion
from esb.eip._gathering import WorkerPool
from esb.eip._repositories import repository
from esb.eip._told import told
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.expression import Expression
from esb.fields import Kind, Spec, field
from esb.javanames import CamelExchangeException
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.stores.contract import AggregationRepository
from esb.stores.memory import MemoryAggregationRepository
from esb.strategies import Strategy, strategy

COMPLETE_ALL = "CamelAggregationCompleteAllGroups"
COMPLETE_ALL_INCLUSIVE = "CamelAggregationCompleteAllGroupsInclusive"


class OptimisticLockRetryPolicySpec(Spec):
    """Accepted for Camel's sake: our repositories lock a group while it is changed, so nothing collides."""

    name = "optimisticLockRetryPolicy"
    maximum_retries = field(Kind.INT, 0, doc="Accepted without effect.")
    retry_delay = field(Kind.DURATION, 0.05, doc="Accepted without effect.")
    maximum_retry_delay = field(Kind.DURATION, 1.0, doc="Accepted without effect.")
    exponential_back_off = field(Kind.BOOL, True, doc="Accepted without effect.")
    random_back_off = field(Kind.BOOL, False, doc="Accepted without effect.")


class AggregateSpec(StepSpec):
    """Puts messages with the same key together by a strategy; when a group is complete its outcome runs through the steps.

    The messages themselves go on after the step at once. The outcome has an exchange of its own with the properties ``CamelAggregatedSize``,
    ``CamelAggregatedCompletedBy`` (size, timeout, interval, predicate, consumer, strategy, force) and ``CamelAggregatedCorrelationKey``; its failure
    does not reach the senders.

    Nothing is lost in a crash: groups in memory (the default) keep the deliveries of their InOnly messages open until the outcome is known, so
    that they come again; a durable repository has each message on disk before its delivery is acknowledged. A message whose sender waits for an
    answer is answered at once, and is safe only with a durable repository. Groups still open at a stop are given back.

    What fails while a group is completed fails that group's outcome only. Where a completion rule fails once the message is in its group, the message
    fails and a group in memory comes again as a whole, if all its messages can.
    """

    name = "aggregate"
    correlation_expression = field(Kind.EXPRESSION, doc="The group's key, as text.", example="{header: orderId}")
    aggregation_strategy = field(
        Kind.REF,
        None,
        doc="How messages become one: a bean, '#class:module:Name', a Camel class, or a function of two bodies.",
    )
    aggregation_strategy_method_name = field(Kind.TEXT, None, doc="The bean's method to call, if it has several.")
    aggregation_strategy_method_allow_null = field(
        Kind.BOOL, False, doc="Whether the function is called for the first message too, with None as the old body."
    )
    aggregation_repository = field(
        Kind.REF,
        None,
        doc="Where open groups are kept; in memory unless given.",
        example="'#class:esb.stores.sqlite:SqliteAggregationRepository'",
    )
    completion_size = field(Kind.INT, None, doc="Complete at so many messages.", example="10")
    completion_size_expression = field(Kind.EXPRESSION, None, doc="The same, from the message; goes before the number.")
    completion_timeout = field(
        Kind.DURATION, None, doc="Complete when no message came for so long.", example="completionTimeout: 5s"
    )
    completion_timeout_expression = field(
        Kind.EXPRESSION, None, doc="The same in milliseconds, from the message; goes before the number."
    )
    completion_interval = field(Kind.DURATION, None, doc="Complete all groups each time this interval has passed.")
    completion_predicate = field(
        Kind.EXPRESSION, None, doc="Complete when this holds for what was put together so far."
    )
    completion_from_batch_consumer = field(
        Kind.BOOL, False, doc="Complete at the end of the consumer's batch (the property CamelBatchSize)."
    )
    completion_on_new_correlation_group = field(
        Kind.BOOL, False, doc="Complete all other groups when a new one begins."
    )
    completion_timeout_checker_interval = field(
        Kind.DURATION, 1.0, doc="How often timeouts are looked for at most, when many groups are open."
    )
    eager_check_completion = field(
        Kind.BOOL,
        False,
        doc="Ask predicate and size expression about the incoming message, before it is put to its group.",
    )
    ignore_invalid_correlation_keys = field(Kind.BOOL, False, doc="Pass messages by that have no key.")
    close_correlation_key_on_completion = field(
        Kind.INT, None, doc="Refuse messages whose group is complete; so many keys are remembered, 0 is all of them."
    )
    discard_on_completion_timeout = field(Kind.BOOL, False, doc="Drop a group that timed out instead of running it.")
    discard_on_aggregation_failure = field(
        Kind.BOOL, False, doc="Drop the group when its strategy fails; otherwise the message fails and the group stays."
    )
    force_completion_on_stop = field(Kind.BOOL, False, doc="Complete open groups when the route stops.")
    complete_all_on_stop = field(
        Kind.BOOL, False, doc="Complete groups that wait for a timeout or interval when the route stops."
    )
    parallel_processing = field(Kind.BOOL, False, doc="Run outcomes on a pool of threads, not in the last sender's.")
    optimistic_locking = field(Kind.BOOL, False, doc="Accepted without effect: groups are locked while they change.")
    optimistic_lock_retry_policy = field(
        Kind.SPEC, None, spec=OptimisticLockRetryPolicySpec, doc="Accepted without effect."
    )
    executor_service = field(Kind.REF, None, doc="Accepted without effect: parallelProcessing has a bounded pool.")
    timeout_checker_executor_service = field(Kind.REF, None, doc="Accepted without effect.")
    aggregate_controller = field(Kind.REF, None, doc="Accepted without effect.")
    steps = field(Kind.STEPS, (), doc="What is done with the outcome.")

    def build(self, builder: Builder) -> Step:
        if not self.aggregation_strategy:
            raise OptionError("'aggregate' needs 'aggregationStrategy'", self.at, "say how two messages become one")
        combine = strategy(
            builder.reference(self.aggregation_strategy, self.at, kind="strategy"),
            method=self.aggregation_strategy_method_name,
            allow_null=self.aggregation_strategy_method_allow_null,
            at=self.at,
        )
        key_of = builder.expression(self.correlation_expression)
        completion = self._completion(builder, combine)
        groups: Any = MemoryAggregationRepository()
        if self.aggregation_repository:
            groups = repository(builder, self, self.aggregation_repository)
            if not isinstance(groups, AggregationRepository):
                raise OptionError(f"{self.aggregation_repository!r} is no aggregation repository", self.at)
        program = builder.program(self.steps, tail=True, in_try=False)
        aggregator = Aggregator(
            builder,
            combine,
            groups,
            completion,
            program,
            pool=WorkerPool(builder, self.name) if self.parallel_processing else None,
            remembered=self.close_correlation_key_on_completion,
            discard_failed=self.discard_on_aggregation_failure,
        )
        ignore_invalid: bool = self.ignore_invalid_correlation_keys

        def aggregate(exchange: Exchange) -> None:
            headers = exchange.message.headers
            if (headers or COMPLETE_ALL in exchange.properties) and _asks_for_all(exchange):
                aggregator.complete_all("force")
                return
            key = text(key_of(exchange))
            if key:
                aggregator.add(key, exchange)
            elif not ignore_invalid:
                raise CamelExchangeException("Invalid correlation key")
            if headers and headers.get(COMPLETE_ALL_INCLUSIVE) in {True, "true"}:
                headers.pop(COMPLETE_ALL_INCLUSIVE)
                aggregator.complete_all("force")

        return aggregate

    def _completion(self, builder: Builder, combine: Strategy) -> Completion:
        rules = (
            self.completion_size,
            self.completion_size_expression,
            self.completion_timeout,
            self.completion_timeout_expression,
            self.completion_interval,
            self.completion_predicate,
            self.completion_from_batch_consumer,
        )
        if not any(rules) and not hasattr(combine, "pre_complete"):
            raise OptionError(
                "'aggregate' never completes a group",
                self.at,
                "set completionSize, completionTimeout, completionInterval, completionPredicate or completionFromBatchConsumer",
            )
        if self.completion_interval and (self.completion_timeout or self.completion_timeout_expression):
            raise OptionError("only one of 'completionInterval' and 'completionTimeout' can be used", self.at)
        return Completion(
            size=self.completion_size or 0,
            size_of=_number(builder, self.completion_size_expression),
            timeout=self.completion_timeout or 0.0,
            timeout_of=_number(builder, self.completion_timeout_expression),
            interval=self.completion_interval or 0.0,
            predicate=builder.predicate(self.completion_predicate) if self.completion_predicate else None,
            batch=self.completion_from_batch_consumer,
            on_new_group=self.completion_on_new_correlation_group,
            eager=self.eager_check_completion,
            discard_on_timeout=self.discard_on_completion_timeout,
            at_most_every=self.completion_timeout_checker_interval,
            force_on_stop=self.force_completion_on_stop,
            all_on_stop=self.complete_all_on_stop,
        )

    def sentence(self) -> str:
        rules = [
            f"{self.completion_size} messages" if self.completion_size else "",
            f"size {told(self.completion_size_expression)}" if self.completion_size_expression else "",
            f"{self.completion_timeout:g} s without one" if self.completion_timeout else "",
            f"a time of {told(self.completion_timeout_expression)}" if self.completion_timeout_expression else "",
            f"every {self.completion_interval:g} s" if self.completion_interval else "",
            told(self.completion_predicate) if self.completion_predicate else "",
            "the end of the batch" if self.completion_from_batch_consumer else "",
        ]
        until = " or ".join(rule for rule in rules if rule) or "the strategy says so"
        return f"put messages together by {told(self.correlation_expression)} until {until}"


def _number(builder: Builder, spec: Any) -> Expression | None:
    if spec is None:
        return None
    evaluate = builder.expression(spec)
    return lambda exchange: integer(evaluate(exchange))


def _asks_for_all(exchange: Exchange) -> bool:
    headers, properties = exchange.message.headers, exchange.properties
    if headers.get(COMPLETE_ALL) in {True, "true"}:
        headers.pop(COMPLETE_ALL)
        return True
    return properties.pop(COMPLETE_ALL, None) in {True, "true"}
