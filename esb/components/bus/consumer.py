"""The receiving end of ``bus:``."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from esb.broker.contract import QUARANTINE, Ack, Delivery, Move, Outcome, Release, Retry, Subscription
from esb.broker.history import history
from esb.component import Consumer, Deliver
from esb.components.bus.crashes import CrashMarks, key_of
from esb.components.bus.message import incoming
from esb.errors import StepFailed
from esb.exchange import IN_ONLY, Exchange
from esb.unit import UnitOfWork
from esb.workers import WorkerPool

if TYPE_CHECKING:
    from esb.components.bus.endpoint import BusEndpoint

log = logging.getLogger("esb.bus")

_ACK = Ack()
_RELEASE = Release()


class _DeliveryUnit(UnitOfWork):
    """The acknowledgement of one delivery, with what is needed to judge a failure."""

    __slots__ = ("exchange", "message")

    returns = True
    message: Delivery
    exchange: Exchange


class BusConsumer(Consumer):
    """Worker threads that run the route for each delivery; a delivery is settled when its unit is."""

    def __init__(self, endpoint: BusEndpoint, deliver: Deliver) -> None:
        self.endpoint = endpoint
        self.deliver = deliver
        self._policy = endpoint.policy()
        self._pattern = endpoint.exchange_pattern or IN_ONLY
        self._subscription: Subscription | None = None
        self._open: dict[int, Delivery] = {}
        self._settled_one = threading.Condition()
        self._stopping = threading.Event()
        self._crashes: CrashMarks | None = None
        run = self._run_in_order if endpoint.ordered else self._run
        self._pool = WorkerPool(endpoint.threads, run, name=f"bus-{endpoint.channel}")

    def start(self) -> None:
        """Subscribe; an absent broker is waited for in the background."""
        self._stopping.clear()
        self._crashes = self.endpoint.component.crashes
        queue = self.endpoint.declare_for_consumer()
        self._subscription = self.endpoint.broker.subscribe(queue, self._pool.put, prefetch=self.endpoint.window)
        # Only now: a worker that is done at once must find the subscription.
        self._pool.start()

    def suspend(self) -> None:
        """Take nothing new; what no worker has begun goes back."""
        if self._subscription is not None:
            self._subscription.pause()
            self._give_back()

    def resume(self) -> None:
        """Take again."""
        if self._subscription is not None:
            self._subscription.resume()

    def stop(self, drain: float = 30.0) -> None:
        """Give back what no worker has begun, and wait for the rest. What is still under way after ``drain`` settles late, or comes again."""
        if self._subscription is None:
            return
        deadline = time.monotonic() + drain
        self._stopping.set()
        self._subscription.stop()
        self._give_back()
        self._pool.stop(drain)
        self._give_back()
        with self._settled_one:
            self._settled_one.wait_for(lambda: not self._open, max(0.0, deadline - time.monotonic()))
        if self._open:
            log.warning(
                "%s stopped after %g s with %d messages under way; they settle late or come again: %s",
                self.endpoint.uri,
                drain,
                len(self._open),
                ", ".join(delivery.id for delivery in list(self._open.values())[:20]),
            )

    @property
    def begun(self) -> int:
        """Deliveries that a worker has begun and that are not settled: running, or kept open by what came of them."""
        return len(self._open)

    def _give_back(self) -> None:
        self._settle([(delivery, _RELEASE) for delivery in self._pool.take_back()])

    def _settle(self, outcomes: list[tuple[Delivery, Outcome]]) -> None:
        if outcomes and self._subscription is not None:
            self._subscription.settle(outcomes)

    def _exchange(self, delivery: Delivery, unit: UnitOfWork) -> Exchange:
        exchange = incoming(delivery, self._pattern)
        exchange.from_endpoint = self.endpoint.uri
        exchange.unit = unit
        return exchange

    def _killer(self, delivery: Delivery) -> bool:
        """Put a message aside that seems to kill the process that works on it. Called for messages that came back unsettled."""
        why = self._suspicion(delivery)
        if not why:
            return False
        log.error("%s: message %s is put into quarantine: %s", self.endpoint.uri, delivery.id, why)
        headers = history(StepFailed(why), route="", step="", at="", attempts=delivery.attempts, origin=delivery.queue)
        self._settle([(delivery, Move(QUARANTINE, headers))])
        return True

    def _suspicion(self, delivery: Delivery) -> str:
        limit, crashes = self.endpoint.maximum_crashes, self._crashes
        if crashes is not None and limit >= 0:
            key = key_of(delivery)
            count = crashes.count(key)
            if count >= max(limit, 1):
                crashes.forget(key)
                return f"a process died {count} times while it worked on it"
        limit = self.endpoint.maximum_returns
        if 0 <= limit < delivery.returns:
            return f"it came back {delivery.returns} times without being settled: it may be what stops the process"
        return ""

    def _run(self, delivery: Delivery) -> None:
        if not delivery.returns:
            self._work(delivery)
        elif not self._killer(delivery):
            with self._crashes.beside(key_of(delivery)) if self._crashes is not None else nullcontext():
                mark = self._mark(delivery)
                self._work(delivery)
                self._unmark(mark)

    def _work(self, delivery: Delivery) -> None:
        unit = _DeliveryUnit(self._finish)
        unit.message = delivery
        exchange = unit.exchange = self._exchange(delivery, unit)
        self._open[delivery.tag] = delivery
        self.deliver((exchange,))

    def _mark(self, delivery: Delivery) -> int:
        return self._crashes.begin(key_of(delivery)) if self._crashes is not None else -1

    def _unmark(self, mark: int) -> None:
        # As soon as the steps have run: what only waits for a confirm kills nobody.
        if mark >= 0 and self._crashes is not None:
            self._crashes.end(mark)

    def _finish(self, unit: UnitOfWork) -> None:
        assert isinstance(unit, _DeliveryUnit)
        delivery, error = unit.message, unit.error
        outcome = _ACK if error is None else self._policy.outcome(delivery, error, unit.exchange)
        # They hold each other: left so, every message would wait for the garbage collector, which then takes a fifth of the worker's time.
        del unit.exchange
        self._settle([(delivery, outcome)])
        self._close(delivery)

    def _close(self, delivery: Delivery) -> None:
        self._open.pop(delivery.tag, None)
        if self._stopping.is_set():
            with self._settled_one:
                self._settled_one.notify_all()

    def _run_in_order(self, delivery: Delivery) -> None:
        """Run until it is settled for good, the pauses of redelivery included: what comes after waits."""
        if delivery.returns and self._killer(delivery):
            return
        self._open[delivery.tag] = delivery
        outcome: Outcome = _RELEASE
        while not self._stopping.is_set():
            settled = threading.Event()
            unit = UnitOfWork(lambda _unit, settled=settled: settled.set())  # type: ignore[misc]  # mypy does not type lambdas' defaults
            exchange = self._exchange(delivery, unit)
            exchange.waits = 1  # a send that is confirmed later could be overtaken by the next message's
            mark = self._mark(delivery) if delivery.returns else -1
            self.deliver((exchange,))
            self._unmark(mark)
            settled.wait()
            outcome = _ACK if unit.error is None else self._policy.outcome(delivery, unit.error, exchange)
            if not isinstance(outcome, Retry):
                break
            if self._stopping.wait(outcome.delay):
                outcome = _RELEASE
                break
            delivery.attempts += outcome.counted
        self._settle([(delivery, outcome)])
        self._close(delivery)
