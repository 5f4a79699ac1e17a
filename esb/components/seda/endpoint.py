"""Options of ``seda:`` and the queues of a context."""

from __future__ import annotations

import logging
import threading

from esb.component import Component, Context, Deliver, Endpoint
from esb.components.seda.consumer import SedaConsumer
from esb.components.seda.producer import SedaProducer
from esb.components.seda.queue import SedaQueue
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field

log = logging.getLogger("esb.seda")


class SedaEndpoint(Endpoint):
    """Options of ``seda:``. Endpoints of one name share one queue."""

    component: SedaComponent

    name = field(Kind.TEXT, path=True, doc="Name of the queue.", example="work")
    size = field(Kind.INT, 1000, doc="Most messages that may wait; for a name the endpoint decides that gives it.")
    concurrent_consumers = field(Kind.INT, 1, doc="Threads of the consumer; more than one gives up the order.")
    limit_concurrent_consumers = field(Kind.BOOL, True, doc="Refuse more than 500 threads.")
    multiple_consumers = field(Kind.BOOL, False, doc="Several routes may consume, and each gets every message.")
    wait_for_task_to_complete = field(
        Kind.TEXT,
        "IfReplyExpected",
        enum=("Never", "IfReplyExpected", "Always"),
        doc="Whether the sender waits for the route behind the queue; by default if its exchange is InOut.",
    )
    timeout = field(Kind.DURATION, 30.0, doc="How long a sender waits for the route; 0 or less: for ever.")
    block_when_full = field(Kind.BOOL, False, doc="Whether a sender waits while the queue is full; otherwise it fails.")
    offer_timeout = field(Kind.DURATION, 0.0, doc="With blockWhenFull: how long it waits at most; 0: for ever.")
    discard_when_full = field(Kind.BOOL, False, doc="Drop messages while the queue is full: they are lost.")
    discard_if_no_consumers = field(Kind.BOOL, False, doc="Drop messages while no route consumes: they are lost.")
    fail_if_no_consumers = field(Kind.BOOL, False, doc="Refuse messages while no route consumes.")
    purge_when_stopping = field(Kind.BOOL, False, doc="Drop what still waits when the consumer stops: it is lost.")
    poll_timeout = field(Kind.DURATION, 1.0, doc="Accepted: consumers are woken, they do not poll.")
    queue = field(Kind.REF, None, doc="Java only, accepted without effect.")

    def prepare(self) -> None:
        if self.size < 1 or self.concurrent_consumers < 1:
            raise OptionError(f"seda:{self.name}: size and concurrentConsumers must be at least 1", self.at)
        if self.limit_concurrent_consumers and self.concurrent_consumers > 500:
            raise OptionError(
                f"seda:{self.name} has {self.concurrent_consumers} concurrentConsumers, more than 500",
                self.at,
                "lower the number, or set limitConcurrentConsumers to false",
            )
        self.waiting = self.component.queue(self)

    def answers(self) -> bool:
        """Whether a sender that waits can get an answer: of a route that may still come, too."""
        return True

    def takes_over(self) -> bool:
        """Whether what comes here keeps its source waiting until a route is done with it."""
        return True

    def producer(self) -> SedaProducer:
        return SedaProducer(self)

    def consumer(self, deliver: Deliver) -> SedaConsumer:
        return SedaConsumer(self, deliver)

    def poll(self, timeout: float | None) -> Exchange | None:
        entry = self.waiting.take(timeout)
        return None if entry is None else entry.polled(self.uri)


class SedaComponent(Component):
    """Holds the queues of a context and who consumes from them. Thread-safe."""

    schemes = ("seda",)
    endpoint_class = SedaEndpoint

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.queues: dict[str, SedaQueue] = {}
        self._sized: dict[str, int] = {}
        self._consumers: dict[str, list[SedaConsumer]] = {}
        self._lock = threading.Lock()

    def queue(self, endpoint: SedaEndpoint) -> SedaQueue:
        """The queue of an endpoint's name. Raises OptionError if two endpoints give it different sizes."""
        name, size = endpoint.name, endpoint.size
        with self._lock:
            made = self.queues.setdefault(name, SedaQueue(name, size))
            if size != endpoint.fields["size"].default and self._sized.setdefault(name, size) != size:
                raise OptionError(f"seda:{name} has size {size} here and {self._sized[name]} elsewhere", endpoint.at)
            made.size = self._sized.get(name, size)
            return made

    def consumers(self, name: str) -> tuple[SedaConsumer, ...]:
        """Who consumes from a name now."""
        return tuple(self._consumers.get(name, ()))

    def add(self, consumer: SedaConsumer) -> None:
        """Let a consumer take. Raises OptionError if another one does, unless all share (multipleConsumers)."""
        endpoint = consumer.endpoint
        with self._lock:
            known = self._consumers.setdefault(endpoint.name, [])
            if known and not all(each.endpoint.multiple_consumers for each in (*known, consumer)):
                raise OptionError(
                    f"seda:{endpoint.name} has two consumers, so each would get some of the messages only",
                    endpoint.at,
                    "give one of the routes another name, or set multipleConsumers on both: then each gets every message",
                )
            known.append(consumer)

    def remove(self, consumer: SedaConsumer) -> None:
        """Forget a consumer. Idempotent."""
        with self._lock:
            known = self._consumers.get(consumer.endpoint.name, [])
            if consumer in known:
                known.remove(consumer)

    def stop(self) -> None:
        """Say what is left in memory; from a durable source it comes again."""
        for name, waiting in self.queues.items():
            if waiting:
                log.warning("seda:%s stopped while %d messages waited that nobody took", name, len(waiting))
