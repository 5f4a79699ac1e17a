"""Options of ``bus:``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from esb.broker.contract import QUARANTINE, Broker, Done, Outgoing
from esb.component import Component, Context, Deliver, Endpoint
from esb.components.bus.consumer import BusConsumer
from esb.components.bus.crashes import CrashMarks
from esb.components.bus.failure import FailurePolicy
from esb.components.bus.producer import BusProducer
from esb.errors import OptionError, ReferenceFault
from esb.fields import Kind, field

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


class BusEndpoint(Endpoint):
    """Options of ``bus:``. Times are durations; a message's attempts are counted by the broker, so they survive a restart."""

    component: BusComponent

    name = field(Kind.TEXT, path=True, doc="Name of a queue, or topic:NAME.", example="orders")
    subscription = field(
        Kind.TEXT,
        None,
        doc="For a topic: name of the durable subscription that the route consumes from.",
        example="erp",
    )
    concurrent_consumers = field(Kind.INT, 1, doc="Threads that run the route; more than one gives up the order.")
    prefetch = field(
        Kind.INT,
        250,
        doc="Most messages taken and not settled: as many come again after a kill. Raised to concurrentConsumers if it is less.",
    )
    ordered = field(
        Kind.BOOL,
        False,
        doc="One message at a time, in order, also over redeliveries: a failing message holds up those behind it. Implies exclusive.",
    )
    exclusive = field(
        Kind.BOOL,
        False,
        doc="One consumer at a time in all processes, others stand by. Say it on every endpoint of the queue, senders too.",
    )
    maximum_redeliveries = field(
        Kind.INT, 5, doc="How often a message that the route did not handle is delivered again; -1: for ever."
    )
    redelivery_delay = field(Kind.DURATION, 1.0, doc="Pause before the first redelivery.")
    back_off_multiplier = field(Kind.FLOAT, 2.0, doc="Factor by which the pause grows.")
    maximum_redelivery_delay = field(Kind.DURATION, 60.0, doc="Longest pause.")
    dead_letter_queue = field(
        Kind.TEXT, None, doc="Where messages go that could not be processed; by default the queue's name with .dlq."
    )
    invalid_queue = field(
        Kind.TEXT,
        None,
        doc="Where messages go at once that break their type; by default the queue's name with .invalid.",
    )
    on_fault = field(
        Kind.TEXT,
        "invalid",
        enum=("invalid", "dead", "retry"),
        doc="What becomes of a message that a partner refused with a business fault.",
    )
    maximum_crashes = field(
        Kind.INT,
        3,
        doc="How often a process may die while it works on a message that came back before, until the message is put into the queue 'quarantine'; "
        "-1: for ever.",
    )
    maximum_returns = field(
        Kind.INT,
        100,
        doc="How often a message may come back unsettled, in hand of whatever process died, before it goes there too; -1: for ever.",
    )

    def prepare(self) -> None:
        kind, colon, name = self.name.partition(":")
        self.is_topic = bool(colon) and kind == "topic"
        self.channel = name if colon and kind in {"topic", "queue"} else self.name
        if self.ordered:
            self.exclusive = True
        for option, given in (
            ("name", self.channel),
            ("subscription", self.subscription),
            ("deadLetterQueue", self.dead_letter_queue),
            ("invalidQueue", self.invalid_queue),
        ):
            if given is not None and not _NAME.fullmatch(given):
                raise OptionError(
                    f"bus: {option} {given!r} is no name of a channel",
                    self.at,
                    "use letters, digits, '.', '_' and '-', such as bus:orders or bus:topic:prices",
                )
        self._check()
        if self.exclusive:
            self.component.exclusive.add(self.channel)

    def _check(self) -> None:
        for option, value, least in (
            ("concurrentConsumers", self.concurrent_consumers, 1),
            ("prefetch", self.prefetch, 1),
            ("redeliveryDelay", self.redelivery_delay, 0),
            ("backOffMultiplier", self.back_off_multiplier, 1),
        ):
            if value < least:
                raise OptionError(f"bus:{self.name}: {option} must be at least {least}", self.at)
        if self.subscription and not self.is_topic:
            raise OptionError(
                f"bus:{self.name} is a queue and has no subscriptions",
                self.at,
                f"for a topic write bus:topic:{self.name}",
            )
        if self.ordered and self.concurrent_consumers > 1:
            raise OptionError(f"bus:{self.name}: ordered needs concurrentConsumers=1", self.at)
        if self.is_topic and self.exclusive:
            raise OptionError(
                f"bus:{self.name}: ordered and exclusive are for queues",
                self.at,
                "let a route move the subscription's messages to a queue, and consume that in order",
            )

    @property
    def broker(self) -> Broker:
        """The project's broker, opened."""
        return self.component.broker

    @property
    def threads(self) -> int:
        """Worker threads of the consumer."""
        return 1 if self.ordered else int(self.concurrent_consumers)

    @property
    def window(self) -> int:
        """How many deliveries may be unsettled."""
        return max(int(self.prefetch), self.threads)

    @property
    def publish(self) -> Callable[[Outgoing, Done], None]:
        """How a message is published to this channel."""
        component, channel = self.component, self.channel
        if self.is_topic:
            return lambda message, done: component.broker.publish_topic(channel, message, done)
        return lambda message, done: component.broker.publish(channel, message, done)

    def declare(self) -> None:
        """Declare the queue or topic."""
        if self.is_topic:
            self.broker.topic(self.channel)
        else:
            self.broker.queue(self.channel, exclusive=self.channel in self.component.exclusive)

    def declare_for_consumer(self) -> str:
        """Declare all that a consumer needs; returns the name of the queue to consume from."""
        queue: str = self.channel
        self.declare()
        if self.is_topic:
            queue = self.broker.bind(self.channel, self.subscription)
        policy = self.policy()
        self.broker.queue(policy.dead_letters)
        self.broker.queue(policy.invalid)
        self.broker.queue(QUARANTINE)
        return queue

    def policy(self) -> FailurePolicy:
        """What becomes of messages that the route does not handle."""
        base = f"{self.channel}.{self.subscription}" if self.subscription else self.channel
        return FailurePolicy(
            dead_letters=self.dead_letter_queue or f"{base}.dlq",
            invalid=self.invalid_queue or f"{base}.invalid",
            maximum_redeliveries=self.maximum_redeliveries,
            delay=self.redelivery_delay,
            multiplier=self.back_off_multiplier,
            maximum_delay=self.maximum_redelivery_delay,
            on_fault=self.on_fault,
        )

    @property
    def unhandled(self) -> str:
        """What becomes of a message that the route does not handle, for ``esb describe``."""
        policy = self.policy()
        times = policy.maximum_redeliveries
        again = (
            "delivered again for ever" if times < 0 else f"delivered again {times} times, then on {policy.dead_letters}"
        )
        return f"{again}; invalid data on {policy.invalid}"

    def producer(self) -> BusProducer:
        return BusProducer(self)

    def consumer(self, deliver: Deliver) -> BusConsumer:
        if self.is_topic and not self.subscription:
            raise OptionError(
                f"bus:{self.name}: a route that consumes from a topic needs a subscription",
                self.at,
                f"such as bus:{self.name}?subscription=erp; its messages wait there while the route does not run",
            )
        return BusConsumer(self, deliver)


class BusComponent(Component):
    """The channels of a context, on its one broker."""

    schemes = ("bus",)
    endpoint_class = BusEndpoint

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.exclusive: set[str] = set()
        """Queues with a single active consumer, as far as this context's endpoints say so."""
        self.answering = 0
        """The thread on which the broker calls back: nobody may wait for an answer on it."""
        self._broker: Broker | None = None
        self._crashes: CrashMarks | None = None

    @property
    def crashes(self) -> CrashMarks | None:
        """Marks of what is being worked on, in the project's state folder; None for a context without a project."""
        if self._crashes is None:
            try:
                project = self.context.service("project")
            except ReferenceFault:
                return None
            self._crashes = CrashMarks(project.state_folder / "crashes")
        return self._crashes

    @property
    def broker(self) -> Broker:
        """The project's broker, opened on first use. Raises ReferenceFault if this bus has none."""
        if self._broker is None:
            broker: Broker = self.context.service("broker")
            broker.open()
            self._broker = broker
        return self._broker

    def connections(self) -> dict[str, str]:
        """Queues that hold others up: full dead letters, for example."""
        broker = self._broker
        if broker is None:
            return {}
        return {f"queue {name}": f"not taking messages: {why}" for name, why in broker.held_up().items()}

    def stop(self) -> None:
        """Forget the broker: the context closes it."""
        self._broker, self.answering = None, 0
        if self._crashes is not None:
            self._crashes.close()
