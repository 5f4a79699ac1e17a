"""The one-pass reader on streams cut anywhere: what is ours is read once and in order, all else goes to pika."""

from typing import Any

import pika
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import spec
from pika.exceptions import InvalidFrameError
from pika.frame import Body, Header, Heartbeat, Method

from esb.broker.amqp_fast import FastConnection
from esb.broker.amqp_frames import content, read, written
from esb.broker.amqp_thread import IoThread

OURS, TAG = 1, "ctag1"


class Reader(FastConnection):
    """A connection without a socket: open, and told its bytes by the test."""

    def __init__(self) -> None:
        self.thread = IoThread("none", lambda: None)
        self.seen: list[Any] = []
        self.passed: list[Any] = []
        self.deliveries = {OURS: (b"\x05ctag1", self._delivered)}
        self.confirms = {OURS: lambda *told: self.seen.append(told)}
        self.out = []
        self._thread = self.thread
        self._frame_buffer = b""
        self.bytes_received = 0
        self.connection_state = self.CONNECTION_OPEN

    def _delivered(self, tag: int, redelivered: bool, place: bytes, properties: bytes, body: bytes) -> None:
        self.seen.append((tag, redelivered, place, read(properties)[0], body))

    def _process_frame(self, frame_value: Any) -> None:
        self.passed.append(frame_value)


def message(tag: int, body: bytes, *, channel: int = OURS, consumer: str = TAG, most: int = 1000) -> bytes:
    parts: list[bytes] = [Method(channel, spec.Basic.Deliver(consumer, tag, tag % 2 == 1, "ex", "key")).marshal()]
    content(parts.extend, channel, written(f"m{tag}", None, {}, 1), body, most)
    return b"".join(parts)


def expected(tag: int, body: bytes) -> tuple[Any, ...]:
    return (tag, tag % 2 == 1, b"\x02ex\x03key", f"m{tag}", body)


ACK = Method(OURS, spec.Basic.Ack(7, True)).marshal()
NACK = Method(OURS, spec.Basic.Nack(8, False, True)).marshal()
OTHERS = Heartbeat().marshal() + Method(OURS, spec.Basic.ConsumeOk(TAG)).marshal()


@given(st.lists(st.integers(1, 60), max_size=40))
def test_a_stream_cut_anywhere_is_read_once_and_in_order(cuts: list[int]) -> None:
    stream = message(1, b"one") + ACK + OTHERS + message(2, b"") + message(3, b"x" * 300) + NACK
    reader = Reader()
    at = 0
    for cut in [*cuts, len(stream)]:
        reader._on_data_available(stream[at : at + cut])
        at = min(at + cut, len(stream))
    assert reader.seen == [
        expected(1, b"one"),
        (7, True, False),
        expected(2, b""),
        expected(3, b"x" * 300),
        (8, False, True),
    ]
    assert [type(one).__name__ for one in reader.passed] == ["Heartbeat", "Method"]
    assert reader.bytes_received == len(stream)
    assert reader._frame_buffer == b""


def test_a_body_in_several_frames_is_pikas_to_put_together() -> None:
    reader = Reader()
    reader._on_data_available(message(1, b"x" * 2500, most=1000) + message(2, b"y"))
    assert [type(one) for one in reader.passed] == [Method, Header, Body, Body, Body]
    assert reader.seen == [expected(2, b"y")]


def test_frames_of_other_channels_in_the_middle_of_a_message_are_served() -> None:
    whole = message(1, b"one")
    first = len(Method(OURS, spec.Basic.Deliver(TAG, 1, True, "ex", "key")).marshal())
    reader = Reader()
    reader._on_data_available(whole[:first] + Heartbeat().marshal() + whole[first:] + message(2, b"y"))
    assert [type(one) for one in reader.passed] == [Method, Heartbeat, Header, Body]
    assert reader.seen == [expected(2, b"y")]


@pytest.mark.parametrize("other", [{"channel": 2}, {"consumer": "ctag2"}])
def test_what_is_for_somebody_else_is_pikas(other: dict[str, Any]) -> None:
    reader = Reader()
    reader._on_data_available(message(1, b"one", **other))
    assert [type(one) for one in reader.passed] == [Method, Header, Body]
    assert reader.seen == []


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_frame_without_its_end_is_an_error_as_pika_has_it(at: int) -> None:
    whole = bytearray(message(1, b"one"))
    ends = [place for place, octet in enumerate(whole) if octet == 0xCE]
    whole[ends[at]] = 0
    reader = Reader()
    with pytest.raises(InvalidFrameError):
        reader._on_data_available(bytes(whole))
    assert reader.seen == []


def test_nothing_is_read_fast_once_the_connection_is_closing() -> None:
    reader = Reader()

    def closing(frame_value: Any) -> None:
        reader.passed.append(frame_value)
        reader.connection_state = reader.CONNECTION_CLOSING

    reader._process_frame = closing  # type: ignore[method-assign]  # the test's own subclass
    reader._on_data_available(Heartbeat().marshal() + message(1, b"one"))
    assert reader.seen == []
    assert len(reader.passed) == 4


def test_what_pika_is_relied_on_for_is_there() -> None:
    from esb.broker.amqp_fast import usable

    assert usable(), (
        f"pika {pika.__version__} has changed its inner names: frames=pika still works, see esb.broker.amqp_fast"
    )
