"""Options that split, multicast and recipientList have in common, and what is built from them once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from esb.eip._children import OUTSTANDING, Children, Failures, Gather, Results
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.strategies import Strategy, UseLatest, strategy

THREADS: Final = 10
"""Threads of a parallel step: the core size of Camel's default thread pool."""
_AHEAD: Final = 100
"""Children of a parallel step that may wait for a thread."""


class GatheringSpec(StepSpec):
    """A step that makes children of its message and puts their results together."""

    aggregation_strategy = field(
        Kind.REF,
        None,
        doc="How the results become one: a bean, '#class:module:Name', a Camel class, or a function of two bodies.",
        example="#class:org.apache.camel.processor.aggregate.GroupedBodyAggregationStrategy",
    )
    aggregation_strategy_method_name = field(Kind.TEXT, None, doc="The bean's method to call, if it has several.")
    aggregation_strategy_method_allow_null = field(
        Kind.BOOL, False, doc="Whether the function is called for the first result too, with None as the old body."
    )
    parallel_processing = field(
        Kind.BOOL, False, doc="Run on a pool of threads. Results are still put together in order, unless streaming."
    )
    parallel_aggregate = field(
        Kind.BOOL, False, doc="Accepted for Camel's sake; the strategy is always called by one thread at a time."
    )
    executor_service = field(
        Kind.REF, None, doc="Accepted for Camel's sake; each parallel step has a bounded pool of its own."
    )
    synchronous = field(Kind.BOOL, False, doc="Accepted for Camel's sake; steps are always run to their end here.")
    streaming = field(Kind.BOOL, False, doc="Put results together as they come, not in order.")
    stop_on_exception = field(
        Kind.BOOL, False, doc="End at the first failure; otherwise the others go on, and the step fails at its end."
    )
    timeout = field(
        Kind.DURATION,
        0.0,
        doc="Total time; what has not ended by then is left out. Only with parallelProcessing.",
        example="5000",
    )
    on_prepare = field(Kind.REF, None, doc="A processor called with each copy before it is run, for a deep copy say.")
    share_unit_of_work = field(
        Kind.BOOL, False, doc="A failure that was handled for a child counts for the whole message: it ends here too."
    )


def named_strategy(builder: Builder, spec: Any) -> Strategy | None:
    """The strategy that the options of a step name, None if there is none."""
    if not spec.aggregation_strategy:
        return None
    return strategy(
        builder.reference(spec.aggregation_strategy, spec.at, kind="strategy"),
        method=spec.aggregation_strategy_method_name,
        allow_null=getattr(spec, "aggregation_strategy_method_allow_null", False),
        at=spec.at,
    )


class WorkerPool:
    """The threads of a parallel step, made on first use and gone after the route's stop. Thread-safe."""

    def __init__(self, builder: Builder, name: str, threads: int = THREADS) -> None:
        self._name = f"{builder.route_id}-{name}"
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        builder.on_start(self._start)
        builder.on_stop(self._stop)

    def _start(self) -> None:
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=self._name)

    def _stop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)

    def submit(self, call: Callable[..., Any], /, *arguments: Any) -> Any:
        """See :class:`esb.eip._children.Pool`."""
        pool = self._pool
        if pool is None:
            raise RuntimeError(f"the route of {self._name} does not run")
        return pool.submit(call, *arguments)


class Gathering:
    """What is known once: how children are run and their results gathered. Built after the nested steps, so that its pool stops before them."""

    def __init__(self, builder: Builder, spec: GatheringSpec, *, keeps_original: bool) -> None:
        """``keeps_original``: without a strategy the message stays as it was (split); otherwise the last result counts."""
        if spec.timeout > 0 and not spec.parallel_processing:
            raise OptionError(f"{spec.name}: 'timeout' needs 'parallelProcessing: true'", spec.at)
        self._strategy = named_strategy(builder, spec)
        self._keeps_original = keeps_original
        self._shared = bool(spec.share_unit_of_work)
        self._timeout = float(spec.timeout)
        self._stop = bool(spec.stop_on_exception)
        self._in_order = not (spec.streaming and spec.parallel_processing)
        self._final = not builder.in_try
        self._may_leave = builder.tail and not builder.in_try and not self._stop
        self._pool = WorkerPool(builder, spec.name) if spec.parallel_processing else None

    def _gather(self, exchange: Exchange) -> Gather:
        chosen = self._strategy
        if chosen is None:
            if self._keeps_original and not self._shared:
                return Failures(exchange)
            usual: Strategy = _Kept(exchange) if self._keeps_original else UseLatest()
            return Results(usual, shared=self._shared, waits=False)
        # Camel gives the message to a strategy in a split only: elsewhere that of the original has none.
        bind = getattr(chosen, "bind", None) if self._keeps_original else None
        return Results(bind(exchange) if bind else chosen, shared=self._shared)

    def run(self, exchange: Exchange, pairs: Iterable[tuple[Exchange, Step]]) -> None:
        """Run the children of a message and give it their outcome; raises their failure."""
        pool = self._pool
        children = Children(
            exchange,
            self._gather(exchange),
            stop_on_exception=self._stop,
            in_order=self._in_order,
            final=self._final,
            own_originals=not self._shared,
            outstanding=OUTSTANDING if pool is None else _AHEAD,
        )
        if pool is None:
            children.run(pairs)
        else:
            children.run_parallel(pairs, pool, self._timeout)
        children.finish(may_leave=self._may_leave and not exchange.waits)


class _Kept:
    """The original as outcome of a split whose parts share its unit: failures come to it through the sharing."""

    def __init__(self, original: Exchange) -> None:
        self._original = original

    def aggregate(self, old: Exchange | None, new: Exchange | None) -> Exchange | None:
        del old, new
        return self._original
