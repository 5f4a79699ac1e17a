"""AMQP 0-9-1 frames of the data's path, written and read in one go: what pika does with a dozen objects for each message.

Only what every message needs: publish, deliver, ack, and the properties that the bus itself sets. Whatever is rarer (a property or a header type that
is not here) is left to pika's own reader and writer, so that both paths put the same on the wire and read the same from it.

Layouts: AMQP 0-9-1 specification, 2.3.5 (frames), 4.2.5 (content header), 4.2.5.5 and RabbitMQ's errata (field tables).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from struct import Struct, unpack_from
from typing import Any, Final

import pika
from pika.data import encode_value

FRAME: Final = Struct(">BHI")
"""Type, channel, size: the head of every frame."""
END: Final = 0xCE
METHOD, HEADER, BODY = 1, 2, 3
DELIVER, ACK, NACK = 0x003C003C, 0x003C0050, 0x003C0078

_PUBLISH: Final = Struct(">BHIIH")
_CONTENT: Final = Struct(">BHIIQ")
_AND_BODY: Final = Struct(">BBHI")
_ACK_FRAME: Final = Struct(">BHIIQBB")
_BASIC: Final = 0x003C0000  # class 60, weight 0
_END: Final = b"\xce"

# The property flags that the bus sets, in the order of their fields.
_CONTENT_TYPE, _HEADERS, _MODE, _ID, _TIMESTAMP = 0x8000, 0x2000, 0x1000, 0x0080, 0x0040
_OURS: Final = _CONTENT_TYPE | _HEADERS | _MODE | _ID | _TIMESTAMP
_LONGEST: Final = 255  # bytes of a short string

# All properties, in the order of their flags and fields.
_ALL: Final = (
    ("content_type", 0x8000, "text"),
    ("content_encoding", 0x4000, "text"),
    ("headers", _HEADERS, "table"),
    ("delivery_mode", _MODE, "octet"),
    ("priority", 0x0800, "octet"),
    ("correlation_id", 0x0400, "text"),
    ("reply_to", 0x0200, "text"),
    ("expiration", 0x0100, "text"),
    ("message_id", _ID, "text"),
    ("timestamp", _TIMESTAMP, "time"),
    ("type", 0x0020, "text"),
    ("user_id", 0x0010, "text"),
    ("app_id", 0x0008, "text"),
    ("cluster_id", 0x0004, "text"),
)
_KNOWN: Final = sum(flag for _, flag, _ in _ALL)

Fields = tuple[str, str | None, dict[str, Any] | None, int | None]
"""Message id, content type, headers, timestamp."""


class TooLong(ValueError):
    """A text that AMQP writes as a short string has more than 255 bytes."""


def ack(channel: int, tag: int, multiple: bool) -> bytes:
    """A basic.ack."""
    return _ACK_FRAME.pack(METHOD, channel, 13, ACK, tag, multiple, END)


def publish(channel: int, exchange: str, routing_key: str, *, mandatory: bool) -> bytes:
    """The method frame of a basic.publish, the same for every message to one place."""
    names = _short(exchange) + _short(routing_key)
    return _PUBLISH.pack(METHOD, channel, 7 + len(names), 0x003C0028, 0) + names + bytes((mandatory,)) + _END


def content(add: Callable[[tuple[bytes, ...]], None], channel: int, properties: bytes, body: bytes, most: int) -> int:
    """Add the header and body frames of a message to a list of what is sent (its ``extend``); returns their size. ``most`` bytes go into a frame."""
    size = len(body)
    head = _CONTENT.pack(HEADER, channel, 12 + len(properties), _BASIC, size)
    if 0 < size <= most:
        add((head, properties, _AND_BODY.pack(END, BODY, channel, size), body, _END))
        return len(head) + len(properties) + 8 + size + 1
    add((head, properties, _END))
    total = len(head) + len(properties) + 1
    for start in range(0, size, most):
        part = body[start : start + most]
        add((FRAME.pack(BODY, channel, len(part)), part, _END))
        total += len(part) + 8
    return total


def written(id: str, content_type: str | None, headers: Mapping[str, Any] | None, timestamp: int) -> bytes:
    """The properties of a persistent message. Raises TooLong, and what pika raises for a header that it cannot write."""
    flags = _MODE | _ID | _TIMESTAMP
    parts = [b""]
    if content_type is not None:
        flags |= _CONTENT_TYPE
        parts.append(_short(content_type))
    if headers:
        flags |= _HEADERS
        parts.append(_table(headers))
    parts += (b"\x02", _short(id), timestamp.to_bytes(8, "big"))
    parts[0] = flags.to_bytes(2, "big")
    return b"".join(parts)


def read(raw: bytes) -> Fields:
    """The properties of a delivery, as far as the bus wants them."""
    flags = raw[0] << 8 | raw[1]
    if flags & ~_OURS or not flags & _ID:
        return _read_by_pika(raw)
    at = 2
    content_type: str | None = None
    headers: dict[str, Any] | None = None
    try:
        if flags & _CONTENT_TYPE:
            end = at + 1 + raw[at]
            content_type = raw[at + 1 : end].decode()
            at = end
        if flags & _HEADERS:
            end = at + 4 + int.from_bytes(raw[at : at + 4], "big")
            headers = _read_table(raw, at + 4, end)
            if headers is None:
                return _read_by_pika(raw)
            at = end
        if flags & _MODE:
            at += 1
        end = at + 1 + raw[at]
        id = raw[at + 1 : end].decode()
    except UnicodeDecodeError:
        return _read_by_pika(raw)
    timestamp = int.from_bytes(raw[end : end + 8], "big") if flags & _TIMESTAMP else None
    return id, content_type, headers, timestamp


@lru_cache(maxsize=256)  # a sender sets the same ones for each of its messages
def _fields(flags: int) -> tuple[tuple[str, str], ...]:
    return tuple((name, kind) for name, flag, kind in _ALL if flags & flag)


def read_all(raw: bytes) -> tuple[dict[str, Any], dict[str, Any] | None] | None:
    """All properties of a delivery that are set, as pika calls them, and its headers; None for what is left to pika."""
    flags = raw[0] << 8 | raw[1]
    if flags & ~_KNOWN:
        return None
    told: dict[str, Any] = {}
    headers: dict[str, Any] | None = None
    at = 2
    try:
        for name, kind in _fields(flags):
            if kind == "text":
                end = at + 1 + raw[at]
                told[name] = raw[at + 1 : end].decode()
                at = end
            elif kind == "octet":
                told[name] = raw[at]
                at += 1
            elif kind == "time":
                told[name] = int.from_bytes(raw[at : at + 8], "big")
                at += 8
            else:
                end = at + 4 + int.from_bytes(raw[at : at + 4], "big")
                headers = _read_table(raw, at + 4, end)
                if headers is None:
                    return None
                at = end
    except UnicodeDecodeError:
        return None
    return told, headers


def write_all(told: Mapping[str, Any], headers: Mapping[str, Any] | None) -> bytes | None:
    """Properties, by pika's names, and headers, as they are on the wire; None for what is left to pika. Raises as :func:`written`."""
    flags = found = 0
    parts = [b""]
    for name, flag, kind in _ALL:
        if kind == "table":
            if headers:
                flags |= flag
                parts.append(_table(headers))
            continue
        if name not in told:
            continue
        value = told[name]
        if kind == "text" and type(value) is str:
            parts.append(_short(value))
        elif kind == "octet" and type(value) is int and 0 <= value <= 255:
            parts.append(bytes((value,)))
        elif kind == "time" and type(value) is int and 0 <= value < 2**64:
            parts.append(value.to_bytes(8, "big"))
        else:
            return None
        flags |= flag
        found += 1
    if found < len(told):
        return None  # a name that pika may know
    parts[0] = flags.to_bytes(2, "big")
    return b"".join(parts)


@lru_cache(maxsize=256)
def places(raw: bytes) -> tuple[str, str] | None:
    """Exchange and routing key of a delivery from their short strings; None if they are not UTF-8. Most of a queue's messages have the same."""
    end = 1 + raw[0]
    try:
        return raw[1:end].decode(), raw[end + 1 : end + 1 + raw[end]].decode()
    except UnicodeDecodeError:
        return None


def properties(raw: bytes) -> pika.BasicProperties:
    """The same properties as pika has them: for whatever needs all of them."""
    made = pika.BasicProperties()
    made.decode(raw)
    return made


def _read_by_pika(raw: bytes) -> Fields:
    made = properties(raw)
    # What is not UTF-8 pika leaves as bytes.
    id, content_type = (
        text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        for text in (made.message_id or "", made.content_type)
    )
    return id, content_type, made.headers, made.timestamp


def _short(text: str) -> bytes:
    octets = text.encode()
    if len(octets) > _LONGEST:
        raise TooLong(f"{text[:40]!r}… has {len(octets)} bytes; AMQP allows {_LONGEST} there")
    return bytes((len(octets),)) + octets


def _table(headers: Mapping[str, Any]) -> bytes:
    parts = [b""]
    add = parts.append
    for name, value in headers.items():
        add(_short(name))
        kind = type(value)
        if kind is str:
            octets = value.encode()
            add(b"S" + len(octets).to_bytes(4, "big"))
            add(octets)
        elif kind is bool:
            add(b"t\x01" if value else b"t\x00")
        elif value is None:
            add(b"V")
        else:
            encode_value(parts, value)
    size = sum(map(len, parts))
    parts[0] = size.to_bytes(4, "big")
    return b"".join(parts)


def _read_table(raw: bytes, at: int, end: int) -> dict[str, Any] | None:
    """The table between two places; None if it holds what only pika reads."""
    table: dict[str, Any] = {}
    while at < end:
        start = at + 1
        at = start + raw[at]
        name = raw[start:at].decode()
        kind = raw[at]
        at += 1
        if kind == 0x53:  # S: a text
            start = at + 4
            at = start + int.from_bytes(raw[at:start], "big")
            table[name] = raw[start:at].decode()
        elif kind == 0x49:  # I
            table[name] = unpack_from(">i", raw, at)[0]
            at += 4
        elif kind == 0x6C:  # l
            table[name] = unpack_from(">q", raw, at)[0]
            at += 8
        elif kind == 0x74:  # t
            table[name] = raw[at] != 0
            at += 1
        elif kind == 0x56:  # V
            table[name] = None
        else:
            return None
    return table
