import io
import threading

import pytest

from esb.errors import OptionError
from esb.exchange import Exchange


def test_what_a_mock_received_is_as_it_was_then(drive):
    exchange = Exchange({"a": [1]}, {"h": 1})
    exchange.properties["p"] = 1
    exchange.variables["v"] = 1
    mock = drive.endpoint("mock:m")
    drive.send("mock:m", exchange)
    exchange.body["a"].append(2)
    exchange.headers["h"] = exchange.properties["p"] = exchange.variables["v"] = 2
    (got,) = mock.received
    assert (got.body, got.headers, got.properties, got.variables) == ({"a": [1]}, {"h": 1}, {"p": 1}, {"v": 1})
    assert got.exchange_id == exchange.id


def test_a_stream_can_be_read_by_the_test_and_by_the_route(drive):
    exchange = drive.send("mock:m", Exchange(io.BytesIO(b"abc")))
    assert drive.endpoint("mock:m").received[0].body == exchange.body == b"abc"


def test_endpoints_of_one_name_share_what_they_received_whatever_their_options(drive, context):
    drive.send("mock:m?retainLast=1", Exchange(1))
    drive.send("mock:m", Exchange(2))
    drive.send("mock://m", Exchange(3))
    assert [got.body for got in context.component("mock").endpoints["mock:m"].received] == [1, 2, 3]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ("", [1, 2, 3, 4]),
        ("retainFirst=2", [1, 2]),
        ("retainLast=2", [3, 4]),
        ("retainFirst=1&retainLast=1", [1, 4]),
        ("retainFirst=0", []),
    ],
)
def test_all_are_counted_and_some_kept(drive, options, kept):
    producer = drive.producer(f"mock:m?{options}")
    for number in range(1, 5):
        producer.send(Exchange(number))
    mock = drive.endpoint("mock:m")
    assert (mock.count, [got.body for got in mock.received]) == (4, kept)


def test_listeners_get_every_message(drive, context):
    heard = []
    context.component("mock").listeners.append(lambda endpoint, received: heard.append((endpoint.name, received.body)))
    drive.send("mock:m?retainFirst=0", Exchange(1))
    assert heard == [("m", 1)]


def test_an_answer_plays_the_partner(drive):
    mock = drive.endpoint("mock:m")
    mock.answer(lambda exchange: setattr(exchange, "body", "answered"))
    assert drive.send("mock:m", Exchange("x")).body == "answered"
    assert mock.received[0].body == "x"


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"count": 3}, "received 2 messages, expected 3"),
        ({"count": 1}, "received 2 messages, expected 1"),
        ({"at_least": 3}, "expected at least 3"),
        ({"bodies": ["a", "c"]}, "received 'b' as message 2, expected 'c'"),
        ({"bodies": ["a"]}, "received 2 messages, expected 1"),
        ({"bodies_in_any_order": ["b", "c"]}, "did not receive 'c'"),
        ({"headers": {"n": 1}}, "received 2 in header n of message 2, expected 1"),
    ],
)
def test_an_assertion_says_what_differs(drive, expected, message):
    mock = drive.endpoint("mock:m")
    mock.expect(**expected)
    drive.send("mock:m", Exchange("a", {"n": 1}))
    drive.send("mock:m", Exchange("b", {"n": 2}))
    with pytest.raises(AssertionError, match=message):
        mock.assert_satisfied(0.0)


@pytest.mark.parametrize(
    "expected",
    [
        {"count": 2},
        {"at_least": 1},
        {"bodies": ["a", "b"]},
        {"bodies_in_any_order": ["b", "a"]},
        {"headers": {"N": 1}},
        {},
    ],
)
def test_an_assertion_that_holds_is_silent(drive, expected):
    mock = drive.endpoint("mock:m")
    mock.expect(**expected)
    drive.send("mock:m", Exchange("a", {"n": 1}))
    drive.send("mock:m", Exchange("b", {"n": 1}))
    mock.assert_satisfied(0.0)


def test_an_assertion_waits_for_what_is_still_to_come(drive):
    mock = drive.endpoint("mock:m?expectedCount=1")
    sender = threading.Timer(0.01, lambda: drive.send("mock:m", Exchange()))
    sender.start()
    mock.assert_satisfied(5.0)
    sender.join()


def test_one_message_too_many_ends_the_waiting(drive):
    mock = drive.endpoint("mock:m?expectedCount=0")
    drive.send("mock:m", Exchange())
    with pytest.raises(AssertionError, match="received 1 messages, expected 0"):
        mock.assert_satisfied(60.0)


def test_a_period_of_assertion_catches_late_messages(drive):
    mock = drive.endpoint("mock:m?expectedCount=1&assertPeriod=5s")
    drive.send("mock:m", Exchange())
    sender = threading.Timer(0.01, lambda: drive.send("mock:m", Exchange()))
    sender.start()
    with pytest.raises(AssertionError, match="received 2 messages, expected 1"):
        mock.assert_satisfied()
    sender.join()


def test_a_reset_forgets(drive):
    mock = drive.endpoint("mock:m")
    mock.expect(count=5)
    drive.send("mock:m", Exchange())
    mock.reset()
    assert (mock.count, mock.received) == (0, [])
    mock.assert_satisfied(0.0)


def test_nothing_can_be_consumed_from_a_mock(drive):
    with pytest.raises(OptionError, match="mock: cannot be consumed from"):
        drive.consumer("mock:m", lambda exchange: None)
