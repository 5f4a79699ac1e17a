"""Exchanges to RabbitMQ's messages and back, through pika's own codec; and what a mismatch and a stream's place come to."""

import datetime as dt
import struct
from decimal import Decimal

import pika
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.broker.rabbitmq.messages import Received, again, attributes_of, properties, received, table
from esb.broker.rabbitmq.mismatch import explained
from esb.broker.subscription import Held
from esb.components.rabbitmq import headers as names
from esb.components.rabbitmq.failure import hopeless
from esb.components.rabbitmq.message import body_of, incoming, outgoing
from esb.components.rabbitmq.offsets import Offsets
from esb.errors import ConnectionLost, ConversionFailed, Malformed, NotConnected, StepFailed, Unroutable
from esb.exchange import Exchange


def over_the_wire(made):
    """Properties as the other side decodes them."""
    return pika.BasicProperties().decode(b"".join(made.encode()))


def carried(exchange, **options):
    """What a receiver's exchange has, of an exchange that was sent."""
    sent = outgoing(exchange, **options)
    held = Held(1, over_the_wire(properties(sent.attributes, sent.headers)), sent.body, False, ("x", "k"))
    return incoming(received("q", held, 1, 0), "InOnly")


texts = st.text(st.characters(codec="utf-8"), max_size=40)
scalars = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.none(),
    st.decimals(allow_nan=False),
)
plain_names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20).map("h".__add__)


@given(
    st.dictionaries(
        plain_names,
        scalars,
        max_size=6,
    )
)
def test_headers_are_the_same_on_the_other_side(headers):
    folded = {name.lower(): value for name, value in headers.items()}
    got = carried(Exchange("x", headers)).headers
    for name in headers:
        if list(headers)[[one.lower() for one in headers].index(name.lower())] == name:
            assert got[name] == folded[name.lower()] or sum(one.lower() == name.lower() for one in headers) > 1


@given(
    st.recursive(
        st.one_of(texts, st.booleans(), st.integers(-(2**31), 2**31), st.none()),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain_names, inner, max_size=3),
        max_leaves=8,
    )
)
def test_tables_and_lists_are_the_same_on_the_other_side(value):
    assert carried(Exchange("x", {"value": value})).headers["value"] == value


@given(texts)
def test_a_text_comes_as_the_same_text(text):
    assert carried(Exchange(text)).body == text


@given(st.binary(max_size=50))
def test_bytes_come_as_the_same_bytes(data):
    assert carried(Exchange(data)).body == data


@given(
    st.binary(max_size=20),
    st.sampled_from(["utf-8", "latin-1", "utf-16", "gzip", "no such", "\x00", "idna", "rot13", "hex"]),
)
def test_no_encoding_that_a_sender_claims_breaks_the_body(data, encoding):
    got = body_of(data, {"content_type": "text/plain", "content_encoding": encoding})
    assert isinstance(got, (str, bytes))


@pytest.mark.parametrize(
    ("body", "data", "kind"),
    [
        ("grün", "grün".encode(), "text/plain"),
        (b"x", b"x", "application/octet-stream"),
        ({"a": [1, None]}, b'{"a":[1,null]}', "application/json"),
        (7, b"7", "text/plain"),
    ],
)
def test_the_content_type_says_what_a_body_is(body, data, kind):
    sent = outgoing(Exchange(body))
    assert (sent.body, sent.attributes["content_type"]) == (data, kind)


def test_the_routes_content_type_goes_before_the_bodys_and_camels_header_before_that():
    exchange = Exchange("<a/>", {"Content-Type": "application/xml"})
    assert outgoing(exchange).attributes["content_type"] == "application/xml"
    assert "Content-Type" not in outgoing(exchange).headers
    exchange.headers["CamelSpringRabbitmqContentType"] = "text/xml"
    assert outgoing(exchange).attributes["content_type"] == "text/xml"


def test_a_text_is_written_in_the_encoding_that_the_route_says():
    sent = outgoing(Exchange("ü", {"CamelSpringRabbitmqContentEncoding": "latin-1"}))
    assert (sent.body, sent.attributes["content_encoding"]) == (b"\xfc", "latin-1")


@pytest.mark.parametrize(
    ("headers", "body", "told"),
    [
        ({}, None, "allowNullBody"),
        ({}, object(), "the body is a object"),
        ({}, {"a": object()}, "cannot be written as JSON"),
        ({"CamelSpringRabbitmqContentEncoding": "klingon"}, "x", "no charset 'klingon'"),
        ({"CamelSpringRabbitmqContentEncoding": "ascii"}, "ü", "cannot be written in ascii"),
        ({"CamelSpringRabbitmqPriority": "high"}, "x", "header CamelSpringRabbitmqPriority 'high' cannot be read"),
        ({"CamelSpringRabbitmqPriority": 256}, "x", "is not between 0 and 255"),
        ({"CamelSpringRabbitmqExpiration": "5s"}, "x", "is not a number of milliseconds"),
        ({"CamelSpringRabbitmqDeliveryMode": "SOMETIMES"}, "x", "neither PERSISTENT nor NON_PERSISTENT"),
        ({"CamelSpringRabbitmqTimestamp": "soon"}, "x", "cannot be read"),
        ({"CamelSpringRabbitmqRoutingOverrideKey": "k" * 256}, "x", "longer than the 255 bytes"),
        ({"CamelSpringRabbitmqDelay": "-5"}, "x", "is less than nothing"),
    ],
)
def test_what_cannot_be_written_is_said(headers, body, told):
    with pytest.raises(ConversionFailed, match=told):
        outgoing(Exchange(body, headers))


def test_an_empty_message_goes_where_it_is_allowed():
    assert outgoing(Exchange(None), allow_null=True).body == b""


PROPERTIES = {
    "ContentType": "text/x",
    "ContentEncoding": "utf-8",
    "Priority": 5,
    "CorrelationId": "c",
    "MessageId": "m",
    "Timestamp": 1_700_000_000_000,
    "Type": "t",
    "AppId": "a",
    "ClusterId": "cl",
}


@pytest.mark.parametrize("family", [names.FAMILY, names.FORMER])
def test_every_property_travels_from_header_to_header(family):
    got = carried(Exchange("x", {f"{family}{name}": value for name, value in PROPERTIES.items()}))
    assert {name: got.headers[f"{names.FAMILY}{name}"] for name in PROPERTIES} == PROPERTIES


def test_camel_fours_header_goes_before_camel_threes_in_any_order():
    for pairs in ((names.FAMILY, names.FORMER), (names.FORMER, names.FAMILY)):
        headers = {f"{family}Type": family for family in pairs}
        assert outgoing(Exchange("x", headers)).attributes["type"] == names.FAMILY


def test_a_received_routing_key_sets_nothing_but_camel_threes_does():
    assert outgoing(Exchange("x", {"CamelSpringRabbitmqRoutingKey": "k"})).routing_key is None
    assert outgoing(Exchange("x", {"camelrabbitmqroutingkey": "k"})).routing_key == "k"
    assert outgoing(Exchange("x", {"CamelSpringRabbitmqRoutingOverrideKey": "k"})).routing_key == "k"


def test_a_message_has_an_id_and_is_persistent_unless_the_route_says_otherwise():
    exchange = Exchange("x")
    assert outgoing(exchange).attributes["message_id"] == exchange.id
    assert outgoing(exchange).attributes["delivery_mode"] == 2
    exchange.headers["CamelSpringRabbitmqDeliveryMode"] = "non_persistent"
    assert outgoing(exchange).attributes["delivery_mode"] == 1


def arrived(attributes, headers=None):
    return Received(
        "m", b"x", headers or {}, None, "q", 1, False, 1, attributes=attributes, exchange="", routing_key="q"
    )


def test_what_steers_the_broker_is_shown_but_holds_for_no_later_send_unless_it_is_set_anew():
    exchange = incoming(
        arrived({"expiration": "0", "delivery_mode": 1, "reply_to": "elsewhere"}, {"CC": ["other"]}), "InOnly"
    )
    assert exchange.headers["CamelSpringRabbitmqExpiration"] == "0"
    sent = outgoing(exchange)
    assert {"expiration", "reply_to"}.isdisjoint(sent.attributes)
    assert (sent.attributes["delivery_mode"], sent.headers) == (2, {})
    exchange.headers["CamelSpringRabbitmqExpiration"] = "5000"
    assert outgoing(exchange).attributes["expiration"] == "5000"


def test_a_header_cannot_pass_for_a_property_that_steers():
    exchange = incoming(arrived({"expiration": "0"}, {"expiration": "other", "Reply_To": "x"}), "InOnly")
    sent = outgoing(exchange)
    assert "expiration" not in sent.attributes
    assert sent.headers == {"expiration": "other", "Reply_To": "x"}


def test_a_proxy_passes_on_whom_to_answer():
    exchange = incoming(arrived({"reply_to": "amq.rabbitmq.reply-to.x"}), "InOnly", proxy=True)
    assert outgoing(exchange).attributes["reply_to"] == "amq.rabbitmq.reply-to.x"


@given(
    st.sampled_from(
        ["CamelFileName", "camelHttpUri", "org.apache.camel.x", "esb-attempts", "ESB_x", "CAMELSPRINGRABBITMQDELAY"]
    )
)
def test_no_control_header_comes_in_or_goes_out(name):
    exchange = incoming(arrived({}, {name: "1", "kept": "2"}), "InOnly")
    assert (name in exchange.headers, exchange.headers["kept"]) == (False, "2")
    assert name not in outgoing(Exchange("x", {name: "100", "kept": "2"})).headers


def test_dates_travel_as_they_can():
    moment = dt.datetime(2026, 11, 21, 13, 0, tzinfo=dt.UTC)
    got = carried(Exchange("x", {"moment": moment, "day": dt.date(2026, 11, 21)})).headers
    assert got["moment"] == moment
    assert got["day"] == "2026-11-21"


def test_a_dead_letter_is_as_it_came_but_does_not_expire_again():
    made = over_the_wire(
        again(
            {"expiration": "5", "user_id": "u", "type": "t", "message_id": "m"},
            {"a": Decimal("1.50")},
            {"esb-error": "no"},
        )
    )
    assert attributes_of(made) == {"type": "t", "message_id": "m", "delivery_mode": 2}
    assert table(made) == {"a": Decimal("1.50"), "esb-error": "no"}


@given(st.binary(max_size=64))
def test_any_header_table_of_a_peer_is_read_or_refused_by_pika(data):
    framed = struct.pack(">H", 1 << 13) + struct.pack(">I", len(data)) + data
    try:
        found = pika.BasicProperties().decode(framed)
    except Exception:
        return  # pika closes the connection over it
    incoming(received("q", Held(1, found, b"", False, ("", "")), 1, 0), "InOnly")


def uncertain():
    """What a call that may not be made twice ends with when nobody knows whether it had its effect."""
    error = ConnectionLost("gone")
    error.uncertain = True
    return error


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (Malformed("x"), True),
        (Unroutable("x"), True),
        (NotConnected("x"), False),
        (ConnectionLost("x"), False),
        (uncertain(), True),
        (StepFailed("x"), False),
        (ValueError("x"), False),
    ],
)
def test_only_what_may_get_better_and_cannot_be_done_twice_is_tried_again(error, final):
    assert hopeless(error) is final


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            "406 - inequivalent arg 'x-max-priority' for queue 'q' in vhost '/': received the value '9' of type 'signedint' but current is none",
            "another x-max-priority: the route wants 9, the broker has none. Give the route the broker's value (option arg.queue.x-max-priority)",
        ),
        (
            "406 PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'",
            "another durable: the route wants true, the broker has false. Give the route the broker's value (option arg.queue.durable)",
        ),
        ("403 ACCESS_REFUSED - access to queue 'q' in vhost '/' refused for user 'u'", "refused for user 'u'"),
        (
            "503 COMMAND_INVALID - unknown exchange type 'x-consistent-hash'",
            "rabbitmq-plugins enable rabbitmq_consistent_hash_exchange",
        ),
    ],
)
def test_a_refused_declaration_says_what_differs_and_which_option_decides(reason, told):
    text = explained("queue", "q", reason, "arg.queue.", "routes.yaml:3:5 rabbitmq://x")
    assert text.startswith("routes.yaml:3:5 rabbitmq://x: queue 'q' cannot be declared: ")
    assert told in text


@given(st.permutations(range(8)), st.integers(0, 8))
def test_a_stream_goes_on_before_the_first_message_that_is_not_settled(order, settled):
    offsets = Offsets("first")
    assert offsets.arguments() == {"x-stream-offset": "first"}
    for offset in range(8):
        offsets.received(100 + offset)
    for offset in order[:settled]:
        offsets.settled(100 + offset)
    done = set(order[:settled])
    first_open = next((offset for offset in range(8) if offset not in done), 8)
    told = offsets.arguments()["x-stream-offset"]
    assert told == (100 + first_open if settled else "first")


def test_what_settles_after_the_connection_broke_skips_nothing():
    offsets = Offsets("first")
    for offset in range(5):
        offsets.received(offset)
    offsets.settled(0)
    assert offsets.arguments() == {"x-stream-offset": 1}
    offsets.settled(1)
    assert offsets.arguments()["x-stream-offset"] <= 2
