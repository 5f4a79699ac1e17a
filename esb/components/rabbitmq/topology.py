"""What an endpoint has declared on RabbitMQ, as Camel does it, but named queues durable by default: Camel's are not, and die with the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from esb.broker.rabbitmq.declarations import BindingDeclaration, ExchangeDeclaration, Place, QueueDeclaration

if TYPE_CHECKING:
    from esb.broker.amqp_declare import Declarable
    from esb.components.rabbitmq.endpoint import RabbitmqEndpoint

_FORGOTTEN: Final = 600_000
"""Milliseconds after which RabbitMQ deletes a consumer's own queue that nobody consumed from."""
_HASH: Final = "x-consistent-hash"
_STEPS: Final = (
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_200_000, 1_800_000, 3_600_000,
    7_200_000, 10_800_000, 21_600_000, 43_200_000,
)  # fmt: skip
"""Milliseconds: the delays that have a queue; others are rounded up, so that data cannot make queues without end."""
_DAY: Final = 86_400_000


def consumed(endpoint: RabbitmqEndpoint, queues: tuple[str, ...], *, own: bool) -> list[Declarable]:
    """All that a consumer needs. ``own``: the queue is the consumer's own and may go with it."""
    if not endpoint.auto_declare:
        return []
    return [*_dead_letters(endpoint, queues), *_exchange(endpoint), *_queues(endpoint, queues, own=own)]


def produced(endpoint: RabbitmqEndpoint) -> list[Declarable]:
    """All that a sending endpoint declares, which is nothing unless it is told to."""
    if not (endpoint.auto_declare and endpoint.auto_declare_producer):
        return []
    queues = endpoint.queue_names
    letters = _dead_letters(endpoint, queues) if endpoint.dead_letter_exchange else []
    return [*letters, *_exchange(endpoint), *_queues(endpoint, queues, own=False)]


def dead_letter_place(endpoint: RabbitmqEndpoint, queue: str) -> tuple[str, str | None]:
    """Exchange and key for what could not be processed; no key means the message's own."""
    if endpoint.dead_letter_exchange:
        return endpoint.dead_letter_exchange, endpoint.dead_letter_routing_key
    given = endpoint.arguments.of("queue")
    if "x-dead-letter-exchange" in given:
        return given["x-dead-letter-exchange"], given.get("x-dead-letter-routing-key")
    return "", endpoint.dead_letter_queue or f"{queue}.dlq"


def _place(endpoint: RabbitmqEndpoint, prefix: str) -> Place:
    return Place(str(endpoint.at), endpoint.uri, f"{prefix}")


def _dead_letters(endpoint: RabbitmqEndpoint, queues: tuple[str, ...]) -> list[Declarable]:
    arguments = endpoint.arguments
    place = _place(endpoint, "arg.dlq.queue.")
    exchange, target = endpoint.dead_letter_exchange, endpoint.dead_letter_queue
    if not exchange:
        if endpoint.dead_letters == "reject" or not endpoint.reject_and_dont_requeue:
            return []
        wanted = dict.fromkeys(
            key for queue in queues for where, key in [dead_letter_place(endpoint, queue)] if not where and key
        )
        own = arguments.of("dlq.queue") or {"x-queue-type": "quorum"}
        return [QueueDeclaration(name, arguments=own, place=place) for name in wanted]
    declared: list[Declarable] = [
        ExchangeDeclaration(
            exchange,
            endpoint.dead_letter_exchange_type,
            durable=arguments.plain("dlq.exchange", "durable", True),
            auto_delete=arguments.plain("dlq.exchange", "autoDelete", False),
            arguments=arguments.of("dlq.exchange"),
            place=_place(endpoint, "arg.dlq.exchange."),
        )
    ]
    if target:
        key = endpoint.dead_letter_routing_key if endpoint.dead_letter_routing_key is not None else endpoint.routing_key
        declared += [
            QueueDeclaration(
                target,
                durable=arguments.plain("dlq.queue", "durable", True),
                auto_delete=arguments.plain("dlq.queue", "autoDelete", False),
                arguments=arguments.of("dlq.queue"),
                place=place,
            ),
            BindingDeclaration(
                target, exchange, key, arguments.of("dlq.binding"), _place(endpoint, "arg.dlq.binding.")
            ),
        ]
    return declared


def _exchange(endpoint: RabbitmqEndpoint) -> list[Declarable]:
    # RabbitMQ has the default exchange and those that begin with amq. by itself.
    if endpoint.skip_declare_exchange or not endpoint.exchange or endpoint.exchange.startswith("amq."):
        return []
    arguments = endpoint.arguments
    return [
        ExchangeDeclaration(
            endpoint.exchange,
            endpoint.exchange_type,
            durable=arguments.plain("exchange", "durable", True),
            auto_delete=arguments.plain("exchange", "autoDelete", False),
            arguments=arguments.of("exchange"),
            place=_place(endpoint, "arg.exchange."),
        )
    ]


def _queues(endpoint: RabbitmqEndpoint, queues: tuple[str, ...], *, own: bool) -> list[Declarable]:
    arguments, declared = endpoint.arguments, list[Any]()
    given = arguments.of("queue")
    if endpoint.dead_letter_exchange:
        given = {"x-dead-letter-exchange": endpoint.dead_letter_exchange} | given
        if endpoint.dead_letter_routing_key is not None:
            given = {"x-dead-letter-routing-key": endpoint.dead_letter_routing_key} | given
    if own:
        given = {"x-expires": _FORGOTTEN} | given
    # An exclusive queue of AMQP belongs to one connection, and ours has two: auto-delete ends as early.
    short_lived = own or arguments.plain("queue", "exclusive", False)
    key = endpoint.routing_key or ("1" if endpoint.exchange_type == _HASH else "")
    for queue in queues:
        if not endpoint.skip_declare_queue:
            declared.append(
                QueueDeclaration(
                    queue,
                    durable=arguments.plain("queue", "durable", not own),
                    auto_delete=arguments.plain("queue", "autoDelete", short_lived),
                    arguments=given,
                    place=_place(endpoint, "arg.queue."),
                )
            )
        if not endpoint.skip_bind_queue and endpoint.exchange:  # the default exchange knows every queue by its name
            place = _place(endpoint, "arg.binding.")
            declared.append(BindingDeclaration(queue, endpoint.exchange, key, arguments.of("binding"), place))
    return declared


def delayed(endpoint: RabbitmqEndpoint, exchange: str, seconds: float, *, exact: bool) -> tuple[str, list[Declarable]]:
    """The exchange that brings a message to ``exchange`` later, with its own key, and what to declare for it.

    A queue that nobody consumes, whose messages expire into the exchange. ``exact``: not rounded up to a step.
    """
    wanted = max(1, round(seconds * 1000))
    step = wanted if exact else next((one for one in _STEPS if one >= wanted), None) or -(-wanted // _DAY) * _DAY
    name = f"{exchange or 'esb'}.delay.{step}"
    place = _place(endpoint, "")
    arguments = {
        "x-queue-type": "quorum",
        "x-message-ttl": step,
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    return name, [
        ExchangeDeclaration(name, "fanout", place=place),
        QueueDeclaration(name, arguments=arguments, place=place),
        BindingDeclaration(name, name, place=place),
    ]
