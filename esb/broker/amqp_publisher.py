"""Publishing to RabbitMQ: confirms pipelined, ``mandatory`` always, and published again after a reconnect until confirmed.

A return arrives before the confirm of its message, on the same channel; it is matched by message id, exchange and routing key.

A refusal (``basic.nack``) says no reason. A queue is full, or has no leader; and RabbitMQ (3.10 read and tried) looks for a queue's leader once for
each channel, with the first message: if that is on a node that has just died, the channel refuses for that queue until the node is back, whoever
leads it now. So a channel that has refused is followed by another one, and what no bound can have refused waits for that (ADR 53).
"""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pika
from pika.exceptions import ChannelClosedByBroker, ChannelWrongStateError

from esb.broker.amqp_fast import FastConnection
from esb.broker.amqp_frames import properties, publish, read
from esb.broker.amqp_thread import IoThread
from esb.broker.contract import Done
from esb.broker.headers import refused
from esb.broker.renewal import Renewal
from esb.errors import ConnectionLost, NotConnected, Rejected, TransportError, Unroutable

log = logging.getLogger(__name__)

_PLACES = 1000

_SENDS = 5  # a message that was in flight whenever the channel broke so often is likely what breaks it
NEVER = float("inf")
_LINGER = 30.0  # seconds that a channel stays open after another has taken its place
_NOT_FOUND = 404
_EXCHANGE_AT_FAULT = re.compile(r"exchange '([^']*)'")


@dataclass(slots=True, eq=False)
class Pending:
    """A message that is not answered yet. ``name`` is the route's word for where it goes."""

    name: str
    exchange: str
    routing_key: str
    properties: pika.BasicProperties | bytes
    """As pika has them, or as they are on the wire."""
    body: bytes
    done: Done | None
    deadline: float = NEVER
    wanted: Callable[[], bool] | None = None
    """Whether it is still worth sending; asked before it is sent again."""
    size: int = 0
    """Bytes that the message takes in the window, with one place, until it is answered; 0 for one that takes no place."""
    sends: int = 0
    returned: bool = False
    mandatory: bool = True
    """Whether the broker shall say when no queue gets it."""
    wants_queue: bool = False
    """Whether that is a failure behind a named exchange too; for the default exchange it always is."""
    declared: bool = True
    """Whether the exchange is one that we declare, again if it is missing; a message for a foreign one fails instead."""
    unbounded: bool = False
    """Whether no queue that it goes to has a bound, as far as we declare it: a refusal is then the broker's trouble, not the queue's."""
    refusals: int = 0


class Publisher:
    """Everything on the I/O thread. ``ready`` says whether messages go out at once."""

    def __init__(
        self,
        thread: IoThread,
        on_broken: Callable[[], None],
        leave: Callable[[int, int], None] = lambda _count, _size: None,
        on_renewed: Callable[[], None] = lambda: None,
    ) -> None:
        """``leave`` is told of each answer: how many messages, and their sizes together. Once for a confirm, however many it is for.

        ``on_renewed`` is called when another channel has taken the place of one that refused, before anything goes out on it.
        """
        self._thread = thread
        self._leave = leave
        self._on_broken = on_broken
        self._connection: Any = None
        self._channel: Any = None
        self._methods: dict[tuple[str, str, bool], bytes] = {}
        """Method frames by exchange, routing key and ``mandatory``, for the channel."""
        self._confirming = False
        self._blocked = False
        self._held = False
        self._tag = 0
        self._outstanding: dict[int, Pending] = {}
        self._refused: list[Pending] = []
        """Refused by this channel; they go out again on the next one."""
        self._renewal = Renewal(thread, lambda: not self._outstanding, self._open_another)
        self._on_renewed = on_renewed
        self._backlog: deque[Pending] = deque()
        self._closed = False
        self._progress = 0.0

    @property
    def ready(self) -> bool:
        """Whether there is a channel in confirm mode."""
        return self._confirming

    @property
    def opened(self) -> bool:
        """Whether there is a channel, or one is being opened."""
        return self._channel is not None

    @property
    def channel(self) -> Any:
        """The channel that messages go out on, while it confirms and is not about to be followed by another; else None."""
        return self._channel if self._confirming and not self._renewal.holding else None

    @property
    def blocked(self) -> bool:
        """Whether the broker has told us to wait."""
        return self._blocked

    @property
    def idle(self) -> bool:
        """Whether everything was answered."""
        return not self._outstanding and not self._backlog and not self._refused

    def send(self, pending: Pending) -> None:
        """Publish, now or when it is possible. In order with those before."""
        if self._closed:
            self._answer(pending, NotConnected("the broker is closed", endpoint=pending.name))
        elif self._free and not self._backlog:
            self._publish(pending)
        else:
            self._backlog.append(pending)

    @property
    def _free(self) -> bool:
        return self._confirming and not self._blocked and not self._held and not self._renewal.holding

    def up(self, connection: Any, ready: Callable[[], None]) -> None:
        """Open the channel on a new connection; ``ready`` is called when it confirms."""

        def selected(channel: Any) -> None:
            if channel is self._channel:
                self._use(channel)
                ready()
                self._flush()

        self._connection = connection
        self._channel = self._open(selected)

    def _open(self, selected: Callable[[Any], None]) -> Any:
        """Open a channel; ``selected`` is called with it when it is in confirm mode."""

        def opened(channel: Any) -> None:
            channel.add_on_return_callback(self._returned)
            channel.confirm_delivery(partial(self._confirmed, channel), callback=lambda _: selected(channel))

        channel = self._connection.channel(on_open_callback=opened)
        channel.add_on_close_callback(self._channel_closed)
        return channel

    def _use(self, channel: Any) -> None:
        self._channel = channel
        self._confirming = True
        self._tag = 0
        self._methods = {}
        if isinstance(self._connection, FastConnection):
            self._connection.confirms[channel.channel_number] = self._confirm

    def _leave_channel(self) -> None:
        """What was not confirmed on the channel waits to be sent again, before everything else."""
        if isinstance(self._connection, FastConnection) and self._channel is not None:
            self._connection.confirms.pop(self._channel.channel_number, None)
        self._channel = None
        self._confirming = False
        # What was refused was sent before what is still open, as a rule.
        again = [*self._refused, *self._outstanding.values()]
        self._refused = []
        self._outstanding.clear()
        for pending in reversed(again):
            pending.returned = False
            if pending.sends - pending.refusals >= _SENDS:
                self._answer(
                    pending,
                    refused(f"{pending.name}: the broker closed the channel {_SENDS} times over it", pending.name),
                )
            else:
                self._backlog.appendleft(pending)

    def down(self) -> None:
        """The connection or the channel is lost."""
        self._renewal.cancel()
        self._leave_channel()
        self._connection = None
        self._blocked = False

    def block(self, *, blocked: bool) -> None:
        """The broker has (or has no longer) an alarm: hold new messages back, they would only pile up in the socket."""
        self._blocked = blocked
        self._flush()

    def hold(self, *, held: bool) -> None:
        """Hold new messages back while something is being declared: they may be for it."""
        self._held = held
        self._flush()

    def expire(self) -> None:
        """Answer those whose time is over. One that was sent stays known until its confirm, which then says nothing to anybody."""
        now = time.monotonic()
        for pending in (*self._outstanding.values(), *self._refused):
            if pending.deadline <= now:
                self._late(pending)
        late = [pending for pending in self._backlog if pending.deadline <= now]
        if late:
            self._backlog = deque(pending for pending in self._backlog if pending.deadline > now)
            for pending in late:
                self._late(pending)

    def check(self, patience: float) -> None:
        """Open another channel if nothing at all was confirmed for so long: a broker that restarted may have forgotten what it was given."""
        if (
            self._outstanding
            and not self._blocked
            and time.monotonic() - self._progress > patience
            and self._channel.is_open
        ):
            log.warning(
                "RabbitMQ has confirmed nothing for %.0f s; publishing %d messages again",
                patience,
                len(self._outstanding),
            )
            self._progress = time.monotonic()
            self._channel.close()

    def close(self) -> None:
        """Answer everything that is left."""
        self._closed = True
        self._renewal.cancel()
        left = [*self._refused, *self._outstanding.values(), *self._backlog]
        self._refused = []
        self._outstanding.clear()
        self._backlog.clear()
        for pending in left:
            self._late(pending)

    def _late(self, pending: Pending) -> None:
        if pending.sends > pending.refusals:
            error: TransportError = ConnectionLost(
                f"{pending.name}: sent, but not confirmed in time; it may have arrived",
                endpoint=pending.name,
                outage=True,
            )
        elif pending.refusals:
            error = NotConnected(
                f"{pending.name}: refused by the broker {pending.refusals} times, on as many channels: a queue without a leader, or one that a "
                "policy bounds and that is full",
                endpoint=pending.name,
                outage=True,
            )
        else:
            why = "the broker refuses publishers for now (an alarm)" if self._blocked else "no connection to the broker"
            error = NotConnected(f"{pending.name}: not sent in time: {why}", endpoint=pending.name, outage=True)
        self._answer(pending, error)

    def _flush(self) -> None:
        while self._backlog and self._free:
            pending = self._backlog.popleft()
            if pending.done is not None and (pending.wanted is None or pending.wanted()):
                self._publish(pending)

    def _publish(self, pending: Pending) -> None:
        try:
            self._write(pending)
        except Exception as exc:
            if self._channel is None or not self._channel.is_open:
                self._backlog.appendleft(
                    pending
                )  # it closed under us: its callback comes, and everything is sent again
                self._confirming = False
                return
            # pika packs a message before it writes a byte of it: nothing was sent, and the next one may go.
            error = refused(
                f"{pending.name}: the message cannot be written as AMQP: {type(exc).__name__}: {exc}", pending.name
            )
            self._answer(pending, error)
            return
        if not self._outstanding:
            self._progress = time.monotonic()
        self._tag += 1
        pending.sends += 1
        self._outstanding[self._tag] = pending

    def _write(self, pending: Pending) -> None:
        """Raises before a byte is written, or writes the whole message."""
        content, channel, connection = pending.properties, self._channel, self._connection
        if isinstance(connection, FastConnection):
            if not channel.is_open:
                raise ChannelWrongStateError("the channel is closed")
            raw = content if isinstance(content, bytes) else b"".join(content.encode())
            place = (pending.exchange, pending.routing_key, pending.mandatory)
            method = self._methods.get(place)
            if method is None:
                if len(self._methods) > _PLACES:  # routing keys that are made of messages
                    self._methods.clear()
                method = self._methods[place] = publish(
                    channel.channel_number, pending.exchange, pending.routing_key, mandatory=pending.mandatory
                )
            connection.publish(channel.channel_number, method, raw, pending.body)
            return
        told = properties(content) if isinstance(content, bytes) else content
        channel.basic_publish(pending.exchange, pending.routing_key, pending.body, told, mandatory=pending.mandatory)

    def _returned(self, channel: Any, method: Any, told: Any, _body: bytes) -> None:
        if channel is not self._channel:
            return
        for pending in self._outstanding.values():
            if (
                pending.routing_key == method.routing_key
                and _id(pending.properties) == told.message_id
                and pending.exchange == method.exchange
                and not pending.returned
            ):
                pending.returned = True
                return

    def _confirmed(self, channel: Any, frame: Any) -> None:
        if channel is self._channel:  # a former one's tags mean nothing here
            method = frame.method
            self._confirm(method.delivery_tag, method.multiple, method.NAME == "Basic.Nack")

    def _confirm(self, tag: int, multiple: bool, nacked: bool) -> None:
        if multiple:
            tags = []
            for each in self._outstanding:
                if each > tag:
                    break
                tags.append(each)
        else:
            tags = [tag] if tag in self._outstanding else []
        self._progress = time.monotonic()
        pop = self._outstanding.pop
        answered = [pop(each) for each in tags]
        if nacked:
            answered = self._kept(answered)
        left = size = 0
        for pending in answered:
            if pending.size and pending.done is not None:
                left += 1
                size += pending.size
                pending.size = 0
        if left:
            self._leave(left, size)
        for pending in answered:
            good = not nacked and not pending.returned
            self._answer(pending, None if good else self._verdict(pending, nacked=nacked))

    def _kept(self, refused: list[Pending]) -> list[Pending]:
        """Keep what waits for another channel; returns the others, which are answered."""
        self._renewal.want(refused[0].name if refused else "")
        answered = []
        for pending in refused:
            pending.refusals += 1
            # What waits for ever (a retry, a move) is its subscription's to try again, which tells of it.
            if pending.unbounded and pending.deadline != NEVER and pending.done is not None:
                self._refused.append(pending)
            else:
                answered.append(pending)
        return answered

    def _open_another(self) -> None:
        if self._confirming and self._connection.is_open:
            self._open(partial(self._renewal.ready, self._go_over))

    def _go_over(self, channel: Any) -> None:
        former = self._channel
        self._leave_channel()
        self._use(channel)
        self._on_renewed()
        self._flush()
        # Replies to requests that went out on it still come there.
        self._thread.later(_LINGER, lambda: former.close() if former.is_open else None)

    def _verdict(self, pending: Pending, *, nacked: bool) -> TransportError | None:
        if nacked:
            return Rejected(
                f"{pending.name}: refused by the broker: the queue is full, or has no leader just now",
                endpoint=pending.name,
            )
        if pending.returned and not pending.exchange:
            return Unroutable(
                f"queue {pending.name!r} does not exist on the broker; declare it before it is used",
                endpoint=pending.name,
            )
        if pending.returned and pending.wants_queue:  # a topic without subscriptions returns too: nobody wanted it
            return Unroutable(
                f"{pending.name}: exchange {pending.exchange!r} has no queue for routing key {pending.routing_key!r}; bind one, or say that "
                "nobody need get it (mandatory: false)",
                endpoint=pending.name,
            )
        return None

    def _answer(self, pending: Pending, error: TransportError | None) -> None:
        done, pending.done = pending.done, None
        if done is not None:
            if pending.size:
                self._leave(1, pending.size)
            try:
                done(error)
            except Exception:
                log.exception("a publisher's callback failed")

    def _channel_closed(self, channel: Any, reason: BaseException) -> None:
        if channel is self._channel:
            if isinstance(reason, ChannelClosedByBroker):
                log.warning("the publishing channel was closed: %s; unconfirmed messages are sent again", reason)
                self._answer_guilty(reason)
            self.down()
            self._on_broken()

    def _answer_guilty(self, reason: ChannelClosedByBroker) -> None:
        """Answer the messages for a foreign exchange over which the channel closed: sent again they would close the next, with all in flight."""
        found = _EXCHANGE_AT_FAULT.search(reason.reply_text)
        if found is None:
            return
        for tag in [tag for tag, each in self._outstanding.items() if each.exchange == found[1] and not each.declared]:
            pending = self._outstanding.pop(tag)
            why = (
                "does not exist" if reason.reply_code == _NOT_FOUND else f"does not take messages: {reason.reply_text}"
            )
            self._answer(pending, Unroutable(f"{pending.name}: exchange {found[1]!r} {why}", endpoint=pending.name))


def _id(told: pika.BasicProperties | bytes) -> str:
    return read(told)[0] if isinstance(told, bytes) else told.message_id
