"""RabbitMQ behind the broker contract: two connections (publishing, consuming) turned by one I/O thread of the process.

An absent broker is a state: both connections are tried for ever, what was declared is declared again on each new one, and what was not confirmed is
published again. While connected, ``queue`` and ``bind`` wait for the broker's answer, so that a mismatch is raised where it is made.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from esb.broker import headers
from esb.broker.amqp_besides import Besides
from esb.broker.amqp_declare import Declarable, Declarer
from esb.broker.amqp_inspect import Inspector
from esb.broker.amqp_link import Link
from esb.broker.amqp_message import properties
from esb.broker.amqp_publisher import Pending, Publisher
from esb.broker.amqp_replies import Replies, Request
from esb.broker.amqp_thread import IoThread
from esb.broker.amqp_url import Address
from esb.broker.contract import Delivery, Done, Judge, Outgoing, Stored, subscription_queue
from esb.broker.handover import Handover
from esb.broker.subscription import AmqpSubscription, Consuming
from esb.broker.topology import Topology
from esb.broker.window import Window
from esb.errors import NotConnected, TransportError, Unroutable

log = logging.getLogger(__name__)

_DECLARE_TIMEOUT = 15.0
_TICK = 0.5


class AmqpBroker:
    """See :class:`esb.broker.contract.Broker`."""

    def __init__(self, address: Address, *, on_state: Callable[[str], None] | None = None) -> None:
        options = address.options
        self._options = options
        self._on_state = on_state
        self._state = "waiting"
        self._closing = False
        self._lock = threading.Lock()
        self._window = Window(options.window)
        self._topology = Topology(
            options.namespace, delivery_limit=options.delivery_limit, max_length=options.max_length
        )
        self._inspector = Inspector(address)
        self._thread = IoThread("esb-broker-amqp", self._crashed)
        self._besides = Besides(self._topology)
        self._declarer = Declarer(self._thread, self._besides, self._declared)
        self._publisher = Publisher(self._thread, self._publisher_broken, self._window.leave, self._publisher_renewed)
        self._replies = Replies(self._thread, self._publisher)
        self._publishing = Link(self._thread, address, "publish", self._publish_up, self._publish_down)
        self._consuming = Link(self._thread, address, "consume", self._consume_up, self._consume_down)
        self._subscriptions: list[AmqpSubscription] = []

    # -- any thread ----------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Start the I/O thread, which connects."""
        with self._lock:
            if self._thread.started or self._closing:
                return
            self._thread.start()
        self._thread.call(self._publishing.connect)
        self._thread.call(self._consuming.connect)
        self._thread.call(self._tick)

    def close(self, timeout: float = 10.0) -> None:
        """Wait for confirms, send settlements, and close both connections: RabbitMQ takes back what is in hand."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
        self._inspector.close()
        for subscription in list(self._subscriptions):
            # Not cancelled: a standby of an exclusive queue would take over before our messages are given back, and out of order.
            subscription.handover.stop()
        if not self._thread.alive:
            self._set_state("closed")
            return
        deadline = time.monotonic() + timeout
        self._thread.call(partial(self._drain, deadline))
        if not self._thread.is_current and not self._thread.join(timeout + 3.0):
            log.error("the I/O thread did not end within %.0f s after the close", timeout)

    @property
    def state(self) -> str:
        """``connected`` when both connections are up and everything is declared."""
        return self._state

    def queue(self, name: str, *, exclusive: bool = False) -> None:
        """Declare a quorum queue."""
        self._declare(self._topology.queue(name, exclusive=exclusive))

    def topic(self, name: str) -> None:
        """Declare a topic: a durable fanout exchange."""
        self._declare(self._topology.topic(name))

    def bind(self, topic: str, subscription: str) -> str:
        """Declare a topic's durable subscription: a quorum queue bound to it."""
        self._declare(self._topology.binding(topic, subscription))
        return subscription_queue(topic, subscription)

    def _declare(self, declarations: Sequence[Declarable]) -> None:
        answered = threading.Event()
        errors: list[TransportError] = []

        def answer(error: TransportError | None) -> None:
            if error is not None:
                errors.append(error)
            answered.set()

        wait = self._state == "connected" and not self._thread.is_current
        self._thread.call(partial(self._declare_now, declarations, answer))
        if wait and not answered.wait(_DECLARE_TIMEOUT):
            log.warning("%s: the broker has not answered the declaration yet", declarations[-1].wire)
        if errors:
            raise errors[0]

    def publish(self, queue: str, message: Outgoing, done: Done) -> None:
        """Publish to a queue."""
        self._publish(queue, "", self._topology.wire(queue), message, done)

    def publish_topic(self, topic: str, message: Outgoing, done: Done) -> None:
        """Publish to every subscription of a topic."""
        if not self._topology.has_topic(topic):
            # Publishing to a missing exchange would close the channel, with everything in flight on it.
            error = Unroutable(f"topic {topic!r} does not exist; declare it before it is used", endpoint=topic)
            self._answer(partial(done, error))
            return
        self._publish(topic, self._topology.wire_topic(topic), message.key or "", message, done)

    def _publish(self, name: str, exchange: str, key: str, message: Outgoing, done: Done) -> None:
        try:
            headers.check(message, name)
            if self._declarer.faults and (fault := self._declarer.faults.get(exchange or key)):
                raise fault
        except TransportError as exc:
            self._answer(partial(done, exc))
            return
        try:
            content = properties(message)
        except Exception as exc:  # what pika, too, says of a header that AMQP cannot carry
            error = headers.refused(f"{name}: the message cannot be written as AMQP: {type(exc).__name__}: {exc}", name)
            self._answer(partial(done, error))
            return
        unbounded = not self._options.max_length
        self.dispatch(Pending(name, exchange, key, content, message.body, done, unbounded=unbounded))

    def dispatch(self, pending: Pending, patience: float | None = None, request: Request | None = None) -> None:
        """Publish a prepared message, to wherever it says; ``pending.done`` is called as for :meth:`publish`, within ``patience`` seconds.

        With a ``request`` the message asks for a reply (see :class:`Replies`).
        """
        name, done, size = pending.name, pending.done, max(len(pending.body), 1)
        assert done is not None  # nobody has answered it yet
        patience = self._options.publish_timeout if patience is None else patience
        try:
            if size > self._options.max_body:
                raise headers.refused(
                    f"{name}: the body has {size} bytes; the broker takes up to {self._options.max_body} (option maxBody)",
                    name,
                )
            if self._closing or not self._thread.usable:
                raise NotConnected(
                    f"{name}: the broker is closed, or was opened before a fork", endpoint=name, outage=True
                )
            timeout = 0.0 if self._thread.is_current else patience
            if not self._window.enter(size, timeout):
                raise NotConnected(
                    f"{name}: no room for the message within {timeout} s: the broker is {self._state}",
                    endpoint=name,
                    outage=True,
                )
        except TransportError as exc:
            self._answer(partial(done, exc))
            return
        pending.deadline = time.monotonic() + patience
        if request is None:
            pending.size = size
            self._thread.call(partial(self._publisher.send, pending))
        else:
            # It may be answered by others than the publisher, who would not know of the window.
            window = self._window

            def answered(error: TransportError | None) -> None:
                window.leave(1, size)
                done(error)

            pending.done = answered
            self._thread.call(partial(self._replies.send, pending, request))

    def _answer(self, call: Callable[[], None]) -> None:
        if self._thread.alive and not self._closing:
            self._thread.call(call)
        else:
            call()

    def subscribe(
        self, queue: str, on_batch: Callable[[list[Delivery]], None], *, prefetch: int = 250
    ) -> AmqpSubscription:
        """Start delivering, as soon as there is a connection."""
        wire = self._topology.wire(queue)
        if not self._topology.has_queue(queue):
            raise Unroutable(f"queue {queue!r} was not declared; declare it before it is used", endpoint=queue)
        if fault := self._declarer.faults.get(wire):
            raise fault
        exclusive = self._topology.is_exclusive(queue)
        return self._subscribe(
            AmqpSubscription(
                self._thread,
                wire,
                Handover[Any](queue, on_batch, prefetch),
                exclusive=exclusive,
                forwarding=self,
                on_lost=self._declarer.again,
            )
        )

    def _subscribe(self, subscription: AmqpSubscription) -> AmqpSubscription:
        self._thread.call(partial(self._add, subscription))
        return subscription

    # -- any thread: RabbitMQ beyond the contract ----------------------------------------------------------------------

    def declare(self, declarations: Sequence[Declarable]) -> None:
        """Declare exchanges, queues and bindings of any kind; they are remembered. Raises :class:`Rejected` as :meth:`queue` does."""
        if declarations:
            self._besides.remember(declarations)
            self._declare(declarations)

    @property
    def is_current(self) -> bool:
        """Whether the caller is the broker's own thread, on which nobody may wait for an answer."""
        return self._thread.is_current

    def refusals(self) -> list[str]:
        """What is declared and refused at present, in words."""
        return [str(fault) for fault in list(self._declarer.faults.values())]

    def consume(
        self,
        wire: str,
        on_batch: Callable[[list[Delivery]], None],
        *,
        prefetch: int,
        in_order: bool,
        consuming: Consuming,
    ) -> AmqpSubscription:
        """Consume from any queue. Settle by Ack, Release and Reject only. ``in_order``: pass the queue on only when nothing is in hand."""
        return self._subscribe(
            AmqpSubscription(
                self._thread,
                wire,
                Handover[Any](wire, on_batch, prefetch),
                exclusive=in_order,
                forwarding=None,
                on_lost=self._declarer.again,
                consuming=consuming,
            )
        )

    def browse(self, queue: str, *, limit: int = 100, after: str | None = None) -> Sequence[Stored]:
        """Look at messages, oldest first. They are taken and given back, which RabbitMQ counts as a delivery."""
        return self._inspector.browse(queue, self._topology.wire(queue), limit, after)

    def sweep(self, queue: str, judge: Judge, *, page: int = 100) -> int:
        """Go once over the messages. They are taken, and those that stay are given back at the end, which RabbitMQ counts as a delivery."""
        return self._inspector.sweep(queue, self._topology.wire(queue), judge, page)

    def remove(self, queue: str, ids: Sequence[str]) -> int:
        """Remove messages by id."""
        return self._inspector.remove(queue, self._topology.wire(queue), ids)

    def depth(self, queue: str) -> int:
        """Messages that are ready, delayed by this process, or in this process's hands; RabbitMQ tells no more over AMQP."""
        count = self._inspector.depth(queue, [self._topology.wire(queue), *self._topology.delays(queue)])
        return count + sum(each.unsettled for each in list(self._subscriptions) if each.handover.queue == queue)

    def held_up(self) -> dict[str, str]:
        """Queues that do not take what is moved to them."""
        told: dict[str, list[str]] = {}
        for subscription in list(self._subscriptions):
            for queue, why in subscription.held_up:
                told.setdefault(queue, []).append(why)
        return {queue: f"{len(whys)} of its messages stay where they are: {whys[-1]}" for queue, whys in told.items()}

    def queues(self) -> Sequence[str]:
        """Names of the queues that were declared through this broker."""
        return self._topology.queues()

    # -- the I/O thread ------------------------------------------------------------------------------------------------

    def forward(self, queue: str, delay: float | None, pending: Pending) -> None:
        """Publish a message again; for subscriptions."""
        declarations: Sequence[Declarable] = []
        pending.routing_key = self._topology.wire(queue)
        if delay is None:
            fault = pending.routing_key in self._declarer.faults
            declarations = self._topology.queue(queue) if fault else self._topology.move_target(queue)
        elif delay > 0:
            pending.routing_key, declarations = self._topology.delay(queue, delay)

        def declared(error: TransportError | None) -> None:
            error = error or self._declarer.faults.get(pending.routing_key)
            if error is None:
                self._publisher.send(pending)
            elif pending.done is not None:
                pending.done(error)

        self._declare_now(declarations, declared)

    def _declare_now(self, declarations: Sequence[Declarable], answer: Callable[[TransportError | None], None]) -> None:
        if declarations:
            self._publisher.hold(held=True)
        self._declarer.declare(declarations, answer)

    def _add(self, subscription: AmqpSubscription) -> None:
        over = [each for each in self._subscriptions if each.handover.stopped and not each.unsettled]
        self._subscriptions = [*(each for each in self._subscriptions if each not in over), subscription]
        if self._consuming.up and self._declarer.settled:
            subscription.up(self._consuming.connection)

    def _publish_up(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(lambda *_: self._block(blocked=True))
        connection.add_on_connection_unblocked_callback(lambda *_: self._block(blocked=False))
        self._declarer.up(connection)

    def _publish_down(self) -> None:
        self._declarer.down()
        self._publisher.down()
        self._replies.down()
        self._refresh()

    def _consume_up(self, _connection: Any) -> None:
        self._start_subscriptions()
        self._refresh()

    def _consume_down(self) -> None:
        for subscription in self._subscriptions:
            subscription.down()
        self._refresh()

    def _declared(self) -> None:
        """Everything is declared: publishing and consuming may begin."""
        if not self._publisher.opened and self._publishing.up:
            self._publisher.up(self._publishing.connection, self._publisher_ready)
        self._publisher.hold(held=False)
        self._start_subscriptions()

    def _start_subscriptions(self) -> None:
        if self._consuming.up and self._declarer.settled:
            for subscription in self._subscriptions:
                subscription.up(self._consuming.connection)

    def _publisher_ready(self) -> None:
        self._replies.up()
        self._refresh()

    def _publisher_broken(self) -> None:
        self._replies.down()
        if self._publishing.up and self._publishing.connection.is_open:
            self._declarer.again()  # a topic's exchange may have been deleted; publishing to it broke the channel
        self._refresh()

    def _publisher_renewed(self) -> None:
        self._replies.moved()

    def _block(self, *, blocked: bool) -> None:
        log.warning(
            "RabbitMQ %s", "blocks publishers: it is short of memory or disk" if blocked else "takes messages again"
        )
        self._publisher.block(blocked=blocked)
        self._refresh()

    def _crashed(self) -> None:
        self._publishing.drop()
        self._consuming.drop()

    def _tick(self) -> None:
        self._publisher.expire()
        self._publisher.check(self._options.confirm_timeout)
        self._publishing.listen(_TICK)
        self._consuming.listen(_TICK)
        self._thread.later(_TICK, self._tick)

    def _refresh(self) -> None:
        if self._publisher.blocked:
            self._set_state("blocked")
        elif self._publisher.ready and self._consuming.up:
            self._set_state("connected")
        else:
            self._set_state("waiting")

    def _set_state(self, state: str) -> None:
        if self._state in {state, "closed"}:
            return
        self._state = state
        if self._on_state is not None:
            try:
                self._on_state(state)
            except Exception:
                log.exception("an observer of the broker's state failed")

    def _drain(self, deadline: float) -> None:
        """Wait until everything is answered and sent, then close."""
        quiet = self._publisher.idle and all(each.quiet for each in self._subscriptions)
        if not quiet and time.monotonic() < deadline and (self._publisher.ready or not self._publisher.idle):
            self._thread.later(0.01, partial(self._drain, deadline))
            return
        open_links = {"publish", "consume"}

        def closed(name: str) -> None:
            open_links.discard(name)
            if not open_links:
                self._finish()

        for subscription in self._subscriptions:
            subscription.abandon()
        self._thread.later(2.0, self._finish)  # a broker that does not answer the close
        self._publishing.close(partial(closed, "publish"))
        self._consuming.close(partial(closed, "consume"))

    def _finish(self) -> None:
        self._publisher.close()
        self._replies.close()
        for subscription in self._subscriptions:
            subscription.down()
        self._set_state("closed")
        self._thread.end()
