"""A compiled route: what runs per message, what starts and stops with it, and what is counted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from esb.compiler.counts import Counts
from esb.component import Consumer, Endpoint
from esb.errors import UnknownName
from esb.exchange import Exchange, current
from esb.program import Program, Step
from esb.unit import UnitOfWork

_log = logging.getLogger("esb.route")


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
    trouble: str = ""
    """Why the source did not start, if it did not."""
    counts: Counts = field(default_factory=Counts)
    on_batch: Callable[[Route, Sequence[Exchange], float], None] | None = None
    """Metrics' hook: called once a batch with its duration."""

    def __post_init__(self) -> None:
        self._forget: Callable[[], None] = lambda: None
        self._running = False

    @property
    def inflight(self) -> int:
        """Exchanges that this route is running now."""
        return self.counts.inflight

    def deliver(self, exchanges: Sequence[Exchange]) -> None:
        """Run exchanges that a consumer brought, and release their units. See :data:`esb.component.Deliver`."""
        began = time.perf_counter()
        for exchange in exchanges:
            exchange.from_endpoint = exchange.from_endpoint or self.endpoint.uri
            if self.after_settle and exchange.unit is not None:
                exchange.unit.before_settle(self._completing(exchange))
            before, current.exchange = current.exchange, exchange
            try:
                self.process(exchange)
            except Exception as failure:
                exchange.error = failure  # also where a completion failed
                self._log_failure(exchange, failure)
            finally:
                current.exchange = before
            unit = exchange.unit
            if unit is not None:
                unit.release(exchange.error)
        spent = time.perf_counter() - began
        self.counts.spend(spent)
        if self.on_batch is not None:
            self.on_batch(self, exchanges, spent)

    def process(self, exchange: Exchange) -> None:
        """Run the program on one exchange, in the calling thread; raises what nobody handled, which is in ``exchange.error`` too."""
        counts, caller = self.counts, exchange.route
        counts.begin()
        exchange.route = self.id
        if not exchange.from_route:
            exchange.from_route, exchange.from_endpoint = self.id, exchange.from_endpoint or self.endpoint.uri
        if self.keeps_original and exchange.original is None:
            exchange.original = exchange.message.copy()
        try:
            self.program.step(exchange)
        except Exception as error:
            exchange.error = error
            counts.fail(error)
            raise
        finally:
            try:
                for completion in self.completions:
                    completion(exchange)
            finally:
                exchange.route = caller or self.id
                counts.end()

    def failed_late(self, exchange: Exchange, error: Exception) -> None:
        """An exchange that was through has failed all the same: its last send was not confirmed. Told as any other failure."""
        self.counts.fail_late(error)
        self._log_failure(exchange, error)

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
            if self.consumer.exclusive:
                self._start_exclusively(self.consumer)
            else:
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
            self._start_exclusively(self.consumer)
        else:
            self.consumer.start()
        self.status = "Started"

    def _start_exclusively(self, consumer: Consumer) -> None:
        # To resume too: of several workers with the same route one only may do it. Starting what is suspended resumes it.
        self._forget = self.endpoint.context.when_exclusive(lambda: self._start(consumer), consumer.suspend)

    def _start(self, consumer: Consumer) -> None:
        try:
            consumer.start()
        except Exception as error:
            # Whoever asked for the start has gone on, if the source had to wait for its turn: health must tell.
            self.trouble = str(error)
            _log.error("%s: its source did not start: %s", self.id, error, extra={"route": self.id})
            raise
        self.trouble = ""

    def control(self, action: str) -> str:
        """Do what an operator asks for, and tell the status. Raises UnknownName for an unknown action."""
        match action:
            case "start" | "resume":
                self.start()
            case "stop":
                self.stop()
            case "suspend":
                self.suspend()
            case "restart":
                self.stop()
                self.start()
            case "status":
                pass
            case _:
                raise UnknownName("action", action, ("start", "stop", "suspend", "resume", "restart", "status"))
        return self.status

    def suspend(self) -> None:
        """Take nothing new."""
        if self.status == "Started" and self.consumer is not None:
            self._forget()
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
