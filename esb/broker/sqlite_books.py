"""What one transaction of the embedded broker does: messages in, settlements, leases out. On the writer's thread."""

from __future__ import annotations

from collections.abc import Iterable

from esb.broker.contract import Ack, Delivery, Move, Release, Retry
from esb.broker.handover import Handover
from esb.broker.headers import carried, loads
from esb.broker.sqlite_ops import Publish, Settle
from esb.broker.sqlite_store import Row, Store
from esb.errors import TransportError

_SULK = 0.2  # seconds until a batch that its consumer failed to take is offered again: else at once, for ever

Batches = list[tuple[Handover[int], list[tuple[Delivery, int]]]]


def enter(store: Store, publishes: Iterable[Publish]) -> None:
    """Store the messages; one whose receiver does not exist gets its error, the others are not concerned."""
    rows = []
    for publish in publishes:
        try:
            queues = store.receivers(publish.receiver) if publish.topic else [store.queue_id(publish.receiver)]
        except TransportError as exc:
            publish.error = exc
        else:
            rows += [(queue, publish.published_at, *publish.row) for queue in queues]
    if rows:
        store.insert(rows)


class Books:
    """What is still to be settled, and which exclusive queues are ours."""

    def __init__(self) -> None:
        self.unsettled: list[Settle] = []
        self._active: dict[int, Handover[int]] = {}

    def settle(self, store: Store, owner: int) -> None:
        """Settle all; they stay in the books until :meth:`committed`."""
        acked: list[int] = []
        for settle in self.unsettled:
            match settle.outcome:
                case Ack():
                    acked.append(settle.seq)
                case Retry(delay, extra, counted):
                    due = store.now() + delay if delay > 0 else 0.0
                    store.retry(owner, settle.seq, due, carried(extra), counted=counted)
                case Move(queue, extra):
                    store.declare_missing(queue)
                    store.move(owner, settle.seq, store.queue_id(queue), carried(extra))
                case Release() if settle.put_off:
                    store.put_off(owner, settle.seq, store.now() + _SULK)
                case Release():
                    store.release(owner, settle.seq)
        if acked:
            store.ack(owner, acked)

    def lease(self, store: Store, owner: int, subscriptions: Iterable[Handover[int]]) -> Batches:
        """Take messages for whoever has room, and let go of exclusive queues whose consumer is through."""
        for queue, holder in list(self._active.items()):
            if holder.idle:
                del self._active[queue]
                store.deactivate(queue, owner)
        batches = []
        for handover in subscriptions:
            credit = handover.credit
            if credit <= 0:
                continue
            queue = store.queue_id(handover.queue)
            if store.is_exclusive(queue) and self._active.get(queue) is not handover:
                if queue in self._active or not store.activate(queue, owner):
                    continue
                self._active[queue] = handover
            rows = store.lease(queue, owner, credit)
            if rows:
                batches.append((handover, [(_delivery(handover, row), row[0]) for row in rows]))
        return batches

    def committed(self) -> None:
        """The transaction is durable."""
        self.unsettled = []

    def undone(self) -> None:
        """The transaction was rolled back: settlements stay, what was taken was not."""
        self._active.clear()

    def lost(self) -> None:
        """Our leases were taken away: there is nothing left to settle."""
        self.unsettled = []
        self._active.clear()


def _delivery(handover: Handover[int], row: Row) -> Delivery:
    _, key, body, text, content_type, attempts, returns, redelivered, published_at = row
    return Delivery(
        key,
        body,
        loads(text),
        content_type,
        handover.queue,
        attempts + 1,
        bool(redelivered),
        handover.next_tag(),
        handover.epoch,
        published_at,
        returns,
    )
