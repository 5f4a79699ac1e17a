import threading
import time

import pytest

from esb.errors import ConversionFailed
from esb.javanames import RejectedExecutionException


@pytest.mark.parametrize("milliseconds", [0, None, -5])
def test_nothing_zero_and_less_do_not_wait(bus, milliseconds):
    assert bus.route("- delay: {header: ms}").send("x", ms=milliseconds).error is None


def test_the_message_is_held_for_the_time(bus):
    bus.route("- delay: {header: ms, asyncDelayed: false}")
    began = time.monotonic()
    bus.send("x", ms="60")
    assert time.monotonic() - began >= 0.06


def test_what_is_no_number_fails(bus):
    assert isinstance(bus.route("- delay: {header: ms}").send("x", ms="abc").error, ConversionFailed)


def test_a_stop_of_the_route_ends_the_wait_and_fails_the_message(bus):
    bus.route("[{to: mock:before}, {delay: {constant: 60000}}, {to: mock:after}]")
    sent = []
    thread = threading.Thread(target=lambda: sent.append(bus.send("x")))
    thread.start()
    assert bus.context.endpoint("mock:before").wait(1)
    bus.context.routes["start"].stop(0.0)
    thread.join(5)
    assert isinstance(sent[0].error, RejectedExecutionException)
    assert bus.got("after") == []


def test_a_delay_of_nothing_is_left_out(bus):
    assert bus.route("- delay: {}").send("x").error is None
