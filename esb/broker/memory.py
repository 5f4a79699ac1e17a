"""The in-memory twin: same contract, nothing durable. For unit tests only.

A :class:`MemoryStore` may be shared by several brokers, as several processes share a file: what one gives back another gets.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from esb.broker import headers
from esb.broker.contract import (
    Ack,
    Delivery,
    Done,
    Judge,
    Move,
    Outcome,
    Outgoing,
    Release,
    Retry,
    Stored,
    subscription_queue,
)
from esb.broker.handover import Handover
from esb.broker.memory_store import MemoryQueue, MemoryStore, StoredMessage
from esb.errors import NotConnected, TransportError, Unroutable

log = logging.getLogger(__name__)


class MemorySubscription:
    """See :class:`esb.broker.contract.Subscription`."""

    def __init__(self, store: MemoryStore, handover: Handover[StoredMessage]) -> None:
        self.handover = handover
        self._store = store

    def settle(self, outcomes: Iterable[tuple[Delivery, Outcome]]) -> None:
        """Settle deliveries."""
        with self._store.changed:
            for stored, outcome in self.handover.take(outcomes):
                self._settle(stored, outcome)
            self._store.changed.notify_all()

    def _settle(self, stored: StoredMessage, outcome: Outcome) -> None:
        queue = self._store.queues[self.handover.queue]
        match outcome:
            case Ack():
                queue.messages.pop(stored.seq, None)
            case Retry(delay, extra, counted):
                stored.attempts += counted
                stored.redelivered = True
                stored.headers |= extra
                heapq.heappush(queue.delayed, (self._store.clock() + delay, stored.seq))
            case Move(target, extra):
                queue.messages.pop(stored.seq, None)
                destination = self._store.queues.get(target) or self._store.declare(target)
                merged = stored.headers | dict(extra)
                destination.add(StoredMessage(next(self._store.sequence), stored.message, merged, stored.published_at))
            case Release():
                stored.redelivered = True
                heapq.heappush(queue.ready, stored.seq)

    def give_back(self, held: Iterable[StoredMessage]) -> None:
        """Put back what was leased and not settled. The caller holds ``store.changed``."""
        for stored in held:
            self._settle(stored, Release())

    def pause(self) -> None:
        """Stop new deliveries."""
        self.handover.pause()
        with self._store.changed:
            self._store.changed.notify_all()

    def resume(self) -> None:
        """Undo :meth:`pause`."""
        self.handover.resume()
        with self._store.changed:
            self._store.changed.notify_all()

    def stop(self) -> None:
        """Stop for good."""
        self.handover.stop()
        with self._store.changed:
            self._store.changed.notify_all()


class MemoryBroker:
    """See :class:`esb.broker.contract.Broker`."""

    def __init__(self, store: MemoryStore | None = None, *, on_state: Callable[[str], None] | None = None) -> None:
        self._store = store or MemoryStore()
        self._on_state = on_state
        self._state = "waiting"
        self._thread: threading.Thread | None = None
        self._subscriptions: list[MemorySubscription] = []
        self._done: deque[tuple[Done, TransportError | None]] = deque()

    def open(self) -> None:
        """Start the thread that calls back."""
        with self._store.changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="esb-broker-memory", daemon=True)
                self._set_state("connected")
                self._thread.start()

    def close(self, timeout: float = 10.0) -> None:
        """Give back what is unsettled and stop."""
        with self._store.changed:
            if self._state == "closed":
                return
            self._set_state("closed")
            self._store.changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    @property
    def state(self) -> str:
        """``waiting`` before :meth:`open`, then ``connected``, then ``closed``."""
        return self._state

    def _set_state(self, state: str) -> None:
        self._state = state
        if self._on_state is not None:
            self._on_state(state)

    def queue(self, name: str, *, exclusive: bool = False) -> None:
        """Declare a queue."""
        with self._store.changed:
            self._store.declare(name, exclusive=exclusive)

    def topic(self, name: str) -> None:
        """Declare a topic."""
        with self._store.changed:
            self._store.topics.setdefault(name, {})

    def bind(self, topic: str, subscription: str) -> str:
        """Declare a durable subscription of a topic."""
        name = subscription_queue(topic, subscription)
        with self._store.changed:
            self._store.topics.setdefault(topic, {})[subscription] = name
            if name not in self._store.queues:
                self._store.declare(name)
        return name

    def publish(self, queue: str, message: Outgoing, done: Done) -> None:
        """Publish to a queue."""
        self._publish(lambda: [self._store.existing(queue)], queue, message, done)

    def publish_topic(self, topic: str, message: Outgoing, done: Done) -> None:
        """Publish to every subscription of a topic."""
        self._publish(lambda: self._receivers(topic), topic, message, done)

    def _receivers(self, topic: str) -> list[MemoryQueue]:
        bound = self._store.topics.get(topic)
        if bound is None:
            raise Unroutable(f"topic {topic!r} does not exist; declare it before it is used", endpoint=topic)
        return [self._store.queues[name] for name in bound.values()]

    def _publish(self, receivers: Callable[[], list[MemoryQueue]], name: str, message: Outgoing, done: Done) -> None:
        error: TransportError | None = None
        with self._store.changed:
            try:
                headers.check(message, name)
                if self._state != "connected":
                    raise NotConnected(f"the broker is {self._state}; open it before publishing", endpoint=name)
                for queue in receivers():
                    published_at = message.published_at or time.time()
                    stored = StoredMessage(next(self._store.sequence), message, dict(message.headers), published_at)
                    stored.attempts, stored.redelivered = message.attempts, message.attempts > 0
                    queue.add(stored)
            except TransportError as exc:
                error = exc
            if self._thread is not None and self._state == "connected":
                self._done.append((done, error))
                self._store.changed.notify_all()
                return
        done(error)  # no thread of our own to call from

    def subscribe(
        self, queue: str, on_batch: Callable[[list[Delivery]], None], *, prefetch: int = 250
    ) -> MemorySubscription:
        """Start delivering."""
        with self._store.changed:
            self._store.existing(queue)
            subscription = MemorySubscription(self._store, Handover(queue, on_batch, prefetch))
            self._subscriptions.append(subscription)
            self._store.changed.notify_all()
        return subscription

    def browse(self, queue: str, *, limit: int = 100, after: str | None = None) -> Sequence[Stored]:
        """Look at messages, oldest first."""
        with self._store.changed:
            stored = [message for _, message in sorted(self._store.existing(queue).messages.items())]
            if after is not None:
                ids = [each.message.id for each in stored]
                stored = stored[ids.index(after) + 1 :] if after in ids else []
            return [_stored(each) for each in stored[:limit]]

    def sweep(self, queue: str, judge: Judge, *, page: int = 100) -> int:
        """Go once over the messages."""
        with self._store.changed:
            left = sorted(self._store.existing(queue).messages)
        removed = 0
        while left:
            some, left = left[:page], left[page:]
            with self._store.sweeping:  # from the look to the removal: else two sweeps would send one message on
                with self._store.changed:
                    messages = self._store.existing(queue).messages
                    there = [(seq, _stored(messages[seq])) for seq in some if seq in messages]
                chosen = [there[position][0] for position in judge([stored for _, stored in there])] if there else []
                with self._store.changed:
                    removed += sum(messages.pop(seq, None) is not None for seq in chosen)
        return removed

    def remove(self, queue: str, ids: Sequence[str]) -> int:
        """Remove messages by id."""
        wanted = set(ids)
        with self._store.changed:
            messages = self._store.existing(queue).messages
            found = [seq for seq, stored in messages.items() if stored.message.id in wanted]
            for seq in found:
                del messages[seq]
        return len(found)

    def depth(self, queue: str) -> int:
        """Messages on the queue."""
        with self._store.changed:
            return len(self._store.existing(queue).messages)

    def held_up(self) -> dict[str, str]:
        """Nothing: a move is one transaction, and no queue is ever full."""
        return {}

    def queues(self) -> Sequence[str]:
        """Names of all queues."""
        with self._store.changed:
            return sorted(self._store.queues)

    # -- the broker's own thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        store = self._store
        while True:
            with store.changed:
                while True:
                    due = min(
                        (d for q in store.queues.values() if (d := q.promote(store.clock())) is not None), default=None
                    )
                    calls, batches = list(self._done), self._lease()
                    self._done.clear()
                    if calls or batches or self._state == "closed":
                        break
                    store.changed.wait(None if due is None else max(0.0, due - store.clock()))
            for done, error in calls:
                _call(done, error)
            for subscription, batch in batches:
                refused = subscription.handover.deliver(batch)
                with store.changed:
                    subscription.give_back(refused)
            if self._state == "closed":
                self._give_back_all()
                return

    def _lease(self) -> list[tuple[MemorySubscription, list[tuple[Delivery, StoredMessage]]]]:
        batches = []
        for subscription in self._subscriptions if self._state == "connected" else ():
            queue = self._store.queues[subscription.handover.queue]
            if queue.exclusive and not self._is_active(queue, subscription):
                continue
            leased = queue.lease(subscription.handover.credit)
            if leased:
                batches.append((subscription, [(_delivery(subscription.handover, s), s) for s in leased]))
        self._subscriptions = [s for s in self._subscriptions if not s.handover.stopped or s.handover.in_hand]
        return batches

    def _is_active(self, queue: MemoryQueue, subscription: MemorySubscription) -> bool:
        if queue.active is not None and queue.active.idle:
            queue.active = None
        if queue.active is None and subscription.handover.credit > 0:
            queue.active = subscription.handover
        return queue.active is subscription.handover

    def _give_back_all(self) -> None:
        with self._store.changed:
            for subscription in self._subscriptions:
                subscription.handover.stop()
                subscription.give_back(subscription.handover.forget())
                queue = self._store.queues[subscription.handover.queue]
                if queue.active is subscription.handover:
                    queue.active = None
            for done, error in self._done:
                _call(done, error)
            self._store.changed.notify_all()


def _delivery(handover: Handover[StoredMessage], stored: StoredMessage) -> Delivery:
    message = stored.message
    return Delivery(
        id=message.id,
        body=message.body,
        headers=dict(stored.headers),
        content_type=message.content_type,
        queue=handover.queue,
        attempts=stored.attempts + 1,
        redelivered=stored.redelivered,
        tag=handover.next_tag(),
        epoch=handover.epoch,
        published_at=stored.published_at,
    )


def _call(done: Done, error: TransportError | None) -> None:
    try:
        done(error)
    except Exception:
        log.exception("a publisher's callback failed")


def _stored(kept: StoredMessage) -> Stored:
    message = kept.message
    return Stored(message.id, message.body, dict(kept.headers), message.content_type, kept.attempts, kept.published_at)
