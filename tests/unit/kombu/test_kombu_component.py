"""The kombu bridge over kombu's own transport in memory; RabbitMQ through it is in tests/integration."""

from __future__ import annotations

import uuid

import pytest

from esb.context import RouteContext
from esb.errors import ConfigErrors
from esb.exchange import IN_OUT, Exchange


@pytest.fixture
def bridge():
    """A route from a queue of its own to mock:out."""
    url = "memory://"
    name = f"q{uuid.uuid4().hex[:8]}"
    context = RouteContext()
    context.load(f"""
- from:
    uri: kombu:{name}
    parameters: {{url: "{url}"}}
    steps:
      - to: mock:out
- from:
    uri: direct:in
    steps:
      - to:
          uri: kombu:{name}
          parameters: {{url: "{url}"}}
""")
    context.start()
    yield context
    context.stop(5)


def test_a_message_crosses_with_its_headers(bridge: RouteContext) -> None:
    bridge.send("direct:in", Exchange("hello", {"kind": "a"}, pattern=IN_OUT))
    mock = bridge.component("mock").endpoints["mock:out"]
    assert mock.wait(1, 10)
    assert (mock.received[0].body, mock.received[0].headers["kind"]) == (b"hello", "a")


def test_maps_cross_as_json(bridge: RouteContext) -> None:
    bridge.send("direct:in", Exchange({"a": [1, None]}, pattern=IN_OUT))
    mock = bridge.component("mock").endpoints["mock:out"]
    assert mock.wait(1, 10)
    assert mock.received[0].body == b'{"a":[1,null]}'


def test_control_headers_do_not_cross(bridge: RouteContext) -> None:
    bridge.send("direct:in", Exchange("x", {"cAmElFileName": "/etc/x", "esb-x": "1"}, pattern=IN_OUT))
    mock = bridge.component("mock").endpoints["mock:out"]
    assert mock.wait(1, 10)
    assert set(mock.received[0].headers) == {"Content-Type"}


def test_an_endpoint_without_a_url_is_a_finding() -> None:
    with pytest.raises(ConfigErrors, match="needs a URL"):
        RouteContext().load("- from: {uri: 'kombu:q?url=nothing', steps: [{to: mock:x}]}")
