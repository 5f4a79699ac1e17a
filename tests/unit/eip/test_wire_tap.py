import logging
import threading

import pytest

from esb.eip.wire_tap import WireTapSpec
from esb.errors import OptionError
from esb.exchange import IN_OUT, Exchange
from esb.testing.process import until

from .support import Bench, do


def tapped(bench, uri="mock:tap", count=1):
    endpoint = bench.context.endpoint(uri)
    assert endpoint.wait(count)
    return endpoint.received


def test_the_tap_gets_a_copy_of_the_message():
    bench = Bench(WireTapSpec(uri="mock:tap"), do(lambda e: setattr(e, "body", "changed")))
    outer = bench.send("x", h=1)
    [copy] = tapped(bench)
    assert (copy.body, dict(copy.headers), outer.body) == ("x", {"h": 1}, "changed")
    bench.stop()


def test_without_copy_the_tap_gets_an_empty_message():
    bench = Bench(WireTapSpec(uri="mock:tap", copy=False))
    bench.send("x", h=1)
    [copy] = tapped(bench)
    assert (copy.body, dict(copy.headers)) == (None, {})
    bench.stop()


def test_the_caller_neither_waits_for_the_tap_nor_fails_with_it(caplog):
    release = threading.Event()

    def slow_and_bad(exchange):
        release.wait(5)
        raise ConnectionError("down")

    bench = Bench(WireTapSpec(uri="mock:tap"))
    bench.context.endpoint("mock:tap").answer(slow_and_bad)
    outer = bench.send("x")
    assert outer.error is None
    assert bench.settled.is_set()
    with caplog.at_level(logging.WARNING, "esb.route"):
        release.set()
        bench.stop()
    assert "the tap to" in caplog.text


def test_the_pattern_of_a_tap_is_in_only():
    patterns = []
    bench = Bench(WireTapSpec(uri="mock:tap"))
    bench.context.endpoint("mock:tap").answer(lambda exchange: patterns.append(exchange.pattern))
    bench.run(Exchange("x", pattern=IN_OUT))
    tapped(bench)
    assert until(lambda: patterns) == ["InOnly"]
    bench.stop()


def test_the_uri_is_an_expression_unless_it_is_said_to_be_none():
    bench = Bench(WireTapSpec(uri="mock:${header.where}"), WireTapSpec(uri="mock:fixed", dynamic_uri=False))
    bench.send("x", where="left")
    assert len(tapped(bench, "mock:left")) == len(tapped(bench, "mock:fixed")) == 1
    bench.stop()


@pytest.mark.parametrize(("ignored", "logged"), [(False, True), (True, False)])
def test_an_invalid_dynamic_endpoint_does_not_concern_the_message(ignored, logged, caplog):
    bench = Bench(WireTapSpec(uri="${header.where}", ignore_invalid_endpoint=ignored))
    assert bench.send("x", where="nosuch:x").error is None
    bench.stop()
    assert ("failed" in caplog.text) is logged


def test_on_prepare_and_variable_send_change_the_copy_only():
    bench = Bench(
        WireTapSpec(uri="mock:tap", variable_send="note", on_prepare="shout"),
        beans={"shout": lambda exchange: setattr(exchange, "body", exchange.body + "!")},
    )
    outer = Exchange("x")
    outer.variables["note"] = "hear"
    bench.run(outer)
    assert (tapped(bench)[0].body, outer.body) == ("hear!", "x")
    bench.stop()


def test_a_stop_waits_for_taps_under_way():
    release = threading.Event()
    bench = Bench(WireTapSpec(uri="mock:tap"))
    bench.context.endpoint("mock:tap").answer(lambda _: release.wait(5))
    bench.send("x")
    stopping = threading.Thread(target=bench.stop)
    stopping.start()
    assert stopping.is_alive()
    release.set()
    stopping.join(5)
    assert not stopping.is_alive()


def test_a_tap_needs_a_uri():
    with pytest.raises(OptionError):
        Bench(WireTapSpec(uri=" "))
