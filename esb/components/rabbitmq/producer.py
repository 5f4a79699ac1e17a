"""The sending end: publish and confirm, or request and reply."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from esb.component import Producer
from esb.components.rabbitmq.headers import RECEIVED
from esb.components.rabbitmq.message import Outbound, answer, outgoing
from esb.components.rabbitmq.topology import delayed, produced
from esb.errors import EsbError, OptionError, Rejected, StepFailed, TransportError
from esb.exchange import IN_OUT, Exchange, new_id

if TYPE_CHECKING:
    from esb.broker.amqp import AmqpBroker
    from esb.broker.amqp_declare import Declarable
    from esb.broker.amqp_publisher import Pending
    from esb.components.rabbitmq.endpoint import RabbitmqEndpoint

log = logging.getLogger("esb.rabbitmq")

_MOST_DELAYS = 200
_FOREVER = 365 * 86400.0


class RabbitmqProducer(Producer):
    """Publishes; keeps :class:`esb.component.PipelinedProducer`. Thread-safe."""

    def __init__(self, endpoint: RabbitmqEndpoint) -> None:
        from esb.broker.rabbitmq import messages

        self._endpoint = endpoint
        self._name = endpoint.uri
        self._messages = messages  # kept: even an import of what is loaded takes a microsecond for each message
        self._waits = not endpoint.disable_reply_to
        self._patience = endpoint.confirm_timeout if endpoint.confirm_timeout >= 0 else _FOREVER
        self._known: set[str] = set()
        declared = produced(endpoint)
        if declared:
            endpoint.check_binding()
        self._declares_exchange = any(each.wire == f"exchange {endpoint.exchange}" for each in declared)

    def start(self) -> None:
        """Open the connections and declare what the endpoint says. Raises OptionError for what RabbitMQ refuses, if it is there to say so."""
        endpoint = self._endpoint
        if endpoint.test_connection_on_startup:
            endpoint.component.check(endpoint)
        declare(endpoint, produced(endpoint))

    def send(self, exchange: Exchange) -> None:
        """Publish and wait until RabbitMQ has it, or for the reply if the exchange wants one (InOut).

        Raises TransportError, ExchangeTimedOut for a reply that does not come, or ConversionFailed for a message that cannot be written.
        """
        broker = self._endpoint.broker
        if broker.is_current:
            # A step that runs when a unit settles may be on the thread that would have to bring the answer.
            raise StepFailed(
                f"{self._name}: a send that waits is not possible on RabbitMQ's own thread; let the step run in the background "
                "(onCompletion: parallelProcessing)"
            )
        if self._waits and exchange.pattern == IN_OUT:
            self._request(broker, exchange)
            return
        failure: list[TransportError | None] = []
        # A bare lock is the cheapest thing that one thread can wait for and another release.
        answered = threading.Lock()
        answered.acquire()

        def done(error: TransportError | None) -> None:
            failure.append(error)
            answered.release()

        self._publish(broker, exchange, done)
        answered.acquire()  # the broker answers in any case: it has a timeout of its own
        if failure[0] is not None:
            raise failure[0]

    def send_pipelined(self, exchange: Exchange, done: Callable[[Exception | None], None]) -> None:
        """Publish and return; ``done`` is called when RabbitMQ has it, or with the failure. A reply is waited for."""
        if self._waits and exchange.pattern == IN_OUT:
            self.send(exchange)
            done(None)
        else:
            self._publish(self._endpoint.broker, exchange, done)

    def _publish(self, broker: AmqpBroker, exchange: Exchange, done: Callable[[TransportError | None], None]) -> None:
        outbound = outgoing(exchange, allow_null=self._endpoint.allow_null_body)
        if self._endpoint.reply_to:
            outbound.attributes.setdefault("reply_to", self._endpoint.reply_to)
        if self._endpoint.confirm == "disabled":
            broker.dispatch(self._pending(broker, outbound, self._unconfirmed), self._patience)
            done(None)
        else:
            broker.dispatch(self._pending(broker, outbound, done), self._patience)

    def _unconfirmed(self, error: TransportError | None) -> None:
        if error is not None:
            log.warning("%s: a message may be lost, which nobody waited for (confirm=disabled): %s", self._name, error)

    def _pending(
        self, broker: AmqpBroker, outbound: Outbound, done: Callable[[TransportError | None], None]
    ) -> Pending:
        endpoint = self._endpoint
        attributes = outbound.attributes
        user = attributes.get("user_id")
        if user is not None and user != endpoint.address.user:
            raise StepFailed(
                f"{self._name}: the message claims to be from user {user!r}, but this connection's login is {endpoint.address.user!r}: RabbitMQ "
                "would close it; remove the header CamelSpringRabbitmqUserId"
            )
        target = endpoint.exchange if outbound.exchange is None else outbound.exchange
        target = "" if target.lower() == "default" else target
        key = endpoint.routing_key if outbound.routing_key is None else outbound.routing_key
        mandatory = endpoint.mandatory if outbound.mandatory is None else outbound.mandatory
        ours = self._declares_exchange and target == endpoint.exchange
        pause = outbound.delay if outbound.delay is not None else endpoint.delay
        if pause:
            if "expiration" in attributes:
                raise StepFailed(
                    f"{self._name}: a delayed message cannot have an expiration: it would end the delay; set one or the other"
                )
            target, declarations = delayed(endpoint, target, pause, exact=outbound.delay is None)
            if target not in self._known:
                if len(self._known) >= _MOST_DELAYS:
                    raise StepFailed(
                        f"{self._name}: messages were delayed for {_MOST_DELAYS} exchanges and times already, each with a queue of its own; delay to "
                        "one exchange, and let the exchange's name not come from data"
                    )
                broker.declare(declarations)
                self._known.add(target)
            mandatory = ours = True
        sent = (self._messages.packed(attributes, outbound.headers), outbound.body)
        return self._messages.pending(self._name, (target, key), sent, done, mandatory=mandatory, declared=ours)

    def _request(self, broker: AmqpBroker, exchange: Exchange) -> None:
        from esb.broker.amqp_replies import PSEUDO_QUEUE, Reply, Request

        endpoint = self._endpoint
        outbound = outgoing(exchange, allow_null=endpoint.allow_null_body)
        correlation = outbound.attributes.get("correlation_id")
        if correlation is None or correlation == (exchange.properties.get(RECEIVED) or {}).get("correlation_id"):
            # What a message came with is unique for its sender only.
            correlation = outbound.attributes["correlation_id"] = new_id()
        outbound.attributes["reply_to"] = PSEUDO_QUEUE
        came: list[tuple[Reply | None, EsbError | None]] = []
        answered = threading.Event()

        def settle(got: Reply | None, error: EsbError | None) -> None:
            came.append((got, error))
            answered.set()

        def sent(error: TransportError | None) -> None:
            if error is not None:
                settle(None, error)

        timeout = endpoint.reply_timeout if endpoint.reply_timeout >= 0 else None
        broker.dispatch(self._pending(broker, outbound, sent), self._patience, Request(correlation, timeout, settle))
        answered.wait()
        got, error = came[0]
        if error is not None:
            raise error
        assert got is not None  # one of the two is there
        told = self._messages
        answer(exchange, got.body, told.table(got.properties), told.attributes_of(got.properties))


def declare(endpoint: RabbitmqEndpoint, declarations: Sequence[Declarable]) -> None:
    """Declare what an endpoint needs. Raises OptionError at the endpoint for what RabbitMQ refuses, if it is there to say so."""
    try:
        endpoint.broker.declare(declarations)
    except Rejected as error:
        if not endpoint.ignore_declaration_exceptions:
            raise OptionError(str(error), endpoint.at) from error
