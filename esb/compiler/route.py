"""A compiled route: what runs per message, what starts and stops with it, and what is counted."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from esb.component import Consumer, Endpoint
from esb.exchange import Exchange, current
from esb.program import Program, Step
from esb.unit import UnitOfWork

_log = logging.getLogger("esb.route")


@dataclass(slots=True)
class Counts:
    """What a route has done since it was started. Updated under the route's lock, once a batch."""

    completed: int = 0
    failed: int = 0
    seconds: float = 0.0
    last_error: str = ""


@dataclass
class Route:
    """One route of a context. ``status`` is Stopped, Starting, Started or Suspended (Camel's words).

    Thread-safe: :meth:`deliver` and :meth:`process` run on the consumers' threads, many at a time.
    """

    id: str
    endpoint: Endpoint
    program: Program
    group: str = ""
    description: str = ""
    startup_order: int | None = None
    auto_startup: bool = True
    keeps_original: bool = False
    completions: tuple[Step, ...] = ()
    after_settle: tuple[Step, ...] = ()
    on_start: list[Callable[[], None]] = field(default_factory=list)
    on_stop: list[Callable[[], None]] = field(default_factory=list)
    status: str = "Stopped"
    consumer: Consumer | None = None
    counts: Counts = field(default_factory=Counts)
    on_batch: Callable[[Route, Sequence[Exchange], float], None] | None = None
    """Metrics' hook: called once a batch with its duration."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._inflight = 0
        self._forget: Callable[[], None] = lambda: None
        self._running = False

    @property
    def inflight(self) -> int:
        """Exchanges that this route is running now."""
        return self._inflight

    def deliver(self, exchanges: Sequence[Exchange]) -> None:
        """Run exchanges that a consumer brought, and release their units. See :data:`esb.component.Deliver`."""
        began = time.perf_counter()
        with self._lock:
            self._inflight += len(exchanges)
        failed = 0
        error = ""
        for exchange in exchanges:
            exchange.from_route = exchange.from_route or self.id
            exchange.from_endpoint = exchange.from_endpoint or self.endpoint.uri
            if self.after_settle and exchange.unit is not None:
                exchange.unit.before_settle(self._completing(exchange))
            before, current.exchange = current.exchange, exchange
            try:
                self._run(exchange)
            except Exception as failure:
                exchange.error = failure
                failed += 1
                error = f"{type(failure).__name__}: {failure}"
                self._log_failure(exchange, failure)
            finally:
                current.exchange = before
            unit = exchange.unit
            if unit is not None:
                unit.release(exchange.error)
        spent = time.perf_counter() - began
        with self._lock:
            self._inflight -= len(exchanges)
            counts = self.counts
            counts.completed += len(exchanges) - failed
            counts.failed += failed
            counts.seconds += spent
            counts.last_error = error or counts.last_error
        if self.on_batch is not None:
            self.on_batch(self, exchanges, spent)

    def process(self, exchange: Exchange) -> None:
        """Run the program on an exchange that another route brought (direct); raises what nobody handled."""
        exchange.from_route = exchange.from_route or self.id  # sent from outside, by a producer template
        with self._lock:
            self._inflight += 1
        failed = 1
        try:
            self._run(exchange)
            failed = 0
        finally:
            with self._lock:
                self._inflight -= 1
                self.counts.failed += failed
                self.counts.completed += 1 - failed

    def _run(self, exchange: Exchange) -> None:
        caller, exchange.route = exchange.route, self.id
        if self.keeps_original and exchange.original is None:
            exchange.original = exchange.message.copy()
        try:
            self.program(exchange)
        except Exception as error:
            exchange.error = error
            raise
        finally:
            for completion in self.completions:
                completion(exchange)
            exchange.route = caller or self.id

    def _completing(self, exchange: Exchange) -> Callable[[UnitOfWork], None]:
        def complete(unit: UnitOfWork) -> None:
            exchange.error = unit.error
            for step in self.after_settle:
                step(exchange)

        return complete

    def _log_failure(self, exchange: Exchange, error: Exception) -> None:
        label = exchange.properties.get("esb.failedStep")
        at = f" at {label.at} ({label.id})" if label is not None else ""
        _log.warning(
            "%s: exchange %s failed%s: %s: %s",
            self.id,
            exchange.id,
            at,
            type(error).__name__,
            error,
            extra={"route": self.id, "exchange": exchange.id},
        )

    def start(self) -> None:
        """Start what the route sends to, then its consumer. Idempotent."""
        if self.status == "Started":
            return
        if self.status == "Suspended" and self.consumer is not None:
            self.consumer.resume()
            self.status = "Started"
            return
        self.status = "Starting"
        for call in self.on_start:
            call()
        self.consumer = self.endpoint.consumer(self.deliver)
        if getattr(self.consumer, "wants_process", False):
            self.consumer.process = self.process  # type: ignore[attr-defined]  # direct's consumer declares it
        if self.consumer.exclusive:
            self._forget = self.endpoint.context.when_exclusive(self.consumer.start)
        else:
            self.consumer.start()
        self.status = "Started"

    def suspend(self) -> None:
        """Take nothing new."""
        if self.status == "Started" and self.consumer is not None:
            self.consumer.suspend()
            self.status = "Suspended"

    def stop(self, drain: float = 30.0) -> None:
        """Stop the consumer, wait for what is under way, then stop what the route sends to. Idempotent."""
        self.stop_consumer(drain)
        self.stop_parts()

    def stop_consumer(self, drain: float = 30.0) -> None:
        """Stop the consumer and wait for what is under way; other routes may still send through this one's parts. Idempotent."""
        if self.status == "Stopped":
            return
        self.status = "Stopped"
        self._running = True
        self._forget()
        if self.consumer is not None:
            self.consumer.stop(drain)
            self.consumer = None

    def stop_parts(self) -> None:
        """Stop what the route sends to, once nothing is under way any more. Idempotent."""
        if not self._running:
            return
        self._running = False
        for call in reversed(self.on_stop):
            try:
                call()
            except Exception:
                _log.exception("%s: stopping a part failed", self.id)
