"""The tools of the broker contract suite: brokers of one store, inboxes that wait, receipts of publishes. Nothing here sleeps."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from esb.broker.contract import Ack, Broker, Delivery, Outcome, Outgoing, Subscription
from esb.errors import TransportError
from esb.testing.process import until

_DEADLINE = 20.0
_FENCES = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Features:
    """What an implementation can do; the suite asks it for no more.

    ``slowest_retry`` is how long the shortest delay may take (RabbitMQ's delay queues have steps); ``big_body`` in bytes.
    """

    slowest_retry: float = 5.0
    big_body: int = 8_000_000
    crowd: int = 500
    """Messages of the tests with many."""


class Inbox:
    """An ``on_batch`` that keeps what it gets. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._all: list[Delivery] = []

    def __call__(self, batch: list[Delivery]) -> None:
        """Take a batch."""
        with self._changed:
            self._all.extend(batch)
            self._changed.notify_all()

    def wait(self, count: int, timeout: float = _DEADLINE) -> list[Delivery]:
        """All deliveries so far, as soon as there are ``count``."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._all) >= count, timeout):
                raise AssertionError(f"{len(self._all)} of {count} messages after {timeout} s: {self.ids}")
            return list(self._all)

    @property
    def ids(self) -> list[str]:
        """Ids so far, in the order of arrival."""
        return [delivery.id for delivery in list(self._all)]


@dataclass
class Receipts:
    """What ``done`` was called with, by publish."""

    calls: list[tuple[str, TransportError | None]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def done(self, key: str) -> Callable[[TransportError | None], None]:
        """A ``done`` that notes its call under ``key``."""

        def done(error: TransportError | None) -> None:
            with self.changed:
                self.calls.append((key, error))
                self.changed.notify_all()

        return done

    def wait(self, count: int, timeout: float = _DEADLINE) -> list[TransportError | None]:
        """The errors (None for success) as soon as there are ``count`` calls."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.calls) >= count, timeout):
                raise AssertionError(f"{len(self.calls)} of {count} publishes were answered after {timeout} s")
            return [error for _, error in self.calls]


class Trial:
    """One test's store, with any number of brokers on it. A context manager: closes them all."""

    def __init__(self, make: Callable[[], Broker], features: Features) -> None:
        self.features = features
        self._make = make
        self._brokers: list[Broker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for broker in self._brokers:
            broker.close()

    def broker(self) -> Broker:
        """A new opened and connected broker on the trial's store."""
        broker = self._make()
        self._brokers.append(broker)
        broker.open()
        until(lambda: broker.state == "connected", f"the broker is connected, not {broker.state}")
        return broker


def message(key: str, body: bytes = b"x", **headers: Any) -> Outgoing:
    """A message whose id is ``key``."""
    return Outgoing(key, body, headers)


def publish(broker: Broker, queue: str, *messages: Outgoing) -> None:
    """Publish and wait until all are durable."""
    receipts = Receipts()
    for each in messages:
        broker.publish(queue, each, receipts.done(each.id))
    errors = [error for error in receipts.wait(len(messages)) if error is not None]
    if errors:
        raise errors[0]


def refusal(broker: Broker, queue: str, outgoing: Outgoing) -> TransportError:
    """Publish what must be refused; returns the error."""
    receipts = Receipts()
    broker.publish(queue, outgoing, receipts.done(outgoing.id))
    error = receipts.wait(1)[0]
    if error is None:
        raise AssertionError(f"{outgoing.id} was taken by {queue}")
    return error


def settle(subscription: Subscription, deliveries: Sequence[Delivery], outcome: Outcome | None = None) -> None:
    """Settle all of them the same way; acked by default."""
    subscription.settle([(delivery, outcome or Ack()) for delivery in deliveries])


def fence(broker: Broker) -> None:
    """Return when the broker has done whatever it had to do before this call: a message went through a queue of its own."""
    queue = f"fence-{next(_FENCES)}"
    broker.queue(queue)
    inbox = Inbox()
    subscription = broker.subscribe(queue, inbox)
    publish(broker, queue, message("fence"))
    settle(subscription, inbox.wait(1))
    subscription.stop()


def raises(error: type[TransportError], call: Callable[[], object]) -> TransportError:
    """Call what must raise; returns the error."""
    try:
        call()
    except error as caught:
        return caught
    raise AssertionError(f"{error.__name__} was not raised")
