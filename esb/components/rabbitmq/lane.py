"""One queue of a consumer: its subscription, its worker threads, and what becomes of each message."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from esb.broker.contract import Ack, Delivery, Release
from esb.broker.history import outage
from esb.component import Deliver, Timer
from esb.components.rabbitmq import headers as names
from esb.components.rabbitmq.failure import failed, hopeless
from esb.components.rabbitmq.message import incoming
from esb.components.rabbitmq.offsets import OFFSET, Offsets
from esb.components.rabbitmq.replying import reply_address, send_reply
from esb.components.rabbitmq.settling import Settling
from esb.components.rabbitmq.topology import dead_letter_place
from esb.errors import Malformed, ReferenceFault, TransportError
from esb.exchange import IN_ONLY, IN_OUT, Exchange
from esb.unit import ReturningUnit, UnitOfWork
from esb.workers import WorkerPool

if TYPE_CHECKING:
    from esb.broker.rabbitmq.messages import Received
    from esb.broker.subscription import AmqpSubscription
    from esb.components.rabbitmq.endpoint import RabbitmqEndpoint

log = logging.getLogger("esb.rabbitmq")

_ACK: Final = Ack()
_RELEASE: Final = Release()
_SLOWEST: Final = 30.0
"""Seconds between attempts to put a dead letter into a place that does not take it."""
_SAVED_EVERY: Final = 1.0
"""Seconds between writes of a stream's place: what was read since is read again after a kill."""
_MANUAL, _NONE = "MANUAL", "NONE"


class Lane:
    """Settles each delivery once. ``stopping`` ends its waits. Life cycle calls come from one thread; the rest is thread-safe."""

    def __init__(self, endpoint: RabbitmqEndpoint, queue: str, deliver: Deliver, stopping: threading.Event) -> None:
        self._endpoint = endpoint
        self._queue = queue
        self._deliver = deliver
        self._stopping = stopping
        self._offsets = self._place() if endpoint.is_stream else None
        self._saved = 0.0
        self._subscription: AmqpSubscription | None = None
        self._open: dict[int, Delivery] = {}
        self._waiting: dict[int, tuple[Timer, Received]] = {}
        self._undecided: dict[int, Delivery] = {}
        """Messages that the route, in acknowledgeMode MANUAL, has run for and not settled."""
        self._changed = threading.Condition()
        run = self._run_strictly if endpoint.strict else self._run
        self._pool: WorkerPool[Any] = WorkerPool(endpoint.threads, run, name=f"rabbitmq-{queue}")

    # -- life cycle ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Subscribe; an absent broker is waited for in the background."""
        from esb.broker.rabbitmq.messages import received
        from esb.broker.subscription import Consuming

        endpoint = self._endpoint
        if self._offsets is not None:
            try:
                self._offsets.load()
            except OSError as error:
                raise ReferenceFault(f"{endpoint.uri}: offsetFile cannot be read: {error}", endpoint.at) from error
        self._subscription = endpoint.broker.consume(
            self._queue,
            self._take,
            prefetch=max(endpoint.prefetch_count, endpoint.threads),
            in_order=endpoint.single_active,
            consuming=Consuming(self._arguments, endpoint.exclusive, received),
        )
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

    def quiet(self) -> None:
        """Take nothing any more, and give back what no worker has begun."""
        if self._subscription is not None:
            self._subscription.stop()
            self._give_back()

    def stop(self, deadline: float) -> list[Delivery]:
        """Wait for what is under way, after :meth:`quiet`; returns what still is."""
        if self._subscription is None:
            return []
        self._pool.stop(max(0.0, deadline - time.monotonic()))
        self._give_back()
        with self._changed:
            self._changed.wait_for(lambda: not self._open, max(0.0, deadline - time.monotonic()))
        for delivery in list(self._undecided.values()):
            self._settle(delivery, _RELEASE)
        self._save()
        return list(self._open.values())

    def _place(self) -> Offsets:
        endpoint = self._endpoint
        file = endpoint.context.path(endpoint.offset_file) if endpoint.offset_file else None
        return Offsets(endpoint.consumer_arguments().get(OFFSET), file)

    def _save(self) -> None:
        if self._offsets is not None:
            try:
                self._offsets.save()
            except OSError as error:
                log.warning("%s: offsetFile cannot be written, a restart reads again: %s", self._endpoint.uri, error)

    def _arguments(self) -> dict[str, Any]:
        given = self._endpoint.consumer_arguments()
        return given | self._offsets.arguments() if self._offsets is not None else given

    def _take(self, batch: list[Delivery]) -> None:
        if self._offsets is not None:
            for delivery in batch:
                self._offsets.received(delivery.headers.get(OFFSET))
        self._pool.put(batch)

    def _give_back(self) -> None:
        again = list(self._waiting)
        for tag in again:
            timer, delivery = self._waiting.pop(tag, (None, None))
            if timer is not None and delivery is not None:
                timer.cancel()
                self._settle(delivery, _RELEASE)
        for delivery in self._pool.take_back():
            self._settle(delivery, _RELEASE)

    # -- settling ------------------------------------------------------------------------------------------------------

    def _settle(self, delivery: Delivery, outcome: Any) -> None:
        if self._offsets is not None and outcome is not _RELEASE:
            self._offsets.settled(delivery.headers.get(OFFSET))
            if self._endpoint.offset_file and (now := time.monotonic()) - self._saved > _SAVED_EVERY:
                self._saved = now
                self._endpoint.context.background(self._save)
        if self._subscription is not None:
            self._subscription.settle([(delivery, outcome)])
        self._close(delivery)

    def _close(self, delivery: Delivery) -> None:
        self._open.pop(delivery.tag, None)
        self._undecided.pop(delivery.tag, None)
        if self._stopping.is_set():
            with self._changed:
                self._changed.notify_all()

    def _held(self, delivery: Delivery) -> bool:
        """Whether the message is still ours to settle: a lost channel has given it back."""
        return self._subscription is not None and self._subscription.handover.epoch == delivery.epoch

    # -- running -------------------------------------------------------------------------------------------------------

    def _exchange(self, delivery: Received, unit: UnitOfWork) -> Exchange | None:
        """The exchange; None for a message that cannot be made one, which is then a dead letter: no sender can stop the worker."""
        endpoint = self._endpoint
        pattern = endpoint.exchange_pattern or (IN_OUT if reply_address(endpoint, delivery) else IN_ONLY)
        try:
            exchange = incoming(delivery, pattern, proxy=endpoint.disable_reply_to)
        except Exception as error:
            log.exception("%s: message %s cannot be read", endpoint.uri, delivery.id)
            unreadable = Malformed(f"the message cannot be read: {error}")
            self._to_dead_letters(
                delivery, failed(delivery, unreadable, Exchange(delivery.body), delivery.attempts), 0.5
            )
            return None
        exchange.from_endpoint = endpoint.uri
        exchange.unit = unit
        if endpoint.acknowledge_mode == _MANUAL:
            exchange.properties[names.CHANNEL] = Settling(partial(self._settle, delivery))
        return exchange

    def _run(self, delivery: Received) -> None:
        if not self._begin(delivery):
            return
        unit = ReturningUnit()
        exchange = self._exchange(delivery, unit)
        if exchange is None:
            return
        unit.before_settle(lambda unit: self._finish(delivery, exchange, unit.error))
        self._deliver((exchange,))

    def _begin(self, delivery: Received) -> bool:
        """Whether to go on: what was received on a channel that is gone comes again, and would be done twice."""
        if not self._held(delivery):
            self._close(delivery)
            return False
        self._open[delivery.tag] = delivery
        if self._endpoint.acknowledge_mode == _NONE and delivery.attempts == 1 and self._subscription is not None:
            self._subscription.settle([(delivery, _ACK)])
        return True

    def _finish(self, delivery: Received, exchange: Exchange, error: BaseException | None) -> None:
        """The unit has settled. On the thread that released it last: nothing here waits."""
        if error is None:
            self._succeeded(delivery, exchange)
            return
        if self._given_up(delivery, exchange, error):
            return
        if self._stopping.is_set() or not self._held(delivery):
            self._settle(delivery, _RELEASE)
            return
        self._waiting[delivery.tag] = (
            self._endpoint.context.later(
                self._endpoint.retry_delay, partial(self._again, delivery, counted=not outage(error))
            ),
            delivery,
        )

    def _again(self, delivery: Received, *, counted: bool) -> None:
        if self._waiting.pop(delivery.tag, None) is not None:
            delivery.attempts += counted
            self._pool.put([delivery])

    def _run_strictly(self, delivery: Received) -> None:
        """Run until it is settled for good, the pauses between attempts included: what comes after waits."""
        if not self._begin(delivery):
            return
        while True:
            settled = threading.Event()
            unit = UnitOfWork(lambda _unit, settled=settled: settled.set())  # type: ignore[misc]  # mypy does not type lambdas' defaults
            exchange = self._exchange(delivery, unit)
            if exchange is None:
                return
            exchange.waits = 1  # a send that is confirmed later could be overtaken by the next message's
            self._deliver((exchange,))
            settled.wait()
            if unit.error is None:
                self._succeeded(delivery, exchange)
                return
            if self._given_up(delivery, exchange, unit.error):
                return
            if self._stopping.wait(self._endpoint.retry_delay) or not self._held(delivery):
                self._settle(delivery, _RELEASE)
                return
            delivery.attempts += not outage(unit.error)

    # -- outcomes ------------------------------------------------------------------------------------------------------

    def _decided(self, exchange: Exchange) -> bool:
        channel = exchange.properties.get(names.CHANNEL)
        return isinstance(channel, Settling) and channel.decided

    def _succeeded(self, delivery: Received, exchange: Exchange) -> None:
        address = reply_address(self._endpoint, delivery) if exchange.pattern == IN_OUT else ""
        if not address:
            self._acknowledge(delivery, exchange)
            return

        def sent(error: BaseException | None) -> None:
            if error is None:
                self._acknowledge(delivery, exchange)
            else:
                log.warning("%s: the reply could not be sent, the message comes again: %s", self._endpoint.uri, error)
                self._settle(delivery, _RELEASE)

        send_reply(self._endpoint, address, delivery, exchange, sent)

    def _acknowledge(self, delivery: Received, exchange: Exchange) -> None:
        if self._endpoint.acknowledge_mode == _MANUAL:
            self._close(delivery)
            if not self._decided(exchange):
                self._undecided[delivery.tag] = delivery
        else:
            self._settle(delivery, _ACK)

    def _given_up(self, delivery: Received, exchange: Exchange, error: BaseException) -> bool:
        """Whether there is no other attempt; the message is then on its way to where it goes."""
        endpoint = self._endpoint
        if self._decided(exchange):
            self._close(delivery)
            return True
        if endpoint.acknowledge_mode == _NONE:
            log.warning(
                "%s: a message failed, and was acknowledged before (acknowledgeMode NONE): %s", endpoint.uri, error
            )
            self._close(delivery)
            return True
        if outage(error):
            return False
        last = delivery.attempts >= endpoint.maximum_retry_attempts or hopeless(error)
        if not (last and endpoint.reject_and_dont_requeue):
            return False
        if endpoint.dead_letters == "reject":
            from esb.broker.subscription import Reject

            self._settle(delivery, Reject())
        else:
            self._to_dead_letters(delivery, failed(delivery, error, exchange, delivery.attempts), 0.5)
        return True

    def _to_dead_letters(self, delivery: Received, history: dict[str, Any], pause: float) -> None:
        """Publish it there, then acknowledge: it is durable there before it leaves here. A place that refuses is asked again, ever more slowly."""
        from esb.broker.rabbitmq.messages import again, pending

        if not self._held(delivery) or (self._stopping.is_set() and pause > 1):
            self._settle(delivery, _RELEASE)
            return
        endpoint = self._endpoint
        exchange, key = dead_letter_place(endpoint, self._queue)
        ours = endpoint.auto_declare and exchange == endpoint.dead_letter_exchange

        def done(error: TransportError | None) -> None:
            if error is None:
                self._settle(delivery, _ACK)
                return
            log.warning(
                "%s: message %s stays in hand, the dead letters do not take it: %s; trying again",
                endpoint.uri,
                delivery.id,
                error,
            )
            endpoint.context.later(pause, partial(self._to_dead_letters, delivery, history, min(pause * 2, _SLOWEST)))

        message = (again(delivery.attributes or {}, delivery.headers, history), delivery.body)
        place = (exchange, delivery.routing_key if key is None else key)
        name = f"{exchange or place[1]} (dead letters of {self._queue})"
        endpoint.broker.dispatch(pending(name, place, message, done, mandatory=True, declared=ours))
