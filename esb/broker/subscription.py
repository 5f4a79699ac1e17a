"""Consuming from RabbitMQ: batches out, settlements back in bursts, a channel of its own for each subscription.

A channel's delivery tags mean nothing on the next one: losing the channel starts a new epoch, and what was in hand is dropped when it is settled.

RabbitMQ (3.10 tried) loses acks of a channel that is closed at once: a channel with 32 settlements under way to a quorum queue keeps further ones to
itself until the queue has caught up, and takes them along when it ends. So what is given back when we pause or stop is left to the channel's end, as
a rule, and a channel that has settled much just now is closed a moment later.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import pika
from pika.data import decode_short_string

from esb.broker.amqp_fast import FastConnection
from esb.broker.amqp_frames import ack, properties
from esb.broker.amqp_message import again, attempts_of, delivery, fields
from esb.broker.amqp_publisher import Pending
from esb.broker.amqp_thread import IoThread
from esb.broker.contract import Ack, Delivery, Move, Outcome, Release, Retry
from esb.broker.handover import Handover
from esb.broker.headers import carried
from esb.errors import TransportError, Unroutable

log = logging.getLogger(__name__)

_REOPEN = 1.0  # seconds until a channel that the broker closed is opened again
_PATIENCE = 15.0  # seconds for the broker to start a consumer
_SULK = 0.2  # seconds until a batch that the consumer failed to take is offered again
_MOMENT = (
    0.5  # seconds until what is given back leaves, if its channel goes on; and for a crowd of settlements to be through
)
_CROWD = 16  # settlements in a moment: half of what a channel of RabbitMQ has under way to a queue
_LONGEST_PAUSE = 30.0  # between attempts of a retry or move that its queue refuses


@dataclass(slots=True, eq=False)
class Held:
    """A message in hand: what is needed to settle it, and where it was published to."""

    tag: int
    content: pika.BasicProperties | bytes
    """The properties as they came: read by pika, or not read yet."""
    body: bytes
    redelivered: bool
    place: tuple[str, str] | bytes
    """Exchange and routing key, or the short strings of both."""

    @property
    def properties(self) -> pika.BasicProperties:
        """All properties."""
        if isinstance(self.content, bytes):
            self.content = properties(self.content)
        return self.content

    @property
    def exchange(self) -> str:
        """The exchange it was published to."""
        return self._places()[0]

    @property
    def routing_key(self) -> str:
        """The routing key it was published with."""
        return self._places()[1]

    def _places(self) -> tuple[str, str]:
        if isinstance(self.place, bytes):
            exchange, at = decode_short_string(self.place, 0)
            self.place = (exchange, decode_short_string(self.place, at)[0])
        return self.place


@dataclass(frozen=True, slots=True)
class Reject:
    """A settlement that only RabbitMQ has: its own dead-lettering, which drops the message where the queue has no dead-letter exchange."""


Make = Callable[[str, Held, int, int], Delivery]
"""Makes a delivery of the queue's name, what was received, its tag and its epoch."""


def _made(queue: str, held: Held, tag: int, epoch: int) -> Delivery:
    return delivery(queue, fields(held.content), held.body, redelivered=held.redelivered, tag=tag, epoch=epoch)


def _no_arguments() -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Consuming:
    """How to consume, where it is not as ``bus:`` does. ``arguments`` is asked each time anew: a stream goes on where it was left."""

    arguments: Callable[[], dict[str, Any]] = _no_arguments
    alone: bool = False
    """Whether RabbitMQ shall refuse all other consumers."""
    make: Make = _made


class Forwarding(Protocol):
    """What a subscription needs to publish a message again; the broker provides it."""

    def forward(self, queue: str, delay: float | None, pending: Pending) -> None:
        """Send to a queue, by one of its delay queues if there is a delay; the target is declared if need be."""


class AmqpSubscription:
    """See :class:`esb.broker.contract.Subscription`. Public methods on any thread, the rest on the I/O thread."""

    def __init__(
        self,
        thread: IoThread,
        wire: str,
        handover: Handover[Held],
        *,
        exclusive: bool,
        forwarding: Forwarding | None,
        on_lost: Callable[[], None],
        consuming: Consuming | None = None,
    ) -> None:
        """``forwarding`` is None for one that is never settled by Retry or Move."""
        self.handover = handover
        self._thread = thread
        self._wire = wire
        self._exclusive = exclusive
        self._forwarding = forwarding
        self._on_lost = on_lost
        self._how = consuming or Consuming()
        self._make = self._how.make
        self._connection: Any = None
        self._channel: Any = None
        self._consumer: str | None = None
        self._arrived: deque[Held] = deque()
        self._flushing = False
        self._unsettled: dict[int, None] = {}
        self._settled: deque[list[tuple[Delivery, Outcome | Reject]]] = deque()
        self._acked: set[int] = set()
        self._acking = self._applying = False
        self._forwarded: set[int] = set()
        self._held_up: dict[int, tuple[str, str]] = {}
        self._back: list[Held] = []
        """What is given back, and still on the channel."""
        self._frames = deque([0.0] * _CROWD, _CROWD)
        """When the last settlements were sent."""
        self._calm_at = 0.0
        self._cancelling = False
        self._consuming = False

    # -- any thread ----------------------------------------------------------------------------------------------------

    def settle(self, outcomes: Iterable[tuple[Delivery, Outcome | Reject]]) -> None:
        """Settle deliveries; acks go out together, contiguous ones as one."""
        self._settled.append(list(outcomes))
        # One call for a burst. In this order: who sees that it is called has appended before it looks.
        if not self._applying:
            self._applying = True
            self._thread.call(self._apply)

    def pause(self) -> None:
        """Stop new deliveries: the consumer is cancelled, so that others get the messages."""
        self.handover.pause()
        self._thread.call(self._cancel)

    def resume(self) -> None:
        """Undo :meth:`pause`."""
        self.handover.resume()
        self._thread.call(self._consume)

    def stop(self) -> None:
        """Stop for good."""
        self.handover.stop()
        self._thread.call(self._cancel)

    @property
    def unsettled(self) -> int:
        """Messages that the broker has given us and not got back."""
        return len(self._unsettled)

    @property
    def held_up(self) -> list[tuple[str, str]]:
        """For each message that stays in hand because its next queue does not take it: which queue, and why."""
        return list(self._held_up.values())

    @property
    def quiet(self) -> bool:
        """Whether every settlement was sent, and RabbitMQ has had a moment for them."""
        return not (self._settled or self._acked or self._forwarded) and time.monotonic() >= self._calm_at

    # -- the I/O thread: channel and consumer --------------------------------------------------------------------------

    def up(self, connection: Any) -> None:
        """Consume on a new connection."""
        if self.handover.stopped or self._channel is not None:
            return
        self._connection = connection
        self._channel = connection.channel(on_open_callback=self._opened)
        self._channel.add_on_close_callback(self._channel_closed)

    def down(self) -> None:
        """The connection or the channel is lost: the broker delivers again what was in hand."""
        self._by_pika()
        self._connection = self._channel = self._consumer = None
        self._arrived.clear()
        self._unsettled.clear()
        self._acked.clear()
        self._forwarded.clear()
        self._held_up.clear()
        self._back.clear()
        self._calm_at = 0.0
        self.handover.forget()

    def _opened(self, channel: Any) -> None:
        if channel is self._channel:
            channel.add_on_cancel_callback(lambda _: self._cancelled_by_broker(channel))
            channel.basic_qos(prefetch_count=self.handover.prefetch, callback=lambda _: self._consume())

    def _consume(self) -> None:
        if self.handover.paused or self.handover.stopped:
            return
        self._cancelling = False
        if self._back:  # not gone yet: ours again, in their order
            self._arrived = deque(sorted([*self._back, *self._arrived], key=lambda held: held.tag))
            self._back.clear()
        if self._channel is None and self._connection is not None and self._connection.is_open:
            self.up(self._connection)
        elif self._channel is not None and self._channel.is_open and self._consumer is None:
            channel = self._channel
            self._consuming = False
            self._consumer = channel.basic_consume(
                self._wire,
                self._deliver,
                exclusive=self._how.alone,
                arguments=self._how.arguments() or None,
                callback=lambda _: self._consumed(channel),
            )
            if isinstance(self._connection, FastConnection):
                tag = self._consumer.encode()
                self._connection.deliveries[channel.channel_number] = (bytes((len(tag),)) + tag, self._arrive)
            self._thread.later(_PATIENCE, lambda: self._check_consuming(channel))
        self._flush_soon()

    def _consumed(self, channel: Any) -> None:
        self._consuming = self._consuming or channel is self._channel

    def _check_consuming(self, channel: Any) -> None:
        # A queue of a broker that has just restarted may swallow the request.
        if channel is self._channel and channel.is_open and self._consumer is not None and not self._consuming:
            channel.close()

    def _cancel(self) -> None:
        """Let others have the messages. An exclusive queue passes on only when nothing is in hand here: else its order would break."""
        self._cancelling = True
        if self._channel is None:
            return
        if self._exclusive:
            self._abandon_if_idle()
            return
        if self._consumer is not None and self._channel.is_open:
            # With a callback pika waits for the answer, and gives back what arrives until then; without, it would drop it.
            self._by_pika()
            self._channel.basic_cancel(self._consumer, callback=lambda _: None)
            self._consumer = None
        while self._arrived:
            self._release(self._arrived.popleft())
        self._abandon_if_idle()

    def _abandon_if_idle(self) -> None:
        """Close the channel if nothing is in hand: all that is left on it goes back."""
        if len(self._unsettled) > len(self._arrived) + len(self._back):
            return
        early = self._calm_at - time.monotonic()
        if early > 0:
            self._thread.later(early, self._after_settling)
        else:
            self.abandon()

    def abandon(self) -> None:
        """Close the channel: the broker takes back, in their order, all messages that are not settled."""
        channel = self._channel
        if channel is not None and channel.is_open:
            self._send_acks()  # settled is settled
            # pika would cancel the consumers first. RabbitMQ then makes the next consumer active at once, before it has our messages back.
            channel._consumers.clear()  # noqa: SLF001 - see above; the contract suite tests the order
            connection = self._connection
            self.down()
            self._connection = connection
            channel.close()

    def _after_settling(self) -> None:
        if self._cancelling:
            self._cancel()

    def _cancelled_by_broker(self, channel: Any) -> None:
        log.warning(
            "the broker ended the consumer of %s: the queue was deleted; declaring it again", self.handover.queue
        )
        if channel is self._channel and channel.is_open:
            channel.close()

    def _channel_closed(self, channel: Any, reason: BaseException) -> None:
        if channel is not self._channel:
            return
        connection = self._connection
        self.down()
        if connection is not None and connection.is_open and not self.handover.stopped:
            log.warning("the channel consuming %s was closed: %s; opening another", self.handover.queue, reason)
            self._on_lost()
            self._thread.later(_REOPEN, lambda: self.up(connection) if connection.is_open else None)

    # -- the I/O thread: deliveries ------------------------------------------------------------------------------------

    def _by_pika(self) -> None:
        """What arrives from here on is pika's to deal with."""
        if isinstance(self._connection, FastConnection) and self._channel is not None:
            self._connection.deliveries.pop(self._channel.channel_number, None)

    def _deliver(self, _channel: Any, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        self._unsettled[method.delivery_tag] = None
        place = (method.exchange, method.routing_key)
        self._arrived.append(Held(method.delivery_tag, properties, body, method.redelivered, place))
        self._flush_soon()

    def _arrive(self, tag: int, redelivered: bool, place: bytes, content: bytes, body: bytes) -> None:
        self._unsettled[tag] = None
        self._arrived.append(Held(tag, content, body, redelivered, place))
        if not self._flushing:
            self._flushing = True
            self._thread.call(self._flush)

    def _flush_soon(self) -> None:
        # After the loop has read what is there: what came together goes out together.
        if not self._flushing:
            self._flushing = True
            self._thread.call(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        handover = self.handover
        batch: list[tuple[Delivery, Held]] = []
        for _ in range(min(handover.credit, len(self._arrived))):
            held = self._arrived.popleft()
            batch.append((self._make(handover.queue, held, handover.next_tag(), handover.epoch), held))
        if batch:
            back = handover.deliver(batch)
            if back and not (handover.paused or handover.stopped):
                self._thread.later(_SULK, partial(self._give_back, back, handover.epoch))
            else:
                self._give_back(back, handover.epoch)

    def _give_back(self, back: list[Held], epoch: int) -> None:
        if epoch == self.handover.epoch:
            for held in back:
                self._release(held)
            self._after_settling()

    # -- the I/O thread: settlements -----------------------------------------------------------------------------------

    def _apply(self) -> None:
        self._applying = False
        while self._settled:
            for held, outcome in self.handover.take(self._settled.popleft()):
                match outcome:
                    case Ack():
                        self._acked.add(held.tag)
                    case Release():
                        self._release(held)
                    case Reject():
                        self._release(held, requeue=False)
                    case Retry(delay, extra, counted):
                        properties = again(held.properties, carried(extra), attempts_of(held.properties) + counted)
                        self._forward(held, self.handover.queue, max(delay, 0.0), properties)
                    case Move(queue, extra):
                        self._forward(held, queue, None, again(held.properties, carried(extra), 0))
        self._send_acks()
        self._flush()
        self._after_settling()

    def _ack_forwarded(self) -> None:
        self._acking = False
        self._send_acks()
        self._after_settling()

    def _send_acks(self) -> None:
        """Ack what is settled: everything up to the oldest unsettled message in one frame, the rest one by one."""
        acked, channel = self._acked, self._channel
        if not acked or channel is None or not channel.is_open:
            return
        low = 0
        front = []
        for tag in self._unsettled:
            if tag not in acked:
                break
            front.append(tag)
            low = tag
        if front:
            self._ack(channel, low, multiple=len(front) > 1)
            acked.difference_update(front)
        for tag in sorted(acked):
            self._ack(channel, tag, multiple=False)
        for tag in (*front, *acked):
            self._unsettled.pop(tag, None)
        acked.clear()

    def _ack(self, channel: Any, tag: int, *, multiple: bool) -> None:
        self._sent()
        if isinstance(self._connection, FastConnection):
            self._connection.send(ack(channel.channel_number, tag, multiple))
        else:
            channel.basic_ack(tag, multiple=multiple)

    def _release(self, held: Held, *, requeue: bool = True) -> None:
        if self._channel is None or held.tag not in self._unsettled:
            return
        if requeue and (self.handover.paused or self.handover.stopped):
            # An exclusive queue would only send them again: its consumer is not cancelled before nothing is in hand.
            if not self._back and not self._exclusive:
                self._thread.later(_MOMENT, partial(self._send_back, self.handover.epoch))
            self._back.append(held)
        elif self._channel.is_open:
            self._nack(held, requeue=requeue)

    def _send_back(self, epoch: int) -> None:
        if epoch == self.handover.epoch and self._channel is not None and self._channel.is_open:
            for held in self._back:
                self._nack(held, requeue=True)
            self._back.clear()

    def _nack(self, held: Held, *, requeue: bool) -> None:
        self._sent()
        del self._unsettled[held.tag]
        self._channel.basic_nack(held.tag, requeue=requeue)

    def _sent(self) -> None:
        now = time.monotonic()
        if now - self._frames[0] < _MOMENT:
            self._calm_at = now + _MOMENT
        self._frames.append(now)

    def _forward(self, held: Held, queue: str, delay: float | None, properties: pika.BasicProperties) -> None:
        """Publish again, then ack: the message is durable there before it leaves here. A queue that refuses is asked again, ever more slowly."""
        epoch = self.handover.epoch
        pauses = _pauses()

        def current() -> bool:
            return epoch == self.handover.epoch

        forwarding = self._forwarding
        assert forwarding is not None  # whoever settles so has given it

        def attempt() -> None:
            if current():
                forwarding.forward(queue, delay, Pending(queue, "", "", properties, held.body, done, wanted=current))

        def done(error: TransportError | None) -> None:
            if not current():
                return  # the channel is gone, the broker delivers the original again: a duplicate, never a loss
            if error is None:
                self._held_up.pop(held.tag, None)
                self._forwarded.discard(held.tag)
                self._acked.add(held.tag)
                if not self._acking:
                    self._acking = True
                    self._thread.call(self._ack_forwarded)
                return
            self._held_up[held.tag] = (queue, str(error))
            log.warning(
                "a message of %s stays in hand, %s does not take it: %s; trying again",
                self.handover.queue,
                queue,
                error,
            )
            if isinstance(error, Unroutable):
                self._on_lost()
            self._thread.later(next(pauses), attempt)

        self._forwarded.add(held.tag)
        attempt()


def _pauses() -> Iterator[float]:
    pause = 0.5
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)
