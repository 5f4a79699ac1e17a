"""Exchanges to messages of a channel and back.

What travels: the body as bytes, the content type, headers that are text, numbers, booleans or nothing (dates and ids as text), and the id. Control
headers do not, in either direction (:mod:`esb.edge`), nor do properties, variables and attachments.

The id of a message is the id of its exchange, and the exchange that consumes it has the same id again: a message keeps its id from hop to hop, so
that whoever gets it twice can tell (``idempotentConsumer`` by ``${exchangeId}``). Parts and copies of an exchange have ids of their own. A second
message from the same exchange to the same channel has the number after the id.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from decimal import Decimal
from typing import Any, Final

from esb.broker.contract import Delivery, Outgoing
from esb.broker.history import ORIGIN
from esb.coerce import Source, is_element, octets
from esb.edge import is_control
from esb.errors import ConversionFailed
from esb.exchange import SENT, Exchange

log = logging.getLogger("esb.bus")

CONTENT_TYPE: Final = "Content-Type"
MESSAGE_ID: Final = "esb.messageId"
"""Property: the id of the message that an exchange, or what it was derived from, came as."""
DEAD_LETTER: Final = "esb.deadLetter"
"""Property: the history headers of a message that a route consumes from a dead-letter or invalid-message queue."""

_CARRIED: Final = (str, bool, int, float, Decimal, type(None))
_AS_TEXT: Final = (dt.date, dt.time, uuid.UUID)
_SUSPECT: Final = frozenset("cCoOeE")
"""First letters of the names that need a closer look; most headers have another one, and each message is looked at twice."""
_warned: set[str] = set()


def outgoing(exchange: Exchange, channel: str) -> Outgoing:
    """The message of an exchange. Raises ConversionFailed for a body that is not marshalled."""
    message = exchange.message
    headers: dict[str, Any] = {}
    content_type: str | None = None
    for name, value in message.headers.items():
        if name[:1] in _SUSPECT:
            if is_control(name):
                continue
            if name.lower() == "content-type":
                content_type = None if value is None else str(value)
                continue
        if isinstance(value, _CARRIED):
            headers[name] = value
        elif isinstance(value, _AS_TEXT):
            headers[name] = value.isoformat() if hasattr(value, "isoformat") else str(value)
        else:
            _left_out(name, value)
    body, written_as = encoded(message.body)
    return Outgoing(_id(exchange, channel), body, headers, written_as or content_type)


def _left_out(name: str, value: Any) -> None:
    if name not in _warned and len(_warned) < 1000:
        _warned.add(name)
        log.warning(
            "header %s is a %s and does not travel over bus channels; make it text before the send if it shall (said once)",
            name,
            type(value).__name__,
        )


def encoded(body: Any) -> tuple[bytes, str | None]:
    """A body as bytes, and its content type if the bus wrote it itself: maps and lists become JSON. Raises ConversionFailed."""
    if isinstance(body, bytes):
        return body, None
    if isinstance(body, str):
        return body.encode(), None
    if isinstance(body, (dict, list)):
        import msgspec

        try:
            return msgspec.json.encode(body), "application/json"
        except (TypeError, msgspec.MsgspecError) as error:
            raise ConversionFailed(
                f"the body cannot be written as JSON: {error}; marshal it before the send"
            ) from error
    if isinstance(body, (bytearray, memoryview, Source)) or is_element(body) or hasattr(body, "read"):
        return octets(body), None
    kind = "nothing (null)" if body is None else f"a {type(body).__name__}"
    raise ConversionFailed(
        f"the body is {kind}, which a bus channel does not carry; marshal it, or make it text, before the send"
    )


def _id(exchange: Exchange, channel: str) -> str:
    owner, counts = exchange.properties.get(SENT, ("", {}))
    before = counts.get(channel, 0) if owner == exchange.id else 0
    return exchange.id if not before else f"{exchange.id}.{before + 1}"


def sent(exchange: Exchange, channel: str) -> None:
    """Note that a message went out, so that the next one to this channel has another id; a failed send keeps its id for the next try."""
    owner, counts = exchange.properties.get(SENT, ("", {}))
    counts = dict(counts) if owner == exchange.id else {}
    counts[channel] = counts.get(channel, 0) + 1
    exchange.properties[SENT] = (exchange.id, counts)


def incoming(delivery: Delivery, pattern: str) -> Exchange:
    """The exchange of a delivery: the body as bytes, headers without control headers, the content type as header."""
    headers: dict[str, Any] = {}
    history: dict[str, Any] = {}
    for name, value in delivery.headers.items():
        if name[:1] not in _SUSPECT or not is_control(name):
            headers[name] = value
        elif name.startswith("esb-"):
            history[name] = value
    if delivery.content_type is not None:
        headers[CONTENT_TYPE] = delivery.content_type
    if delivery.published_at is not None:
        headers["CamelMessageTimestamp"] = int(delivery.published_at * 1000)
    if delivery.attempts > 1:
        headers["CamelRedelivered"] = True
        headers["CamelRedeliveryCounter"] = delivery.attempts - 1
    exchange = Exchange(delivery.body, headers, pattern=pattern)
    exchange.id = delivery.id
    exchange.properties[MESSAGE_ID] = delivery.id
    if ORIGIN in history:  # else it is only tried again
        exchange.properties[DEAD_LETTER] = history
    return exchange
