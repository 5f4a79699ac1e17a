import pytest

from esb.eip.dynamic_router import DynamicRouterSpec
from esb.eip.routing_slip import RoutingSlipSpec
from esb.errors import ConfigError
from esb.javanames import IllegalArgumentException

from .support import Bench, do, header


def slip(**options):
    return Bench(RoutingSlipSpec(expression=header("slip"), **options))


def bodies(bench, uri):
    return [received.body for received in bench.context.endpoint(uri).received]


def adds(letter):
    return lambda exchange: setattr(exchange, "body", exchange.body + letter)


def test_each_endpoint_gets_what_the_one_before_made():
    bench = slip()
    bench.context.endpoint("mock:a").answer(adds("A"))
    outer = bench.send("x", slip="mock:a, mock:b,mock:a")
    assert (outer.body, bodies(bench, "mock:b")) == ("xAA", ["xA"])
    assert outer.properties["CamelSlipEndpoint"] == bench.context.endpoint("mock:a").uri
    assert not [name for name in outer.properties if name.startswith("esb.") or name == "CamelSlipProducer"]


def test_the_slip_is_read_once():
    bench = slip()
    bench.context.endpoint("mock:a").answer(lambda e: e.headers.update(slip="mock:other"))
    bench.send("x", slip="mock:a,mock:end")
    assert bodies(bench, "mock:end") == ["x"]


@pytest.mark.parametrize("nothing", [None, "", []])
def test_an_empty_slip_passes_the_message_on(nothing):
    assert slip().send("x", slip=nothing).error is None


def test_a_failure_or_a_stop_ends_the_slip():
    def down(exchange):
        raise ConnectionError("down")

    for answer in (down, lambda e: setattr(e, "halted", True)):
        bench = slip()
        bench.context.endpoint("mock:bad").answer(answer)
        bench.send("x", slip="mock:bad,mock:b")
        assert bodies(bench, "mock:b") == []


def test_a_gap_or_an_unknown_endpoint_fails_when_its_turn_comes():
    bench = slip()
    assert isinstance(bench.send("x", slip="mock:a,,mock:b").error, IllegalArgumentException)
    assert isinstance(bench.send("y", slip="mock:a,nosuch:x,mock:b").error, ConfigError)
    assert (bodies(bench, "mock:a"), bodies(bench, "mock:b")) == (["x", "y"], [])


def test_unknown_endpoints_can_be_skipped_and_another_delimiter_used():
    bench = slip(ignore_invalid_endpoints=True, uri_delimiter="#")
    bench.send("x", slip="nosuch:x#mock:b")
    assert bodies(bench, "mock:b") == ["x"]


def test_a_scheme_from_the_message_must_be_allowed():
    assert isinstance(slip().send("x", slip="file:/etc").error, ConfigError)


def test_the_router_asks_again_after_each_visit_until_there_is_nothing():
    bench = Bench(DynamicRouterSpec(expression=header("next")), do(lambda e: after.append(e.body)))
    after = []
    bench.context.endpoint("mock:a").answer(lambda e: (adds("A")(e), e.headers.update(next="mock:b,mock:c")))
    bench.context.endpoint("mock:c").answer(lambda e: (adds("C")(e), e.headers.update(next="")))
    bench.send("x", next="mock:a")
    assert after == ["xAC"]
    assert bodies(bench, "mock:b") == ["xA"]


def test_the_router_ends_at_a_stop():
    bench = Bench(DynamicRouterSpec(expression=header("next")))
    bench.context.endpoint("mock:a").answer(lambda e: setattr(e, "halted", True))
    bench.send("x", next="mock:a")
    assert bodies(bench, "mock:a") == ["x"]
