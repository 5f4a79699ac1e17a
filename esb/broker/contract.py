"""What a durable channel must do, whoever implements it.

Three implementations keep this contract and share one suite (:mod:`esb.testing.broker_suite`): ``sqlite`` (embedded default),
``amqp`` (RabbitMQ) and ``memory`` (unit tests). Routes on ``bus:`` see only this module.

Threads: every method of :class:`Broker` and :class:`Subscription` may be called from any thread. Callbacks (``done``, ``on_batch``,
``on_state``) run on the broker's own thread and must return at once: they hand work over, they never do it.

Promises: ``done(None)`` means that the message is durable and routed (confirmed, or committed with fsync). A delivery stays owned by its
subscription until it is settled; a process that dies gives it back, with ``attempts`` raised or ``redelivered`` set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from esb.errors import TransportError

Done = Callable[[TransportError | None], None]


@dataclass(slots=True)
class Outgoing:
    """A message on its way to a channel.

    ``headers`` hold only str, bool, int, float, Decimal and None: what AMQP's table and JSON both carry. ``id`` is set once, at acceptance, and never
    changed by retries: it is what the inbox de-duplicates by. ``key`` is the ordering or routing key; unused by plain queues.
    """

    id: str
    body: bytes
    headers: Mapping[str, Any] = field(default_factory=dict)
    content_type: str | None = None
    key: str | None = None
    attempts: int = 0
    """Attempts that ended in a :class:`Retry` so far: of a message that comes from another broker."""
    published_at: float | None = None
    """Seconds since the epoch, of a message that comes from another broker; else now."""


@dataclass(slots=True)
class Delivery:
    """A message handed to a subscription and not yet settled.

    ``attempts`` counts deliveries of this message as the bus counts them (1 = first; kept by :class:`Retry` across re-publishing);
    ``tag`` and ``epoch`` belong to the implementation: a tag of an earlier connection is never acked on a later one.
    """

    id: str
    body: bytes
    headers: dict[str, Any]
    content_type: str | None
    queue: str
    attempts: int
    redelivered: bool
    tag: int
    epoch: int = 0
    published_at: float | None = None
    """Seconds since the epoch when the message was first published, where known."""
    returns: int = 0
    """How often it came back because its consumer died, where known: a message that kills. RabbitMQ counts releases too."""


@dataclass(frozen=True, slots=True)
class Ack:
    """Done: forget the message."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Deliver again after ``delay`` seconds with ``attempts + 1``; ``headers`` are merged into the message's.

    Not ``counted``: with the same ``attempts``, for a failure that says nothing of the message.
    The delay may be rounded up to what the broker offers, never down. What is merged into is the message as it was stored: changes a route made to
    ``Delivery.headers`` do not stick. A retried message may lose its place in the queue.
    """

    delay: float
    headers: Mapping[str, Any] = field(default_factory=dict)
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Move:
    """Put the message on another queue (dead letters, invalid messages), durable there before it leaves here; ``headers`` are merged.

    A queue that does not exist is declared. While the queue does not take it, the message stays in hand here and the move is tried again: nothing is
    dropped. ``attempts`` start anew.
    """

    queue: str
    headers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Release:
    """Give the message back untouched, without counting an attempt: a drain or a stopped route."""


Outcome = Ack | Retry | Move | Release


@dataclass(frozen=True, slots=True)
class Stored:
    """A message seen by :meth:`Broker.browse`: looked at, not taken. ``attempts`` are those that ended in a :class:`Retry` so far."""

    id: str
    body: bytes
    headers: dict[str, Any]
    content_type: str | None
    attempts: int
    published_at: float | None


Judge = Callable[[Sequence[Stored]], Iterable[int]]
"""Looks at a page of messages and returns the positions in it of those to remove."""


QUARANTINE = "quarantine"
"""The queue, one for all, of messages that are believed to kill the process that works on them."""


def subscription_queue(topic: str, subscription: str) -> str:
    """The name of the queue behind a topic's durable subscription, the same on every broker; no plain ``bus:`` queue can have it (the colon)."""
    return f"topic:{topic}:{subscription}"


class Subscription(Protocol):
    """A consumer's hold on a queue."""

    def settle(self, outcomes: Iterable[tuple[Delivery, Outcome]]) -> None:
        """Settle deliveries, in any order; each once, a second time is ignored.

        Deliveries of an earlier epoch are dropped silently (they come again).
        """

    def pause(self) -> None:
        """Stop new deliveries; those in hand may still be settled. Idempotent."""

    def resume(self) -> None:
        """Undo :meth:`pause`. Idempotent."""

    def stop(self) -> None:
        """Stop for good: no new deliveries after the return. Those in hand may still be settled until :meth:`Broker.close`. Idempotent.

        May wait for a running ``on_batch``: do not call it while holding a lock that ``on_batch`` takes.
        """


class Broker(Protocol):
    """A durable message store with queues and topics."""

    def open(self) -> None:
        """Start the broker's thread(s). Does not wait for a connection: an absent broker is a state, not an error. Idempotent."""

    def close(self, timeout: float = 10.0) -> None:
        """Flush outstanding confirms and settlements (up to ``timeout`` seconds), give back what is unsettled, and stop. Idempotent."""

    def queue(self, name: str, *, exclusive: bool = False) -> None:
        """Declare a durable queue (idempotent, remembered and re-declared after a reconnect).

        ``exclusive``: a single active consumer at a time, in any process; others stand by. Raises :class:`esb.errors.Rejected` if the broker has the
        queue with other properties and cannot change them. Returns at once when there is no connection: it is declared as soon as there is one.
        """

    def topic(self, name: str) -> None:
        """Declare a topic. Publishing to a topic without subscriptions is not an error: the message has zero receivers."""

    def bind(self, topic: str, subscription: str) -> str:
        """Declare a durable subscription of a topic and return the name of the queue that holds its messages."""

    def publish(self, queue: str, message: Outgoing, done: Done) -> None:
        """Publish to a queue; ``done`` is called exactly once. Blocks while the window of unconfirmed messages is full: that is the back-pressure.

        ``done`` gets :class:`esb.errors.Unroutable` if the queue does not exist, :class:`esb.errors.Rejected` if the broker refuses or the message
        cannot be carried, :class:`esb.errors.NotConnected` if it could not be sent within the publish timeout or the broker is closed, and
        :class:`esb.errors.ConnectionLost` if it was sent and no answer came in time: it may have arrived. Where it is the broker that takes nothing
        just now, the error's ``outage`` says so. Called on the broker's own thread (from a callback) it never blocks.
        """

    def publish_topic(self, topic: str, message: Outgoing, done: Done) -> None:
        """As :meth:`publish`, to every durable subscription of the topic: ``done(None)`` means all of them have it.

        On an error the embedded brokers have stored it for none; RabbitMQ may have stored it for some, and publishing again repeats it there.
        """

    def subscribe(self, queue: str, on_batch: Callable[[list[Delivery]], None], *, prefetch: int = 250) -> Subscription:
        """Start delivering; at most ``prefetch`` deliveries are unsettled at any time. Raises :class:`esb.errors.Unroutable` for an unknown queue.

        If ``on_batch`` raises, the failure is logged and the batch is released.
        """

    def browse(self, queue: str, *, limit: int = 100, after: str | None = None) -> Sequence[Stored]:
        """Look at messages, oldest first, without taking them. ``after`` is the id of the last one seen."""

    def sweep(self, queue: str, judge: Judge, *, page: int = 100) -> int:
        """Go once over the messages that are there now, oldest first, a page at a time, and remove those that ``judge`` names; returns how many.

        ``judge`` runs on the caller's thread; it may take its time, and publish, on any broker. What it publishes to the same queue is not
        seen. Two sweeps at once, of any processes, never have the same message in hand: the other waits, or does not see it. If ``judge`` raises, the
        page stays and the error comes out. A process that dies in between leaves the page: a message that was published elsewhere and not yet removed
        is there twice, with the same id. Raises :class:`esb.errors.Unroutable` or :class:`esb.errors.NotConnected`.
        """

    def remove(self, queue: str, ids: Sequence[str]) -> int:
        """Remove messages by id; returns how many were there."""

    def depth(self, queue: str) -> int:
        """Messages on the queue, delivered or not, delayed ones included as far as the broker tells.

        Raises :class:`esb.errors.Unroutable` if it does not exist.
        """

    def held_up(self) -> Mapping[str, str]:
        """Queues that do not take what is moved to them or tried again there, and why: an alarm, for ``esb status`` and health."""

    def queues(self) -> Sequence[str]:
        """Names of the queues this broker knows."""

    @property
    def state(self) -> str:
        """``connected``, ``blocked`` (the broker refuses publishers for now), ``waiting`` (no connection; trying) or ``closed``."""
