"""The kombu bridge over kombu's own transport in memory; RabbitMQ through it is in tests/integration."""

from __future__ import annotations

import uuid

import pytest

from esb.context import RouteContext
from esb.errors import ConfigErrors
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
