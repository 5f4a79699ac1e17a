"""Messages as they travel to and from any RabbitMQ: pika's properties from plain values, and back."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pika
from pika.compat import long

from esb.broker.amqp_frames import places, read_all, write_all
from esb.broker.amqp_message import encoded, headers_of, readable
from esb.broker.amqp_publisher import Pending
from esb.broker.contract import Delivery, Done
from esb.broker.subscription import Held

log = logging.getLogger(__name__)

ATTRIBUTES: Final = (
    "content_type", "content_encoding", "delivery_mode", "priority", "correlation_id", "reply_to", "expiration", "message_id",
    "timestamp", "type", "user_id", "app_id", "cluster_id",
)  # fmt: skip
"""Properties of a message, as pika calls them."""
_OURS: Final = "x-esb-"
_DEEPEST: Final = 16
_PLAIN: Final = frozenset({str, int, bool, float, type(None)})


@dataclass(slots=True)
class Received(Delivery):
    """A delivery with all that RabbitMQ told about it; ``attributes`` are its properties but the headers, absent ones left out."""

    attributes: Mapping[str, Any] | None = None
    exchange: str = ""
    routing_key: str = ""


def received(queue: str, held: Held, tag: int, epoch: int) -> Received:
    """A delivery of what a subscription received."""
    told = read_all(held.content) if isinstance(held.content, bytes) else None
    if told is None:
        attributes, headers = attributes_of(held.properties), table(held.properties)
    else:
        attributes, raw = told
        headers = table(pika.BasicProperties(headers=raw)) if raw else {}
    place = places(held.place) if isinstance(held.place, bytes) else None
    if place is None:
        place = readable(held.exchange), readable(held.routing_key)
    return Received(
        attributes.get("message_id", ""),
        held.body,
        headers,
        attributes.get("content_type"),
        queue,
        1,
        held.redelivered,
        tag,
        epoch,
        attributes=attributes,
        exchange=place[0],
        routing_key=place[1],
    )


def attributes_of(properties: Any) -> dict[str, Any]:
    """The properties that are set, but the headers."""
    return {
        name: readable(value) if isinstance(value, bytes) else value
        for name in ATTRIBUTES
        if (value := getattr(properties, name)) is not None
    }


def table(properties: Any) -> dict[str, Any]:
    """The headers as plain data: those of :func:`headers_of`, and also what the broker wrote, tables and lists."""
    raw = properties.headers
    if not raw:
        return {}
    headers = headers_of(properties)
    for key, value in raw.items():
        name = readable(key)
        if (name not in headers or isinstance(value, dt.datetime)) and not name.startswith(_OURS):
            headers[name] = plain(value)
    return headers


def plain(value: Any) -> Any:
    """A value of a header table without pika's own types."""
    if isinstance(value, dict):
        return {readable(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if type(value) is long:  # pika's own subclass, which prints as 7L
        return int(value)
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=dt.UTC)
    return value


def properties(attributes: Mapping[str, Any], headers: Mapping[str, Any]) -> pika.BasicProperties:
    """Properties to send. Nested values that AMQP or pika cannot write become text."""
    return pika.BasicProperties(headers=_sent(headers), **attributes)


def packed(attributes: Mapping[str, Any], headers: Mapping[str, Any]) -> pika.BasicProperties | bytes:
    """As :func:`properties`, as they are on the wire where that is simple: pika takes ten times as long."""
    sent = _sent(headers)
    raw = None
    if attributes.get("message_id"):  # by which a return is known again
        try:
            raw = write_all(attributes, sent)
        except Exception:
            log.debug("left to pika, which says what is wrong with it", exc_info=True)
    return raw or pika.BasicProperties(headers=sent, **attributes)


def _sent(headers: Mapping[str, Any]) -> dict[str, Any] | None:
    if not headers:
        return None
    return encoded({name: value if type(value) in _PLAIN else _writable(value, 0) for name, value in headers.items()})


def again(original: Mapping[str, Any], headers: Mapping[str, Any], extra: Mapping[str, Any]) -> pika.BasicProperties:
    """Properties of a message that is published as it was received, with further headers; it must not expire again."""
    attributes = {name: value for name, value in original.items() if name not in {"expiration", "user_id"}}
    return properties(attributes | {"delivery_mode": 2}, dict(headers) | dict(extra))


def _writable(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return {str(name): _writable(inner, depth + 1) for name, inner in value.items()} if depth < _DEEPEST else "..."
    if isinstance(value, list | tuple):
        return [_writable(inner, depth + 1) for inner in value] if depth < _DEEPEST else "..."
    if depth and isinstance(value, float | Decimal):
        return str(value)  # the headers' own types are told beside them (amqp_message), those of inner values are not
    if depth and isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value if isinstance(value, str | bytes | bool | int | float | Decimal | dt.datetime | None) else str(value)


def pending(
    name: str,
    place: tuple[str, str],
    sent: tuple[pika.BasicProperties | bytes, bytes],
    done: Done,
    *,
    mandatory: bool,
    declared: bool,
) -> Pending:
    """A message for :meth:`AmqpBroker.dispatch`: the route's word for where it goes, exchange and key, properties and body."""
    return Pending(name, *place, *sent, done, mandatory=mandatory, wants_queue=mandatory, declared=declared)
