"""Exchanges as JSON text, for stores on disk. Never pickle: a store's file must not be able to run code.

JSON's own values are written as they are; others as an object with one key that starts with ``$``: ``$bytes`` (base64), ``$decimal``, ``$datetime``,
``$date``, ``$time``, ``$tuple``, ``$set``, ``$map`` (a map with keys that are no plain text), ``$xml``, ``$exchange``, ``$message``.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from esb.coerce import Source, is_element, octets
from esb.errors import ConversionFailed
from esb.exchange import Exchange, Message

_PLAIN: Final = (str, int, float, bool, type(None))


def encode(exchange: Exchange) -> str:
    """The exchange as text: id, pattern, message, variables, and those properties that have a form in JSON (an exception has none).

    Raises ConversionFailed for a body or header without such a form.
    """
    return json.dumps(_exchange(exchange), ensure_ascii=False, separators=(",", ":"), allow_nan=True)


def decode(text: str) -> Exchange:
    """What :func:`encode` wrote."""
    return _read_exchange(json.loads(text))


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "id": exchange.id,
        "pattern": exchange.pattern,
        "from": [exchange.from_route, exchange.from_endpoint, exchange.route],
        "message": _message(exchange.message),
        "properties": _possible(exchange.properties),
        "variables": _possible(exchange.variables),
    }


def _message(message: Message) -> dict[str, Any]:
    written = {"body": _value(message.body), "headers": {name: _value(item) for name, item in message.headers.items()}}
    if message.attachments:
        written["attachments"] = {name: _value(item) for name, item in message.attachments.items()}
    return written


def _possible(values: Mapping[str, Any]) -> dict[str, Any]:
    written = {}
    for name, value in values.items():
        try:
            written[name] = _value(value)
        except ConversionFailed:
            continue
    return written


def _value(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _value(item) for key, item in value.items()}
        return {"$map": [[_value(key), _value(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return [_value(item) for item in value]
    for kind, tag, write in _WRITERS:
        if isinstance(value, kind):
            return {tag: write(value)}
    if is_element(value):
        return {"$xml": octets(value).decode()}
    if isinstance(value, Source) or hasattr(value, "read"):
        return {"$bytes": base64.b64encode(octets(value)).decode("ascii")}
    raise ConversionFailed(
        f"a {type(value).__name__} cannot be kept in a store: marshal it, or convert it to text, maps or lists, before this step"
    )


_WRITERS: Final[tuple[tuple[type | tuple[type, ...], str, Callable[[Any], Any]], ...]] = (
    ((bytes, bytearray, memoryview), "$bytes", lambda value: base64.b64encode(bytes(value)).decode("ascii")),
    (decimal.Decimal, "$decimal", str),
    (dt.datetime, "$datetime", dt.datetime.isoformat),  # before date, which it derives from
    (dt.date, "$date", dt.date.isoformat),
    (dt.time, "$time", dt.time.isoformat),
    (tuple, "$tuple", lambda value: [_value(item) for item in value]),
    ((set, frozenset), "$set", lambda value: [_value(item) for item in value]),
    (Exchange, "$exchange", _exchange),
    (Message, "$message", _message),
)


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(tag, content)] = value.items()
        read = _READERS.get(tag)
        if read is not None:
            return read(content)
    return {key: _read(item) for key, item in value.items()}


def _read_xml(text: str) -> Any:
    from esb.xml import parse

    return parse(text.encode())


def _read_exchange(written: dict[str, Any]) -> Exchange:
    exchange = Exchange(pattern=written["pattern"])
    exchange.id = written["id"]
    exchange.from_route, exchange.from_endpoint, exchange.route = written["from"]
    exchange.message = _read_message(written["message"])
    exchange.properties = {name: _read(value) for name, value in written["properties"].items()}
    exchange.variables = {name: _read(value) for name, value in written["variables"].items()}
    return exchange


def _read_message(written: dict[str, Any]) -> Message:
    message = Message(_read(written["body"]), {name: _read(value) for name, value in written["headers"].items()})
    if "attachments" in written:
        message.attachments = {name: _read(value) for name, value in written["attachments"].items()}
    return message


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "$bytes": base64.b64decode,
    "$decimal": decimal.Decimal,
    "$datetime": dt.datetime.fromisoformat,
    "$date": dt.date.fromisoformat,
    "$time": dt.time.fromisoformat,
    "$tuple": lambda items: tuple(_read(item) for item in items),
    "$set": lambda items: {_read(item) for item in items},
    "$map": lambda pairs: {_read(key): _read(item) for key, item in pairs},
    "$xml": _read_xml,
    "$exchange": _read_exchange,
    "$message": _read_message,
}
