"""Putting a message aside that must not be tried again: the route made a call of which nobody knows whether it had its effect (ADR 54)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from esb.broker.history import history
from esb.exchange import Exchange

if TYPE_CHECKING:
    from adapters.kombu.component import KombuEndpoint

_KEPT: Final = ("message_id", "correlation_id", "reply_to", "type", "app_id")


def put_aside(endpoint: KombuEndpoint, message: Any, exchange: Exchange, error: BaseException) -> None:
    """Publish the message as it came to the endpoint's dead letters, with its history; confirmed where the transport can. Raises what kombu raises.

    Over a connection of its own: waiting for a confirm on the consumer's would run the route for the next message in the middle of it.
    """
    import kombu

    headers = dict(message.headers or {})
    headers.pop("compression", None)  # kombu has unpacked the body: who is told that it is packed cannot read it
    label = exchange.properties.get("esb.failedStep")
    told = history(
        error,
        route=str(exchange.properties.get("CamelFailureRouteId") or exchange.from_route or ""),
        step=label.id if label is not None else "",
        at=str(label.at) if label is not None else "",
        attempts=1,
        origin=endpoint.queue,
    )
    with kombu.Connection(
        endpoint.url,
        connect_timeout=endpoint.connect_timeout,
        transport_options={"confirm_publish": True, "confirm_timeout": 30.0},
    ) as connection:
        channel = connection.channel()
        kombu.Queue(endpoint.dead_letters, durable=endpoint.durable, channel=channel).declare()
        kombu.Producer(channel).publish(
            message.body,
            routing_key=endpoint.dead_letters,
            content_type=message.content_type or "application/octet-stream",
            content_encoding=message.content_encoding or "binary",
            headers={**headers, **told},
            delivery_mode=2,
            retry=False,
            **{name: message.properties[name] for name in _KEPT if message.properties.get(name)},
        )
