"""The answering side of request and reply: who gets an answer, and sending it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from esb.components.rabbitmq.message import outgoing
from esb.errors import EsbError, TransportError, Unroutable
from esb.exchange import Exchange

if TYPE_CHECKING:
    from esb.broker.rabbitmq.messages import Received
    from esb.components.rabbitmq.endpoint import RabbitmqEndpoint

log = logging.getLogger("esb.rabbitmq")

_DIRECT: Final = "amq.rabbitmq.reply-to"
_NO_REPLY: Final = ("reply_to", "expiration", "user_id")
_warned: set[str] = set()


def reply_address(endpoint: RabbitmqEndpoint, delivery: Received) -> str:
    """The queue that a message asks a reply to; empty if it asks for none, or for one to a queue that none may go to.

    A sender names the queue: without a bound it could have our answers put into any queue of the broker.
    """
    asked = str((delivery.attributes or {}).get("reply_to") or "")
    if not asked or endpoint.disable_reply_to:
        return ""
    if asked.startswith(tuple(endpoint.reply_to_prefixes)):
        return asked
    if endpoint.uri not in _warned:
        _warned.add(endpoint.uri)
        log.warning(
            "%s: a message asks for a reply to the queue %r, which none may go to; it is processed without one. Allow such queues by the option "
            "replyToPrefixes, or say disableReplyTo=true (said once)",
            endpoint.uri,
            asked[:100],
        )
    return ""


def send_reply(
    endpoint: RabbitmqEndpoint,
    address: str,
    delivery: Received,
    exchange: Exchange,
    done: Callable[[BaseException | None], None],
) -> None:
    """Send the exchange's message as the reply; ``done`` is called once RabbitMQ has it, or if whoever asked is gone, or with the failure."""
    from esb.broker.rabbitmq.messages import pending, properties

    try:
        outbound = outgoing(exchange, allow_null=True)
    except EsbError as error:
        done(error)
        return
    attributes = {name: value for name, value in outbound.attributes.items() if name not in _NO_REPLY}
    attributes.pop("correlation_id", None)
    correlation = (delivery.attributes or {}).get("correlation_id")
    if correlation is not None:
        attributes["correlation_id"] = correlation

    def sent(error: TransportError | None) -> None:
        if isinstance(error, Unroutable):
            log.warning("%s: whoever asked has gone; the reply is dropped", endpoint.uri)
            done(None)
        else:
            done(error)

    message = (properties(attributes, outbound.headers), outbound.body)
    # A direct reply-to address is no queue to RabbitMQ: it delivers the message and returns it as unroutable all the same.
    queue = not address.startswith(_DIRECT)
    endpoint.broker.dispatch(
        pending(f"{endpoint.uri} (reply)", ("", address), message, sent, mandatory=queue, declared=False),
        max(endpoint.confirm_timeout, 0.0) or 30.0,
    )
