"""Frames that are written and read without pika: as pika writes and reads them."""

from decimal import Decimal
from typing import Any

import pika
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import spec
from pika.frame import Body, Header, Method, decode_frame

from esb.broker import amqp_frames as frames

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | TEXT
    | st.binary(max_size=20)
    | st.dictionaries(TEXT, st.integers(0, 9), max_size=2)
)
TABLES = st.dictionaries(TEXT, VALUES, max_size=6)


def split(data: bytes) -> list[Any]:
    """All frames, by pika."""
    found = []
    while data:
        size, frame = decode_frame(data)
        assert frame is not None
        found.append(frame)
        data = data[size:]
    return found


@given(TEXT, st.none() | TEXT, TABLES, st.integers(0, 2**40))
def test_pika_reads_the_properties_that_we_write(
    id: str, content_type: str | None, table: dict[str, Any], timestamp: int
) -> None:
    raw = frames.written(id, content_type, table, timestamp)
    told = pika.BasicProperties().decode(raw)
    assert (told.message_id, told.content_type, told.headers or {}) == (id, content_type, table)
    assert (told.delivery_mode, told.timestamp) == (2, timestamp)


@given(st.none() | TEXT, st.none() | TEXT, TABLES, st.none() | st.integers(1, 2**40), st.booleans(), st.none() | TEXT)
def test_we_read_the_properties_that_pika_writes(
    id: str | None,
    content_type: str | None,
    table: dict[str, Any],
    timestamp: int | None,
    persistent: bool,
    reply_to: str | None,
) -> None:
    told = pika.BasicProperties(
        message_id=id,
        content_type=content_type,
        headers=table or None,
        timestamp=timestamp,
        delivery_mode=2 if persistent else None,
        reply_to=reply_to,
    )
    expected = pika.BasicProperties().decode(b"".join(told.encode()))
    assert frames.read(b"".join(told.encode())) == (
        expected.message_id or "",
        expected.content_type,
        expected.headers,
        expected.timestamp,
    )


@given(TABLES, TEXT)
def test_we_read_what_we_write(table: dict[str, Any], id: str) -> None:
    assert frames.read(frames.written(id, "text/plain", table, 7)) == (id, "text/plain", table or None, 7)


TEXTS = (
    "content_type", "content_encoding", "correlation_id", "reply_to", "expiration", "message_id", "type", "user_id", "app_id", "cluster_id"
)  # fmt: skip
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(TEXTS, TEXT),
        "delivery_mode": st.integers(0, 255),
        "priority": st.integers(0, 255),
        "timestamp": st.integers(0, 2**64 - 1),
    },
)


@given(ATTRIBUTES, TABLES)
def test_pika_reads_all_properties_that_we_write(told: dict[str, Any], table: dict[str, Any]) -> None:
    raw = frames.write_all(told, table)
    assert raw == b"".join(pika.BasicProperties(headers=table or None, **told).encode())


@given(ATTRIBUTES, st.dictionaries(TEXT, st.none() | st.booleans() | TEXT, max_size=3))
def test_we_read_all_properties_that_pika_writes(told: dict[str, Any], table: dict[str, Any]) -> None:
    raw = b"".join(pika.BasicProperties(headers=table or None, **told).encode())
    assert frames.read_all(raw) == (told, table or None)


@pytest.mark.parametrize(
    "told", [{"priority": 256}, {"timestamp": -1}, {"type": 3}, {"message_id": None}, {"other": "x"}]
)
def test_what_is_no_plain_property_is_left_to_pika(told: dict[str, Any]) -> None:
    assert frames.write_all(told, None) is None


def test_text_and_headers_that_only_pika_reads_are_left_to_it() -> None:
    assert frames.read_all(b"\x80\x00\x01\xff") is None
    assert frames.read_all(b"".join(pika.BasicProperties(headers={"n": {"inner": 1}}).encode())) is None


@given(TEXT.filter(lambda text: len(text.encode()) < 256), TEXT.filter(lambda text: len(text.encode()) < 256))
def test_exchange_and_routing_key_are_read_as_they_were_written(exchange: str, key: str) -> None:
    raw = b"".join(bytes((len(text.encode()),)) + text.encode() for text in (exchange, key))
    assert frames.places(raw) == (exchange, key)
    assert frames.places(b"\x01\xff\x00") is None


def test_a_header_that_only_pika_writes_is_written_by_it() -> None:
    raw = frames.written("m", None, {"share": Decimal("1.5"), "list": [1, "a"]}, 1)
    assert frames.read(raw)[2] == {"share": Decimal("1.5"), "list": [1, "a"]}


@pytest.mark.parametrize(("id", "table"), [("i" * 256, {}), ("é" * 128, {}), ("m", {"n" * 256: 1})])
def test_a_text_too_long_for_amqp_is_refused(id: str, table: dict[str, Any]) -> None:
    with pytest.raises(frames.TooLong, match="255"):
        frames.written(id, None, table, 1)


def test_text_that_is_no_utf8_is_read_as_well_as_it_goes() -> None:
    told = pika.BasicProperties(message_id="m")
    raw = b"".join(told.encode()).replace(b"m", b"\xff")
    assert frames.read(raw)[0] == "\ufffd"


@given(st.binary(max_size=100), st.integers(8, 40))
def test_a_message_is_written_as_pika_writes_it(body: bytes, most: int) -> None:
    properties = frames.written("m", "text/plain", {"h": "v"}, 1)
    parts: list[bytes] = [frames.publish(3, "ex", "key", mandatory=True)]
    size = frames.content(parts.extend, 3, properties, body, most)
    data = b"".join(parts)
    assert size == len(data) - len(parts[0])
    method, header, *bodies = split(data)
    assert isinstance(method, Method)
    assert isinstance(method.method, spec.Basic.Publish)
    assert (method.method.exchange, method.method.routing_key, method.method.mandatory) == ("ex", "key", True)
    assert isinstance(header, Header)
    assert header.body_size == len(body)
    assert all(isinstance(one, Body) and one.channel_number == 3 and len(one.fragment) <= most for one in bodies)
    assert b"".join(one.fragment for one in bodies) == body


@given(st.integers(1, 2**63), st.booleans())
def test_an_ack_is_written_as_pika_writes_it(tag: int, multiple: bool) -> None:
    assert frames.ack(5, tag, multiple) == Method(5, spec.Basic.Ack(tag, multiple)).marshal()
