"""One visit of a routing slip or dynamic router."""

from __future__ import annotations

from esb.eip._recipients import RECIPIENT, Resolve, checked, keeping_recipient
from esb.errors import ConfigError
from esb.exchange import Exchange
from esb.program import Step

ENDPOINT = "CamelSlipEndpoint"
PRODUCER = "CamelSlipProducer"


def visit(exchange: Exchange, uri: str, resolve: Resolve, send: Step, *, ignore_invalid: bool) -> None:
    """Send the message to an endpoint and wait for what it makes of it."""
    try:
        recipient = resolve(checked(uri))
    except ConfigError:
        if not ignore_invalid:
            raise
        return
    properties = exchange.properties
    before = exchange.pattern
    exchange.pattern = recipient.pattern or before
    exchange.waits += 1
    with keeping_recipient(exchange):
        properties[RECIPIENT] = recipient
        properties[ENDPOINT] = recipient.uri
        properties[PRODUCER] = recipient.producer
        try:
            send(exchange)
        finally:
            properties.pop(PRODUCER, None)
            exchange.waits -= 1
            exchange.pattern = before
