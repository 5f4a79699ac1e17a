"""The parts of the broker layer that need no broker: codecs, names, addresses, the window."""

import threading
from decimal import Decimal
from typing import Any

import pika
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika.frame import Header

from esb.broker import amqp_message, headers
from esb.broker.amqp_url import parse
from esb.broker.contract import Outgoing
from esb.broker.topology import Topology
from esb.broker.window import Window
from esb.errors import OptionError, Rejected

VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.decimals(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=1, max_size=60).filter(
    lambda name: not name.startswith("x-")
)
HEADERS = st.dictionaries(NAMES, VALUES, max_size=8)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Equal with types and digits: 1 is not 1.0, and 1.50 not 1.5."""
    return {name: (type(v), str(v)) for name, v in one.items()} == {
        name: (type(v), str(v)) for name, v in other.items()
    }


def over_the_wire(properties: pika.BasicProperties | bytes) -> pika.BasicProperties:
    packed = properties if isinstance(properties, bytes) else b"".join(properties.encode())
    return pika.BasicProperties().decode(packed)


@given(HEADERS)
def test_headers_come_back_from_json_as_they_were(values: dict[str, Any]) -> None:
    assert same(headers.loads(headers.dumps(values)), values)


@given(HEADERS)
def test_headers_come_back_from_amqp_as_they_were(values: dict[str, Any]) -> None:
    sent = amqp_message.properties(Outgoing("m1", b"", values))
    assert same(amqp_message.headers_of(over_the_wire(sent)), values)


@given(HEADERS, HEADERS)
def test_a_message_published_again_has_both_headers_and_its_attempts(
    stored: dict[str, Any], extra: dict[str, Any]
) -> None:
    first = over_the_wire(amqp_message.properties(Outgoing("m1", b"", stored)))
    second = over_the_wire(amqp_message.again(first, extra, 3))
    assert same(amqp_message.headers_of(second), stored | extra)
    assert amqp_message.attempts_of(second) == 3
    assert second.message_id == "m1"


def test_headers_of_foreign_senders_are_reduced_to_scalars() -> None:
    table = {
        "lines": [1, 2],
        "nested": {"a": 1},
        "raw": b"\xff",
        "x-esb-types": {"n": "decimal", "bad": "int"},
        "n": "1.50",
        "bad": "one",
    }
    seen = amqp_message.headers_of(pika.BasicProperties(headers=table))
    assert seen == {"raw": "\ufffd", "n": Decimal("1.50"), "bad": "one"}


def test_the_frame_that_pika_writes_holds_the_headers() -> None:
    properties = amqp_message.properties(Outgoing("m1", b"", {"Kind": "new"}, "text/plain"))
    frame = Header(1, 0, over_the_wire(properties)).marshal()
    assert b"Kind" in frame
    assert b"text/plain" in frame


def test_a_header_that_no_broker_carries_is_refused_by_name() -> None:
    with pytest.raises(Rejected, match="'when' is a object"):
        headers.check(Outgoing("m1", b"", {"when": object()}), "orders")


def test_extra_headers_of_an_outcome_become_text_rather_than_fail() -> None:
    assert headers.carried({"lines": [1], "n": 1}) == {"lines": "[1]", "n": 1}


@given(st.floats(min_value=0.001, max_value=1_000_000))
def test_a_delay_is_rounded_up_never_down(seconds: float) -> None:
    _, [declared] = Topology("esb", delivery_limit=10, max_length=0).delay("orders", seconds)
    milliseconds = declared.arguments["x-message-ttl"]
    assert milliseconds >= seconds * 1000
    assert declared.arguments["x-dead-letter-routing-key"] == "esb.orders"


def test_a_delay_is_declared_once() -> None:
    topology = Topology("esb", delivery_limit=10, max_length=0)
    wire, first = topology.delay("orders", 1.5)
    assert topology.delay("orders", 1.9) == (wire, [])
    assert len(first) == 1
    assert topology.delays("orders") == [wire]


def test_two_namespaces_share_no_name() -> None:
    one, two = (Topology(name, delivery_limit=10, max_length=0) for name in ("one", "two"))
    for topology in (one, two):
        topology.queue("orders")
        topology.binding("prices", "cms")
        topology.delay("orders", 5)
    assert {each.wire for each in one.all()}.isdisjoint(each.wire for each in two.all())


def test_queues_are_listed_without_inner_ones() -> None:
    topology = Topology("esb", delivery_limit=10, max_length=0)
    topology.queue("orders")
    topology.delay("orders", 5)
    assert topology.queues() == ["orders"]


def test_a_url_names_hosts_user_vhost_and_options() -> None:
    address = parse("amqp://bus:p%40ss@one,two:5673/my%2Fhost?window=9&namespace=crm")
    assert address.hosts == (("one", 5672), ("two", 5673))
    assert (address.user, address.password, address.vhost, address.tls) == ("bus", "p@ss", "my/host", False)
    assert (address.options.window, address.options.namespace) == (9, "crm")


def test_attempts_go_round_the_hosts() -> None:
    address = parse("amqp://one,two/")
    assert [address.parameters(n, "test").host for n in range(3)] == ["one", "two", "one"]


def test_the_password_is_not_in_the_addresss_texts() -> None:
    address = parse("amqp://bus:secret@one/")
    assert "secret" not in repr(address) + str(address)


def test_amqps_verifies_the_server_by_default() -> None:
    parameters = parse("amqps://one/").parameters(0, "test")
    assert parameters.port == 5671
    assert parameters.ssl_options.context.check_hostname


@pytest.mark.parametrize("url", ["amqp://one:port/", "amqp://one/?windw=1", "http://one/"])
def test_a_wrong_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(OptionError):
        parse(url)


def test_the_window_bounds_count_and_bytes() -> None:
    window = Window(2, byte_limit=10)
    assert window.enter(4, 0.01)
    assert not window.enter(7, 0.01)
    assert window.enter(6, 0.01)
    assert not window.enter(0, 0.01)
    window.leave(1, 4)
    assert window.enter(4, 0.01)


def test_a_message_larger_than_the_byte_limit_goes_alone() -> None:
    window = Window(5, byte_limit=10)
    assert window.enter(1000, 0.01)
    assert not window.enter(1, 0.01)


def test_the_brokers_own_thread_is_never_held_up() -> None:
    window = Window(1)
    assert window.enter(1, 0.0)
    assert window.enter(1, 0.0)
    assert window.count == 2


def test_a_waiting_publisher_goes_on_when_a_place_is_free() -> None:
    window = Window(1)
    window.enter(1, 0.0)
    entered: list[bool] = []
    thread = threading.Thread(target=lambda: entered.append(window.enter(1, 10.0)))
    thread.start()
    window.leave(1, 1)
    thread.join(10)
    assert entered == [True]
