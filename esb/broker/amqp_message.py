"""Messages on the wire: AMQP properties from ours, and back.

AMQP's table cannot carry all that our headers hold, and pika carries less (no floats, small decimals, 64-bit integers). Such values travel as
text, with their types in the table ``x-esb-types``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pika
from pika.compat import long

from esb.broker.amqp_frames import Fields, read, written
from esb.broker.contract import Delivery, Outgoing, Stored

ATTEMPTS = "x-esb-attempts"
TYPES = "x-esb-types"
_RETURNS = "x-delivery-count"
_OURS = "x-esb-"
_BROKERS = frozenset({"x-death", "x-first-death-exchange", "x-first-death-queue", "x-first-death-reason", _RETURNS})
_READERS = {"int": int, "float": float, "decimal": Decimal}
_MAX_INT = 2**63


def properties(message: Outgoing) -> bytes:
    """The properties of a new message, as they are on the wire: persistent, with its id. Raises what :func:`amqp_frames.written` raises."""
    headers = encoded(message.headers) if message.headers else {}
    if message.attempts:
        headers[ATTEMPTS] = message.attempts
    return written(message.id, message.content_type, headers, int(message.published_at or time.time()))


def again(original: pika.BasicProperties, extra: Mapping[str, Any], attempts: int) -> pika.BasicProperties:
    """The properties of a message that is published again by a retry or a move: the stored headers and the extra ones."""
    headers = encoded(headers_of(original) | dict(extra))
    if attempts:
        headers[ATTEMPTS] = attempts
    return pika.BasicProperties(
        message_id=original.message_id,
        content_type=original.content_type,
        delivery_mode=2,
        timestamp=original.timestamp,
        headers=headers or None,
    )


def encoded(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Headers as pika can write them. Names that are ours or the broker's are left out: nobody may forge them."""
    table: dict[str, Any] = {}
    types: dict[str, str] = {}
    for name, value in headers.items():
        if name.startswith(_OURS) or name in _BROKERS:
            continue
        if isinstance(value, float):
            types[name] = "float"
        elif isinstance(value, Decimal):
            types[name] = "decimal"
        elif isinstance(value, int) and not -_MAX_INT <= value < _MAX_INT:
            types[name] = "int"
        table[name] = str(value) if name in types else value
    if types:
        table[TYPES] = types
    return table


def readable(text: str | bytes) -> str:
    """A text of the wire: pika leaves one that is not UTF-8 as bytes."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def headers_of(properties: pika.BasicProperties) -> dict[str, Any]:
    """The headers that a route sees; tables and lists of foreign senders are left out."""
    return _shown(properties.headers)


def _shown(table: Mapping[str, Any] | None) -> dict[str, Any]:
    if not table:
        return {}
    types = table.get(TYPES)
    types = types if isinstance(types, dict) else {}
    headers: dict[str, Any] = {}
    for key, value in table.items():
        name = readable(key)
        if name.startswith(_OURS) or name in _BROKERS or isinstance(value, dict | list):
            continue
        if name in types:
            headers[name] = _read(types[name], value)
        elif type(value) is long:  # pika's own subclass, which prints as 7L
            headers[name] = int(value)
        elif isinstance(value, bytes):
            headers[name] = value.decode("utf-8", "replace")
        else:
            headers[name] = value if value is None or isinstance(value, str | int | Decimal) else str(value)
    return headers


def _read(kind: Any, value: Any) -> Any:
    reader = _READERS.get(kind)
    try:
        return reader(value) if reader else value
    except (ArithmeticError, ValueError):
        return value  # not written by us


def attempts_of(properties: pika.BasicProperties) -> int:
    """Attempts that ended in a retry so far."""
    return _number(properties.headers, ATTEMPTS)


def _number(table: Mapping[str, Any] | None, name: str) -> int:
    value = table.get(name) if table else None
    return int(value) if isinstance(value, int) else 0


def fields(properties: pika.BasicProperties | bytes) -> Fields:
    """What :func:`delivery` needs of a message's properties, however they came."""
    if isinstance(properties, bytes):
        return read(properties)
    id, content_type = properties.message_id or "", properties.content_type
    return readable(id), content_type and readable(content_type), properties.headers, properties.timestamp


def delivery(queue: str, told: Fields, body: bytes, *, redelivered: bool, tag: int, epoch: int) -> Delivery:
    """What a subscription hands over."""
    id, content_type, table, timestamp = told
    published_at = float(timestamp) if timestamp else None
    if not table:
        return Delivery(id, body, {}, content_type, queue, 1, redelivered, tag, epoch, published_at)
    attempts = _number(table, ATTEMPTS)
    return Delivery(
        id,
        body,
        _shown(table),
        content_type,
        queue,
        attempts + 1,
        redelivered or attempts > 0,
        tag,
        epoch,
        published_at,
        # The broker counts only what it delivers again; a count on a first delivery is its sender's, who must not get a message put aside.
        _number(table, _RETURNS) if redelivered else 0,
    )


def stored(properties: pika.BasicProperties, body: bytes) -> Stored:
    """What browsing shows."""
    return Stored(
        readable(properties.message_id or ""),
        body,
        headers_of(properties),
        properties.content_type and readable(properties.content_type),
        attempts_of(properties),
        float(properties.timestamp) if properties.timestamp else None,
    )
