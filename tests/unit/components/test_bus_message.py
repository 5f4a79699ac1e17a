import datetime as dt
import io
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.broker.contract import Delivery
from esb.broker.headers import CARRIED
from esb.components.bus import message as messages
from esb.components.bus.message import incoming, outgoing, sent
from esb.errors import ConversionFailed
from esb.exchange import Exchange


def delivered(**parts):
    given = {
        "id": "m1",
        "body": b"x",
        "headers": {},
        "content_type": None,
        "queue": "q",
        "attempts": 1,
        "redelivered": False,
        "tag": 1,
    }
    return Delivery(**{**given, **parts})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"bytes", (b"bytes", None)),
        ("text ü", ("text ü".encode(), None)),
        ({"a": Decimal("1.50"), "b": [1, None]}, (b'{"a":"1.50","b":[1,null]}', "application/json")),
        ([1, "a"], (b'[1,"a"]', "application/json")),
        (bytearray(b"b"), (b"b", None)),
        (io.BytesIO(b"stream"), (b"stream", None)),
    ],
)
def test_a_body_travels_as_bytes(body, expected):
    made = outgoing(Exchange(body), "q")
    assert (made.body, made.content_type) == expected


def test_an_element_travels_as_xml():
    from esb.xml import parse

    assert outgoing(Exchange(parse("<a>1</a>")), "q").body == b"<a>1</a>"


@pytest.mark.parametrize("body", [None, 5, 1.5, True, object(), {"a": object()}])
def test_a_body_that_is_not_marshalled_is_refused(body):
    with pytest.raises(ConversionFailed, match="marshal"):
        outgoing(Exchange(body), "q")


def test_headers_that_are_plain_travel_and_control_headers_do_not():
    day, number = dt.date(2026, 1, 2), uuid.UUID(int=5)
    headers = {"a": 1, "b": "t", "c": None, "d": True, "e": 1.5, "f": Decimal(1), "day": day, "number": number}
    made = outgoing(
        Exchange("x", {**headers, "CamelFileName": "f", "camelother": 1, "esb-error": "e", "esb.x": 1}), "q"
    )
    assert made.headers == {**headers, "day": "2026-01-02", "number": str(number)}


def test_a_header_that_cannot_travel_is_left_out_and_said_once(caplog):
    messages._warned.discard("tags")
    for _ in range(2):
        assert outgoing(Exchange("x", {"tags": ["a"], "b": 1}), "q").headers == {"b": 1}
    assert caplog.text.count("header tags is a list") == 1


def test_what_a_broker_carries_is_what_is_sent():
    assert set(messages._CARRIED) == set(CARRIED)


def test_the_content_type_travels_apart_from_the_headers():
    made = outgoing(Exchange("<a/>", {"content-type": "text/xml"}), "q")
    assert (made.content_type, made.headers) == ("text/xml", {})
    back = incoming(delivered(content_type="text/xml"), "InOnly")
    assert back.headers == {"Content-Type": "text/xml"}


def test_what_the_bus_writes_as_json_is_called_json_whatever_the_header_says():
    assert outgoing(Exchange({}, {"Content-Type": "text/xml"}), "q").content_type == "application/json"


def test_the_id_of_a_message_is_that_of_its_exchange_on_every_hop():
    exchange = Exchange("x")
    first = outgoing(exchange, "a")
    assert first.id == exchange.id
    second = incoming(delivered(id=first.id), "InOnly")
    assert outgoing(second, "b").id == first.id


def test_a_second_message_to_the_same_channel_has_an_id_of_its_own():
    exchange = Exchange("x")
    ids = []
    for channel in ("a", "b", "a", "a"):
        ids.append(outgoing(exchange, channel).id)
        sent(exchange, channel)
    assert ids == [exchange.id, exchange.id, f"{exchange.id}.2", f"{exchange.id}.3"]


def test_a_send_that_failed_is_tried_again_with_the_same_id():
    exchange = Exchange("x")
    assert outgoing(exchange, "a").id == outgoing(exchange, "a").id


def test_parts_have_ids_of_their_own():
    exchange = Exchange("x")
    sent(exchange, "a")
    part = exchange.derive()
    assert outgoing(part, "a").id == part.id != exchange.id


def test_no_control_header_comes_in():
    exchange = incoming(delivered(headers={"CamelFileName": "../x", "CAMELHTTPURI": "x", "ok": 1}), "InOnly")
    assert exchange.headers == {"ok": 1}


def test_the_history_of_a_dead_letter_comes_as_a_property():
    exchange = incoming(delivered(headers={"esb-error": "bad", "esb-origin-queue": "orders", "ok": 1}), "InOnly")
    assert exchange.headers == {"ok": 1}
    assert exchange.properties[messages.DEAD_LETTER] == {"esb-error": "bad", "esb-origin-queue": "orders"}


def test_a_redelivery_says_so():
    assert incoming(delivered(attempts=3), "InOnly").headers == {"CamelRedelivered": True, "CamelRedeliveryCounter": 2}
    assert incoming(delivered(redelivered=True), "InOnly").headers == {}


def test_the_time_of_publishing_comes_as_milliseconds():
    assert incoming(delivered(published_at=1.5), "InOnly").headers == {"CamelMessageTimestamp": 1500}


plain = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.decimals(allow_nan=False))
names = st.text(min_size=1).filter(lambda name: not name.lower().startswith(("camel", "org.", "esb", "content")))


@given(st.binary(), st.dictionaries(names, plain, max_size=5).filter(lambda d: len({n.lower() for n in d}) == len(d)))
def test_body_and_headers_come_as_they_went(body, headers):
    made = outgoing(Exchange(body, headers), "q")
    back = incoming(delivered(id=made.id, body=made.body, headers=dict(made.headers)), "InOnly")
    assert (back.body, back.headers, back.id) == (body, headers, made.id)
