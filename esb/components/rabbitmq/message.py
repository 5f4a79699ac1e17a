"""Exchanges to RabbitMQ's messages and back: bodies, properties, headers.

Headers travel as they are where AMQP can carry them; control headers (:mod:`esb.edge`) in neither direction. As in Camel a text body comes and goes
as ``text/*``; maps and lists go as JSON. Of a received message's properties those that steer the broker are shown to the route, and apply to a later
send only when the route has set them anew.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from esb.coerce import Source, is_element, octets
from esb.components.rabbitmq import headers as names
from esb.edge import CONTROL_PREFIXES, is_control
from esb.errors import ConversionFailed
from esb.exchange import Exchange

if TYPE_CHECKING:
    from esb.broker.rabbitmq.messages import Received

log = logging.getLogger("esb.rabbitmq")

CONTENT_TYPE: Final = "Content-Type"
DEAD_LETTER: Final = "esb.deadLetter"
"""Property: the history headers of a message that a route consumes from a dead-letter queue (as ``bus:`` has it)."""
_HISTORY: Final = "esb-"
_UTF8: Final = "UTF-8"
_TEXT: Final = "text/plain"
_JSON: Final = "application/json"
_BYTES: Final = "application/octet-stream"
_DESCRIBING: Final = frozenset({"content-type", "content-encoding", "content-length"})
_CARRIED: Final = (str, bool, int, float, bytes, Decimal, dt.datetime, type(None), list, tuple, dict)
_SUSPECT: Final = frozenset("cCoOeEbB")
"""First letters of the names that need a closer look: control headers, those that describe the body, and those that steer the broker."""
_AS_TEXT: Final = (dt.date, dt.time, uuid.UUID)
_warned: set[str] = set()


@dataclass(slots=True)
class Outbound:
    """A message to send, and what the route's headers say about the sending; None where they say nothing."""

    body: bytes
    attributes: dict[str, Any]
    headers: dict[str, Any]
    exchange: str | None = None
    routing_key: str | None = None
    mandatory: bool | None = None
    delay: float | None = None


def outgoing(exchange: Exchange, *, allow_null: bool = False) -> Outbound:
    """The message of an exchange. Raises ConversionFailed for a body or a header that cannot be written."""
    message = exchange.message
    received: Mapping[str, Any] = exchange.properties.get(names.RECEIVED) or {}
    attributes: dict[str, Any] = {}
    table: dict[str, Any] = {}
    content_type: str | None = None
    steers: dict[str, Any] = {}
    for name, value in message.headers.items():
        if name[:1] not in _SUSPECT and isinstance(value, _CARRIED):
            table[name] = value
            continue
        folded = name.lower()
        if folded.startswith(CONTROL_PREFIXES):
            told = names.read(name, value) if folded in names.READERS else None
            if told is None or (told[0] in names.STEERING and received.get(told[0]) == told[1]):
                continue
            # The family of Camel 4 goes before the former one, whatever their order.
            target = attributes if told[0] in _ATTRIBUTES else steers
            if folded.startswith("camelspring") or told[0] not in target:
                target[told[0]] = told[1]
        elif folded in _DESCRIBING:
            if folded == "content-type" and value is not None:
                content_type = str(value)
        elif folded in names.COPIES and received.get(folded) == value:
            continue
        elif isinstance(value, _CARRIED):
            table[name] = value
        elif isinstance(value, _AS_TEXT):
            table[name] = value.isoformat() if hasattr(value, "isoformat") else str(value)
        else:
            _left_out(name, value)
    charset = attributes.get("content_encoding")
    body, kind, encoding = encoded(message.body, charset, allow_null=allow_null)
    attributes.setdefault("content_type", content_type or kind)
    if encoding is not None:
        attributes.setdefault("content_encoding", encoding)
    attributes.setdefault("delivery_mode", 2)
    attributes.setdefault("message_id", exchange.id)
    return Outbound(body, attributes, table, **steers)


_ATTRIBUTES: Final = frozenset(attribute for attribute, _ in names.PROPERTIES.values())


def _left_out(name: str, value: Any) -> None:
    if name not in _warned and len(_warned) < 1000:
        _warned.add(name)
        log.warning(
            "header %s is a %s and does not travel to RabbitMQ; make it text before the send if it shall (said once)",
            name,
            type(value).__name__,
        )


def encoded(body: Any, charset: str | None, *, allow_null: bool) -> tuple[bytes, str, str | None]:
    """A body as bytes, with the content type and the encoding it has by nature. Raises ConversionFailed."""
    if isinstance(body, bytes):
        return body, _BYTES, None
    if isinstance(body, str):
        return _text(body, charset), _TEXT, _UTF8
    if isinstance(body, (dict, list)):
        import msgspec

        try:
            return msgspec.json.encode(body), _JSON, _UTF8
        except (TypeError, msgspec.MsgspecError) as error:
            raise ConversionFailed(
                f"the body cannot be written as JSON: {error}; marshal it before the send"
            ) from error
    if body is None:
        if allow_null:
            return b"", _BYTES, None
        raise ConversionFailed("the body is nothing (null); set one, or let it be sent empty (allowNullBody: true)")
    if isinstance(body, (bool, int, float, Decimal)):
        return str(body).encode(), _TEXT, _UTF8
    if isinstance(body, (bytearray, memoryview, Source)) or is_element(body) or hasattr(body, "read"):
        return octets(body), "application/xml" if is_element(body) else _BYTES, None
    raise ConversionFailed(f"the body is a {type(body).__name__}; marshal it, or make it text, before the send")


def _text(body: str, charset: str | None) -> bytes:
    try:
        return body.encode(charset or "utf-8")
    except LookupError:
        raise ConversionFailed(f"there is no charset {charset!r} (header CamelSpringRabbitmqContentEncoding)") from None
    except UnicodeEncodeError as error:
        raise ConversionFailed(f"the body cannot be written in {charset or _UTF8}: {error.reason}") from error


def body_of(data: bytes, attributes: Mapping[str, Any]) -> Any:
    """A received body: text for ``text/*`` that can be read as it says, otherwise the bytes."""
    if str(attributes.get("content_type") or "").lower().startswith("text"):
        try:
            return data.decode(attributes.get("content_encoding") or "utf-8")
        except (LookupError, ValueError):
            return data  # another encoding than it says, or compressed: nothing of it is lost
    return data


def headers_of(table: Mapping[str, Any], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Headers for the route from a message's table and properties."""
    headers = {name: value for name, value in table.items() if not is_control(name)}
    for attribute, value in attributes.items():
        headers[names.NAMES[attribute]] = _shown(attribute, value)
    kind = attributes.get("content_type")
    if kind is not None:
        headers.setdefault(CONTENT_TYPE, kind)
    return headers


def _shown(attribute: str, value: Any) -> Any:
    if attribute == "delivery_mode":
        return "NON_PERSISTENT" if value == 1 else "PERSISTENT"
    if attribute == "timestamp":
        return int(value) * 1000  # as Java counts; read back by the send
    return value


def incoming(delivery: Received, pattern: str, *, proxy: bool = False) -> Exchange:
    """The exchange of a delivery. ``proxy``: whoever gets it next may answer to whom it names."""
    attributes = delivery.attributes or {}
    headers = headers_of(delivery.headers, attributes)
    headers[names.EXCHANGE_NAME] = delivery.exchange
    headers[names.ROUTING_KEY] = delivery.routing_key
    headers[names.REDELIVERED] = delivery.redelivered
    headers[names.DELIVERY_TAG] = delivery.tag
    headers[names.CONTENT_LENGTH] = len(delivery.body)
    if attributes.get("timestamp") is not None:
        headers["CamelMessageTimestamp"] = int(attributes["timestamp"]) * 1000
    if delivery.attempts > 1:
        headers["CamelRedelivered"] = True
        headers["CamelRedeliveryCounter"] = delivery.attempts - 1
    exchange = Exchange(body_of(delivery.body, attributes), headers, pattern=pattern)
    steering = {name: value for name, value in attributes.items() if name in names.STEERING}
    if proxy:
        steering.pop("reply_to", None)
    steering |= {name.lower(): value for name, value in delivery.headers.items() if name.lower() in names.COPIES}
    if "correlation_id" in attributes:
        steering["correlation_id"] = attributes["correlation_id"]  # for a request that the route makes of it
    if steering:
        exchange.properties[names.RECEIVED] = steering
    history = {name: value for name, value in delivery.headers.items() if name.startswith(_HISTORY)}
    if history:
        exchange.properties[DEAD_LETTER] = history
    return exchange


def answer(exchange: Exchange, body: bytes, table: Mapping[str, Any], attributes: Mapping[str, Any]) -> None:
    """Make a reply the exchange's message: body and headers over those that were there."""
    exchange.message.body = body_of(body, attributes)
    exchange.message.headers.update(headers_of(table, attributes))
