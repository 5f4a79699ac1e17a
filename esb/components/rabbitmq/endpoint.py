"""Options of ``rabbitmq:`` and ``spring-rabbitmq:``: Camel's names, and where its defaults would lose messages, safer ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from esb.component import Consumer, Deliver, Endpoint, Producer
from esb.components.rabbitmq.arguments import read
from esb.errors import OptionError, UnknownName
from esb.fields import Kind, field

if TYPE_CHECKING:
    from esb.broker.amqp import AmqpBroker
    from esb.components.rabbitmq.component import RabbitmqComponent
    from esb.exchange import Exchange

_TYPES = ("direct", "fanout", "headers", "topic")
_TYPE_DOC = "direct, fanout, headers, topic, or a plugin's such as x-consistent-hash"
HASH = "x-consistent-hash"


class RabbitmqEndpoint(Endpoint):
    """Options of ``rabbitmq:``. Options that begin with ``arg.`` are arguments of what is declared: ``arg.queue.x-queue-type=quorum``."""

    lenient = True
    component: RabbitmqComponent

    exchange_name = field(
        Kind.TEXT,
        path=True,
        doc="Exchange to send to, or to bind the queues to; default is RabbitMQ's default exchange, whose routing keys are queues' names.",
        example="orders",
    )
    # -- the broker
    connection_factory = field(
        Kind.REF,
        None,
        doc="Bean with the place and login of the RabbitMQ; need not be named if there is only one.",
        example="'#bean:erpBroker'",
    )
    url = field(
        Kind.TEXT,
        None,
        secret=True,
        doc="The RabbitMQ by URL (not in Camel).",
        example="amqps://user:password@host/vhost",
    )
    addresses = field(Kind.TEXT, "", doc="Hosts with ports, tried in turn (not in Camel 4).", example="a:5672,b:5672")
    username = field(Kind.TEXT, "", doc="User for addresses.")
    password = field(Kind.TEXT, "", secret=True, doc="Password for addresses.")
    vhost = field(Kind.TEXT, "/", aliases=("virtualHost",), doc="Virtual host for addresses.")
    test_connection_on_startup = field(
        Kind.BOOL, False, doc="Whether the route fails to start without a connection; by default it waits for one."
    )
    use_publisher_connection = field(Kind.BOOL, True, doc="Accepted: sending always has a connection of its own.")
    # -- what is declared
    exchange_type = field(Kind.TEXT, "direct", doc=f"Type of the exchange: {_TYPE_DOC}.")
    routing_key = field(
        Kind.TEXT, "", doc="Key to send with, and to bind with; for x-consistent-hash the binding's weight."
    )
    queues = field(
        Kind.TEXT,
        None,
        doc="Queues to consume from, with commas. Without, a queue of its own that lives as long as the consumer.",
        example="orders,returns",
    )
    auto_declare = field(Kind.BOOL, True, doc="Whether exchange, queues, bindings and dead letters are declared.")
    auto_declare_producer = field(Kind.BOOL, False, doc="Whether a sending endpoint declares them too.")
    skip_declare_exchange = field(Kind.BOOL, False, doc="Declare no exchange.")
    skip_declare_queue = field(Kind.BOOL, False, doc="Declare no queue.")
    skip_bind_queue = field(Kind.BOOL, False, doc="Declare no binding.")
    ignore_declaration_exceptions = field(
        Kind.BOOL, False, doc="Go on with what is there if RabbitMQ refuses a declaration; the log still says why."
    )
    dead_letter_exchange = field(Kind.TEXT, None, doc="Exchange for what could not be processed, or expired.")
    dead_letter_queue = field(
        Kind.TEXT, None, doc="Queue for it, bound to that exchange; by itself, a queue to put it in directly."
    )
    dead_letter_routing_key = field(Kind.TEXT, None, doc="Key for it; the message's own by default.")
    dead_letter_exchange_type = field(Kind.TEXT, "direct", doc=f"Type of the dead letter exchange: {_TYPE_DOC}.")
    # -- consuming
    acknowledge_mode = field(
        Kind.TEXT,
        "AUTO",
        enum=("AUTO", "MANUAL", "NONE"),
        doc="AUTO: when everything that came of a message is done. MANUAL: when the route says so. NONE: before it is processed, so at most once.",
    )
    concurrent_consumers = field(Kind.INT, 1, doc="Threads for each queue; more than one gives up the order.")
    max_concurrent_consumers = field(Kind.INT, None, doc="As concurrentConsumers; the larger counts.")
    prefetch_count = field(
        Kind.INT, 250, doc="Most messages taken and not settled, for each queue: as many come again after a kill."
    )
    async_consumer = field(
        Kind.BOOL,
        False,
        doc="Begin the next message while the last one's sends are confirmed or its retry is waited for: faster, and not in order.",
    )
    exclusive = field(Kind.BOOL, False, doc="RabbitMQ lets no other consumer have the queue; others stand by.")
    no_local = field(Kind.BOOL, False, doc="Accepted: RabbitMQ does not have it.")
    auto_startup = field(Kind.BOOL, True, doc="Whether consuming begins with the route, or when it is resumed.")
    maximum_retry_attempts = field(
        Kind.INT, 5, doc="How often a message that the route did not handle is processed, the first time included."
    )
    retry_delay = field(Kind.DURATION, 1.0, doc="Pause before the next attempt.")
    reject_and_dont_requeue = field(
        Kind.BOOL, True, doc="Make it a dead letter after the last attempt; otherwise it is tried for ever."
    )
    dead_letters = field(
        Kind.TEXT,
        "publish",
        enum=("publish", "reject"),
        doc="How: published with its history and confirmed (to QUEUE.dlq if no place is named), or rejected for RabbitMQ to do what the queue "
        "says, which is to drop it if that is nothing (not in Camel, which rejects).",
    )
    offset_file = field(
        Kind.TEXT,
        None,
        doc="For a stream: file that keeps the place over restarts, below the project (not in Camel).",
        example="'{{esb.state}}/events.offset'",
    )
    disable_reply_to = field(
        Kind.BOOL, False, doc="Answer no message that asks for a reply, and never wait for one after a send."
    )
    reply_to_prefixes = field(
        Kind.NAMES,
        ("amq.",),
        doc="Beginnings of queue names that a message may ask a reply to; none other gets one (not in Camel).",
    )
    # -- sending
    mandatory = field(
        Kind.BOOL,
        True,
        doc="Whether a message that no queue gets is a failure; otherwise it is dropped (not in Camel).",
    )
    confirm = field(
        Kind.TEXT,
        "auto",
        enum=("auto", "enabled", "disabled"),
        doc="disabled: do not wait until RabbitMQ has it; a message may then be lost without a word.",
    )
    confirm_timeout = field(Kind.DURATION, 30.0, doc="How long to wait for that, a lost connection included.")
    reply_timeout = field(Kind.DURATION, 30.0, doc="How long to wait for a reply (InOut); negative: for ever.")
    reply_to = field(Kind.TEXT, None, doc="Queue that others shall answer to, written on sends that do not wait.")
    allow_null_body = field(Kind.BOOL, False, doc="Whether a message without body may be sent, as an empty one.")
    delay = field(
        Kind.DURATION,
        None,
        doc="Time until the message reaches the exchange; meanwhile it waits in a queue of RabbitMQ (not in Camel).",
    )
    # -- Java's, without effect
    message_listener_container_type = field(Kind.TEXT, "DMLC", enum=("DMLC", "SMLC"), doc="Accepted without effect.")
    message_converter = field(Kind.REF, None, doc="Java only, accepted without effect.")
    message_properties_converter = field(Kind.REF, None, doc="Java only, accepted without effect.")
    retry = field(Kind.REF, None, doc="Java only, accepted without effect.")
    synchronous = field(Kind.BOOL, False, doc="Accepted without effect.")

    def prepare(self) -> None:
        unknown = [name for name in self.extra if not name.startswith("arg.")]
        if unknown:
            known = [*(name for name, one in self.fields.items() if not one.path), "arg.queue.x-..."]
            raise UnknownName(f"option of {self.scheme}", unknown[0], known, self.at)
        self.arguments, wrong = read(self.extra)
        if wrong:
            raise OptionError(f"{self.scheme}: option {'; option '.join(wrong)}", self.at)
        self.exchange = "" if self.exchange_name.lower() == "default" else self.exchange_name
        self._broker: AmqpBroker | None = None
        self.queue_names = tuple(part.strip() for part in (self.queues or "").split(",") if part.strip())
        self._check_numbers()
        self._check_names()
        self._check_queue_type()
        self.address = self.component.address(self)

    def _wrong(self, text: str, hint: str = "") -> OptionError:
        return OptionError(f"{self.scheme}:{self.exchange_name}: {text}", self.at, hint)

    def _check_numbers(self) -> None:
        for option, value, least in (
            ("concurrentConsumers", self.concurrent_consumers, 1),
            ("maxConcurrentConsumers", self.max_concurrent_consumers, 1),
            ("prefetchCount", self.prefetch_count, 1),
            ("retryDelay", self.retry_delay, 0),
            ("delay", self.delay, 0),
        ):
            if value is not None and value < least:
                raise self._wrong(f"{option} must be at least {least}")

    def _check_names(self) -> None:
        for option, given in (
            ("exchangeType", self.exchange_type),
            ("deadLetterExchangeType", self.dead_letter_exchange_type),
        ):
            if given not in _TYPES and not given.startswith("x-"):
                raise self._wrong(
                    f"{option} {given!r} is unknown", f"one of {', '.join(_TYPES)}, or a plugin's, which begins with x-"
                )
        names = {
            "exchangeName": self.exchange,
            "routingKey": self.routing_key,
            "deadLetterExchange": self.dead_letter_exchange,
        }
        for option, name in [*names.items(), *(("queues", queue) for queue in self.queue_names)]:
            if name is not None and len(name.encode()) > 255:
                raise self._wrong(f"{option} is longer than the 255 bytes that AMQP has for it")
        if len(set(self.queue_names)) < len(self.queue_names):
            raise self._wrong("a queue is named twice", "raise concurrentConsumers instead")

    def _check_queue_type(self) -> None:
        kind = self.arguments.of("queue").get("x-queue-type")
        if kind in {"quorum", "stream"}:
            if not self.queue_names and self.queues is None and self.arguments.sections.get("queue"):
                raise self._wrong(f"a {kind} queue needs a name", "give the option queues")
            for name, value in (("durable", False), ("autoDelete", True), ("exclusive", True)):
                if self.arguments.plain("queue", name, None) is value:
                    raise self._wrong(f"a {kind} queue is always kept", f"remove arg.queue.{name}={str(value).lower()}")
        self.is_stream = kind == "stream" or "x-stream-offset" in self.arguments.of("consumer")
        if self.offset_file and not (self.is_stream and len(self.queue_names) == 1):
            raise self._wrong("offsetFile is for one stream", "give queues one name, and arg.queue.x-queue-type=stream")
        if self.is_stream and self.dead_letters == "reject":
            raise self._wrong(
                "a stream keeps all its messages, so it has no rejected ones", "remove deadLetters=reject"
            )

    def check_binding(self) -> None:
        """What only a declared binding needs. Raises OptionError."""
        if self.exchange_type == HASH and self.routing_key and not self.routing_key.isdigit():
            raise self._wrong(
                f"a queue is bound to an {HASH} exchange by a weight, not by the key {self.routing_key!r}",
                "give routingKey a number, such as 1; the key that is hashed is that of each message",
            )

    @property
    def broker(self) -> AmqpBroker:
        """The connections to the endpoint's RabbitMQ, opened on first use."""
        broker = self._broker
        if broker is None or broker.state == "closed":
            broker = self._broker = self.component.broker(self.address)
        return broker

    @property
    def threads(self) -> int:
        """Worker threads for each queue."""
        return max(int(self.concurrent_consumers), int(self.max_concurrent_consumers or 1))

    @property
    def strict(self) -> bool:
        """Whether each queue's messages are processed one after the other, retries included."""
        return not self.async_consumer and self.threads == 1

    @property
    def single_active(self) -> bool:
        """Whether RabbitMQ gives the queue to one of its consumers at a time."""
        return bool(self.arguments.of("queue").get("x-single-active-consumer"))

    def consumer_arguments(self) -> dict[str, Any]:
        """What is told RabbitMQ about the consumer."""
        return self.arguments.of("consumer")

    def poll(self, timeout: float | None) -> Exchange | None:
        from esb.components.rabbitmq.polling import poll

        return poll(self, timeout)

    def producer(self) -> Producer:
        from esb.components.rabbitmq.producer import RabbitmqProducer

        return RabbitmqProducer(self)

    def consumer(self, deliver: Deliver) -> Consumer:
        from esb.components.rabbitmq.consumer import RabbitmqConsumer

        self.check_binding()
        return RabbitmqConsumer(self, deliver)
