"""The headers that stand for a message's properties, and those that steer a send: names as Camel 4.17 has them, and those of Camel 3's component.

A received message fills the first family only, whichever scheme the route writes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, Final

from esb.coerce import text as as_text
from esb.errors import ConversionFailed
from esb.fields import seconds, truth

FAMILY: Final = "CamelSpringRabbitmq"
"""Camel 4's prefix (``SpringRabbitMQConstants``)."""
FORMER: Final = "CamelRabbitmq"
"""Camel 3's prefix (``RabbitMQConstants``)."""

EXCHANGE_NAME: Final = f"{FAMILY}ExchangeName"
ROUTING_KEY: Final = f"{FAMILY}RoutingKey"
REDELIVERED: Final = f"{FAMILY}Redelivered"
DELIVERY_TAG: Final = f"{FAMILY}DeliveryTag"
CONTENT_LENGTH: Final = f"{FAMILY}ContentLength"
CHANNEL: Final = f"{FAMILY}Channel"
"""Property: what a route settles a message by in acknowledgeMode MANUAL."""

RECEIVED: Final = "esb.rabbitmqReceived"
"""Property: the steering properties that a message came with. They are the sender's wishes for that hop, and hold for no later one."""
COPIES: Final = frozenset({"cc", "bcc"})
STEERING: Final = frozenset({"expiration", "user_id", "delivery_mode", "reply_to"}) | COPIES
"""By what a sender could make a later hop expire, lose, misroute or refuse a message."""

_MODES: Final = {"persistent": 2, "non_persistent": 1, "2": 2, "1": 1}
_MOST: Final = 255


def _short(value: Any) -> str:
    told = as_text(value) or ""
    if len(told.encode()) > _MOST:
        raise ValueError(f"is longer than the {_MOST} bytes that AMQP has for it")
    return told


def _mode(value: Any) -> int:
    mode = _MODES.get((as_text(value) or "").strip().lower())
    if mode is None:
        raise ValueError("is neither PERSISTENT nor NON_PERSISTENT")
    return mode


def _priority(value: Any) -> int:
    number = int(str(value))
    if not 0 <= number <= 255:
        raise ValueError("is not between 0 and 255")
    return number


def _expiration(value: Any) -> str:
    told = (as_text(value) or "").strip()
    if not re.fullmatch(r"\d{1,10}", told) or int(told) >= 2**32:
        raise ValueError("is not a number of milliseconds")
    return told


def _timestamp(value: Any) -> int:
    """Seconds; what is too large for that are milliseconds, as Java counts. Dates may be text (ISO 8601)."""
    if isinstance(value, dt.datetime):
        return int(value.timestamp())
    told = (as_text(value) or "").strip()
    if told.isdigit():
        number = int(told)
        return number // 1000 if number > 10**11 else number
    return int(dt.datetime.fromisoformat(told).timestamp())


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else truth(str(value))


def _pause(value: Any) -> float:
    told = seconds(str(value))
    if told < 0:
        raise ValueError("is less than nothing")
    return told


PROPERTIES: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "ContentType": ("content_type", _short),
    "ContentEncoding": ("content_encoding", _short),
    "DeliveryMode": ("delivery_mode", _mode),
    "Priority": ("priority", _priority),
    "CorrelationId": ("correlation_id", _short),
    "ReplyTo": ("reply_to", _short),
    "Expiration": ("expiration", _expiration),
    "MessageId": ("message_id", _short),
    "Timestamp": ("timestamp", _timestamp),
    "Type": ("type", _short),
    "UserId": ("user_id", _short),
    "AppId": ("app_id", _short),
    "ClusterId": ("cluster_id", _short),
}
"""Rest of a header's name → the property and what makes its value."""
_STEERS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "RoutingOverrideKey": ("routing_key", _short),
    "ExchangeOverrideName": ("exchange", _short),
    "Mandatory": ("mandatory", _truth),
    "Delay": ("delay", _pause),
}
_FORMER_ONLY: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {"RoutingKey": ("routing_key", _short)}

READERS: Final = (
    {f"{FAMILY}{name}".lower(): told for name, told in (PROPERTIES | _STEERS).items()}
    | {f"{FORMER}{name}".lower(): told for name, told in (_FORMER_ONLY | PROPERTIES | _STEERS).items()}
)  # fmt: skip
"""Header in small letters → what it sets on a send. ``CamelSpringRabbitmqRoutingKey`` sets nothing, as in Camel: it is the key a message came by."""
NAMES: Final = {attribute: f"{FAMILY}{name}" for name, (attribute, _) in PROPERTIES.items()}
"""Property → the header that a received message has it in."""


def read(name: str, value: Any) -> tuple[str, Any] | None:
    """What a header sets on a send: a property or ``routing_key``, ``exchange``, ``mandatory``, ``delay``. None if nothing.

    Raises ConversionFailed for a value that it cannot be.
    """
    told = READERS.get(name.lower())
    if told is None or value is None:
        return None
    attribute, reader = told
    try:
        return attribute, reader(value)
    except (ValueError, TypeError, OverflowError) as error:
        why = str(error) if str(error).startswith("is ") else "cannot be read as such"
        raise ConversionFailed(
            f"header {name} {as_text(value)!r} {why}; set it otherwise, or remove it before the send"
        ) from error
