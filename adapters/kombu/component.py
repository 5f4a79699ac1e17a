"""The bridge to other brokers by kombu.

It makes no promise that the broker behind it does not keep: kombu's virtual transports hand a message over at most once when a process is
killed (tried with sqlalchemy and filesystem). For work that must not be lost use ``bus:`` or ``rabbitmq:`` and bridge at the edge.
"""

from __future__ import annotations

from esb.component import Component, Consumer, Deliver, Endpoint, Producer
from esb.errors import OptionError
from esb.fields import Kind, field


class KombuEndpoint(Endpoint):
    """A queue of a broker by kombu's URL."""

    queue = field(Kind.TEXT, path=True, doc="Name of the queue.", example="orders")
    url = field(
        Kind.TEXT,
        secret=True,
        doc="kombu's URL of the broker; several separated by ; are tried in turn.",
        example="redis://localhost:6379/0",
    )
    exchange = field(
        Kind.TEXT, "", doc="Exchange to publish to, where the broker has them; the queue itself by default."
    )
    routing_key = field(Kind.TEXT, None, doc="Routing key to publish with; the queue's name by default.")
    durable = field(Kind.BOOL, True, doc="Whether the queue survives the broker's restart, where it can.")
    prefetch = field(Kind.INT, 10, doc="Messages taken in advance.")
    concurrent_consumers = field(Kind.INT, 1, doc="Connections that consume.")
    connect_timeout = field(Kind.DURATION, 5.0, doc="Time to connect.")
    max_body = field(
        Kind.SIZE,
        10 * 1024 * 1024,
        doc="Largest message that is taken; larger ones are refused and dropped from the queue.",
    )
    dead_letter_queue = field(
        Kind.TEXT,
        None,
        doc="Queue for messages whose call may have had its effect, so that nobody makes it again unseen; by default the queue's name and `.dlq`.",
    )

    def prepare(self) -> None:
        self.dead_letters = self.dead_letter_queue or f"{self.queue}.dlq"
        if "://" not in self.url:
            raise OptionError(f"kombu: {self.queue!r} needs a URL such as redis://host:6379/0 or amqp://host", self.at)

    def producer(self) -> Producer:
        from adapters.kombu.producer import KombuProducer

        return KombuProducer(self)

    def consumer(self, deliver: Deliver) -> Consumer:
        from adapters.kombu.consumer import KombuConsumer

        return KombuConsumer(self, deliver)


class KombuComponent(Component):
    """Connections belong to producers and consumers; nothing is shared."""

    schemes = ("kombu",)
    endpoint_class = KombuEndpoint
