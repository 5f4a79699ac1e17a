import pytest

from esb.eip._recipients import uris, written_schemes
from esb.eip.recipient_list import RecipientListSpec
from esb.errors import ConfigError
from esb.javanames import IllegalArgumentException

from .support import Asked, Bench, header

GROUPED = "#class:org.apache.camel.processor.aggregate.GroupedBodyAggregationStrategy"


def bench(**options):
    options.setdefault("expression", header("to"))
    return Bench(RecipientListSpec(**options))


def bodies(bench, uri):
    return [received.body for received in bench.context.endpoint(uri).received]


def test_every_endpoint_of_a_text_gets_a_copy():
    one = bench()
    assert one.send("x", to="mock:a, mock:b").error is None
    assert (bodies(one, "mock:a"), bodies(one, "mock:b")) == (["x"], ["x"])


def test_a_list_and_another_delimiter_work_too():
    listed, cut = bench(), bench(delimiter=";")
    listed.send("x", to=["mock:a", " mock:b "])
    cut.send("y", to="mock:a;mock:b")
    assert (bodies(listed, "mock:b"), bodies(cut, "mock:b")) == (["x"], ["y"])


@pytest.mark.parametrize("nothing", [None, "", []])
def test_nobody_named_is_nobody_served(nothing):
    assert bench().send("x", to=nothing).error is None


def test_a_gap_in_the_list_is_an_error():
    assert isinstance(bench().send("x", to="mock:a,,mock:b").error, IllegalArgumentException)


def test_with_an_unknown_endpoint_none_is_served():
    one = bench()
    assert isinstance(one.send("x", to="mock:a,nosuch:thing").error, ConfigError)
    assert bodies(one, "mock:a") == []


def test_unknown_endpoints_can_be_skipped():
    one = bench(ignore_invalid_endpoints=True)
    assert one.send("x", to="mock:a,nosuch:thing,mock:b").error is None
    assert bodies(one, "mock:b") == ["x"]


def test_a_scheme_from_the_message_must_be_allowed():
    assert isinstance(bench().send("x", to="file:/tmp/x").error, ConfigError)


def test_schemes_written_in_the_route_are_known():
    assert written_schemes("file:x/${header.http://y}?a=b, http://h") == ("file", "http")
    assert written_schemes(Asked(ask=None)) == ()


def test_copies_know_their_endpoint_and_the_outer_message_keeps_no_producer():
    one = bench()
    outer = one.send("x", to="mock:a,mock:b")
    first = one.context.endpoint("mock:a").received[0]
    assert first.properties["CamelRecipientListEndpoint"] == one.context.endpoint("mock:a").uri
    assert first.properties["CamelToEndpoint"] == one.context.endpoint("mock:a").uri
    assert not [name for name in outer.properties if name.startswith("esb.")]


def test_the_last_reply_goes_on_and_a_strategy_gathers_all():
    last, grouped = bench(), bench(aggregation_strategy=GROUPED)
    for one in (last, grouped):
        one.context.endpoint("mock:a").answer(lambda exchange: setattr(exchange, "body", "A"))
        one.context.endpoint("mock:b").answer(lambda exchange: setattr(exchange, "body", "B"))
    assert last.send("x", to="mock:a,mock:b").body == "B"
    assert grouped.send("x", to="mock:a,mock:b").body == ["A", "B"]


def test_a_failing_endpoint_lets_the_others_be_served():
    def down(exchange):
        raise ConnectionError("down")

    one = bench()
    one.context.endpoint("mock:bad").answer(down)
    assert isinstance(one.send("x", to="mock:bad,mock:b").error, ConnectionError)
    assert bodies(one, "mock:b") == ["x"]


def test_the_pattern_of_a_uri_holds_for_its_copy():
    seen = []
    one = bench()
    one.context.endpoint("mock:a?exchangePattern=InOut").answer(lambda exchange: seen.append(exchange.pattern))
    one.send("x", to="mock:a?exchangePattern=InOut")
    assert seen == ["InOut"]


def test_uris_of_one_text_are_not_cut_with_false():
    assert list(uris("mock:a,b", "false")) == ["mock:a,b"]
