"""The kombu bridge over kombu's own transport in memory; RabbitMQ through it is in tests/integration."""

from __future__ import annotations

import queue
import threading
import time
import uuid

import kombu
import pytest

from esb.context import RouteContext
from esb.errors import ConfigErrors, ConnectionLost, DeadlineExceeded
from esb.exchange import IN_OUT, Exchange


@pytest.fixture
def crossed():
    """Send an exchange to a queue, then consume it; returns what arrived.

    One after the other: kombu's transport in memory is one dictionary of the process, and not made for two threads that declare at once.
    """
    contexts: list[RouteContext] = []

    def running(text: str) -> RouteContext:
        context = RouteContext()
        context.load(text)
        context.start()
        contexts.append(context)
        return context

    def cross(exchange: Exchange):
        queue = f"kombu:q{uuid.uuid4().hex[:8]}?url=memory://"
        sent = running(f"- from: {{uri: 'direct:in', steps: [{{to: '{queue}'}}]}}").send("direct:in", exchange)
        assert sent.error is None
        mock = (
            running(f"- from: {{uri: '{queue}', steps: [{{to: 'mock:out'}}]}}").component("mock").endpoints["mock:out"]
        )
        assert mock.wait(1, 30)
        return mock.received[0]

    yield cross
    for context in contexts:
        context.stop(5)


def test_a_message_crosses_with_its_headers(crossed) -> None:
    received = crossed(Exchange("hello", {"kind": "a"}, pattern=IN_OUT))
    assert (received.body, received.headers["kind"]) == (b"hello", "a")


def test_maps_cross_as_json(crossed) -> None:
    assert crossed(Exchange({"a": [1, None]}, pattern=IN_OUT)).body == b'{"a":[1,null]}'


def test_control_headers_do_not_cross(crossed) -> None:
    received = crossed(Exchange("x", {"cAmElFileName": "/etc/x", "esb-x": "1"}, pattern=IN_OUT))
    assert set(received.headers) == {"Content-Type"}


def test_an_endpoint_without_a_url_is_a_finding() -> None:
    with pytest.raises(ConfigErrors, match="needs a URL"):
        RouteContext().load("- from: {uri: 'kombu:q?url=nothing', steps: [{to: mock:x}]}")


@pytest.fixture
def failing(monkeypatch):
    """Consume one message until it is done or put aside: how often it came, what the dead letters have, and what the queue still has.

    Its route fails with each of the errors in turn, and then succeeds.
    """

    def consume(*errors, options="", compression=None, headers=None):
        name = f"q{uuid.uuid4().hex[:8]}"
        ended, came, left = threading.Event(), [], list(errors)

        def deliver(exchanges):
            for exchange in exchanges:
                came.append(exchange)
                error = left.pop(0) if left else None
                exchange.unit.release(error)
                if error is None:
                    ended.set()

        with kombu.Connection("memory://") as connection:
            channel = connection.channel()
            kombu.Queue(name, channel=channel).declare()
            kombu.Producer(channel).publish(
                b"ORDER",
                routing_key=name,
                content_type="text/plain",
                content_encoding="binary",
                headers=headers or {"kind": "a"},
                compression=compression,
                message_id="m1",
            )
            monkeypatch.setattr("adapters.kombu.consumer._log.error", lambda *_: ended.set())  # it is put aside
            consumer = RouteContext().endpoint(f"kombu:{name}?url=memory://{options}").consumer(deliver)
            consumer.start()
            assert ended.wait(10)
            consumer.stop(10)
            dead = kombu.Queue("aside" if options else f"{name}.dlq", channel=channel)
            dead.declare()
            rest = kombu.Queue(name, channel=channel).get()
            return len(came), dead.get(no_ack=True), rest

    return consume


def unknown():
    """What a call that may not be made twice ends with when nobody knows whether it had its effect."""
    error = DeadlineExceeded("no answer")
    error.uncertain = True
    return error


def test_a_failed_message_comes_again(failing) -> None:
    assert failing(ConnectionLost("gone"), ConnectionLost("gone")) == (3, None, None)


@pytest.mark.parametrize("options", ["", "&deadLetterQueue=aside"])
def test_after_a_call_of_unknown_outcome_a_message_is_a_dead_letter_as_it_came(failing, options) -> None:
    came, dead, rest = failing(unknown(), options=options)
    assert (came, rest) == (1, None)
    assert (dead.body, dead.content_type, dead.properties["message_id"]) == (b"ORDER", "text/plain", "m1")
    assert dead.headers["kind"] == "a"
    assert dead.headers["esb-error"] == "no answer; it may have had its effect, and is not declared idempotent"


def test_a_message_that_came_packed_is_a_dead_letter_that_kombu_can_read(failing) -> None:
    _, dead, _ = failing(unknown(), compression="zlib")
    assert (dead.body, dead.headers["kind"]) == (b"ORDER", "a")


def test_a_message_that_says_it_is_packed_and_is_not_is_a_dead_letter(failing) -> None:
    came, dead, rest = failing(headers={"compression": "zlib"})
    assert (came, dead.body, rest) == (0, b"ORDER", None)


def test_no_header_says_of_what_we_send_that_it_is_packed(crossed) -> None:
    assert "compression" not in crossed(Exchange(b"ORDER", {"compression": "zlib"}, pattern=IN_OUT)).headers


def test_a_message_stays_in_hand_while_the_dead_letters_do_not_take_it(failing, monkeypatch) -> None:
    from adapters.kombu import consumer

    refusals = [OSError("full"), OSError("full")]

    def refusing(*told, put_aside=consumer.put_aside):
        if refusals:
            raise refusals.pop()
        put_aside(*told)

    monkeypatch.setattr(consumer, "put_aside", refusing)
    monkeypatch.setattr(consumer, "_LONGEST_WAIT", 0.1)
    came, dead, rest = failing(unknown())
    assert (came, dead.body, rest, refusals) == (1, b"ORDER", None, [])


@pytest.fixture
def stopped(monkeypatch):
    """Stop a consumer that has ten messages in hand, of which one is done; returns the bodies of those that were acknowledged.

    With ``on`` each acknowledgement is what another message waits for.
    """

    def stop(drain: float, *, on: bool) -> list[bytes]:
        name = f"q{uuid.uuid4().hex[:8]}"
        held: queue.SimpleQueue[Exchange] = queue.SimpleQueue()
        came, acknowledged = threading.Semaphore(0), []
        settle = kombu.Message.ack

        def ack(message, *told, **options):
            settle(message, *told, **options)
            acknowledged.append(message.body)
            if on and not held.empty():
                held.get().unit.release()

        def deliver(exchanges):
            for exchange in exchanges:
                held.put(exchange)
                came.release()

        monkeypatch.setattr(kombu.Message, "ack", ack)
        with kombu.Connection("memory://") as connection:
            channel = connection.channel()
            kombu.Queue(name, channel=channel).declare()
            for number in range(10):
                kombu.Producer(channel).publish(
                    str(number).encode(), routing_key=name, content_type="text/plain", content_encoding="binary"
                )
            consumer = RouteContext().endpoint(f"kombu:{name}?url=memory://").consumer(deliver)
            consumer.start()
            assert all(came.acquire(timeout=10) for _ in range(10))
            held.get().unit.release()
            consumer.stop(drain)
        return acknowledged

    return stop


def test_what_is_in_hand_at_a_stop_is_acknowledged_when_it_is_done(stopped) -> None:
    assert stopped(30, on=True) == [str(number).encode() for number in range(10)]


def test_a_stop_waits_no_longer_than_it_may_for_what_is_in_hand(stopped) -> None:
    began = time.monotonic()
    assert stopped(0.3, on=False) == [b"0"]
    assert time.monotonic() - began < 10
