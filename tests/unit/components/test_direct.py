import threading

import pytest

from esb.errors import ConfigError, NoConsumer
from esb.exchange import Exchange


def test_a_send_runs_the_route_on_the_same_exchange_in_the_same_thread(drive):
    seen = []
    drive.consumer("direct:a", lambda exchange: seen.append((exchange, threading.current_thread())))
    sent = drive.send("direct:a", Exchange("x"))
    assert seen == [(sent, threading.current_thread())]


def test_what_the_route_does_not_handle_is_raised_to_the_sender(drive):
    def fail(exchange):
        raise ValueError("bad")

    drive.consumer("direct:a", fail)
    with pytest.raises(ValueError, match="bad"):
        drive.send("direct:a", Exchange("x"))


def test_the_unit_of_the_sender_is_left_to_the_sender(drive, with_unit):
    drive.consumer("direct:a", lambda exchange: None)
    exchange, settled = with_unit("x")
    drive.send("direct:a", exchange)
    assert not settled.is_set()


def test_a_second_consumer_of_a_name_is_refused(drive):
    drive.consumer("direct:a", lambda exchange: None)
    with pytest.raises(ConfigError, match="direct:a has two consumers"):
        drive.consumer("direct:a", lambda exchange: None)


def test_without_a_consumer_a_send_fails_after_the_timeout(drive):
    with pytest.raises(NoConsumer, match="direct:nobody"):
        drive.send("direct:nobody?timeout=1", Exchange())


def test_a_sender_that_does_not_block_fails_at_once(drive):
    with pytest.raises(NoConsumer, match="waited 0 s"):
        drive.send("direct:nobody?block=false", Exchange())


def test_a_send_may_go_into_the_void_if_the_route_says_so(drive):
    assert drive.send("direct:nobody?failIfNoConsumers=false", Exchange("x")).body == "x"


def test_a_sender_waits_for_a_consumer_that_comes_late(drive):
    sent = threading.Event()

    def send():
        drive.send("direct:late?timeout=10s", Exchange())
        sent.set()

    sender = threading.Thread(target=send)
    sender.start()
    drive.consumer("direct:late", lambda exchange: None)
    sender.join(5.0)
    assert sent.is_set()


def test_a_suspended_route_is_no_consumer(drive):
    consumer = drive.consumer("direct:a", lambda exchange: None)
    consumer.suspend()
    with pytest.raises(NoConsumer):
        drive.send("direct:a?block=false", Exchange())
    consumer.resume()
    drive.send("direct:a?block=false", Exchange())


def test_a_stopped_consumer_makes_room_for_another(drive):
    drive.consumer("direct:a", lambda exchange: None).stop()
    drive.consumer("direct:a", lambda exchange: None)
