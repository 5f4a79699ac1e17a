import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.compiler.patterns import matcher, uri_matcher
from esb.errors import NOWHERE, OptionError


@pytest.mark.parametrize(
    "pattern", ["direct:orders", "direct://orders", "DIRECT:Orders", "direct:*", "direct:(orders|bills)", "dir.*s", "*"]
)
def test_a_uri_fits_by_name_by_beginning_or_as_a_whole_regular_expression(pattern):
    assert uri_matcher(pattern, NOWHERE)("direct://orders")


@pytest.mark.parametrize("pattern", ["orders", "direct:order", "direct:orders?x=1", "^orders$", "seda:*"])
def test_a_uri_does_not_fit_by_a_part_of_it(pattern):
    assert not uri_matcher(pattern, NOWHERE)("direct://orders")


def test_options_in_a_pattern_fit_in_any_order():
    assert uri_matcher("mock:a?b=2&a=1", NOWHERE)("mock://a?a=1&b=2")


@given(st.text(max_size=30))
def test_every_name_fits_itself(name):
    try:
        fits = matcher(name, NOWHERE)
    except OptionError:
        return
    assert fits(name)


def test_a_pattern_that_cannot_be_read_is_refused(refused):
    told = refused("""
    - interceptFrom: {uri: "direct:(a", steps: [{log: x}]}
    - from: {uri: direct:a, steps: [{log: x}]}
    """)
    assert "test.yaml:2:" in told
    assert "'direct:(a' is not a pattern" in told


def test_an_interceptor_without_steps_is_refused(refused):
    told = refused("""
    - interceptSendToEndpoint: mock:a
    - from: {uri: direct:a, steps: [{to: mock:a}]}
    """)
    assert "interceptSendToEndpoint has no steps" in told


def test_clauses_stand_before_the_routes(refused):
    told = refused("""
    - from: {uri: direct:a, steps: [{log: x}]}
    - intercept: {steps: [{log: x}]}
    """)
    assert "intercept stands before the routes" in told


def test_clauses_stand_among_the_outermost_steps(refused):
    told = refused("""
    - from: {uri: direct:a, steps: [{filter: {constant: "true", steps: [{onCompletion: {steps: [{log: x}]}}, {log: x}]}}]}
    """)
    assert "onCompletion stands inside a block" in told


def test_routes_without_interceptors_have_nothing_around_their_steps(bus):
    bus.load("- from: {uri: direct:a, steps: [{setBody: {constant: x}}]}\n")
    route = bus.context.routes["route1"]
    assert (len(route.program.steps), route.completions, bus.context.around_producer) == (1, (), None)


def test_an_intercepted_send_to_a_durable_channel_is_still_pipelined(bus, memory_broker):
    bus.load("""
    - interceptSendToEndpoint: {uri: "bus:*", steps: [{setHeader: {name: seen, constant: "yes"}}]}
    - from: {uri: direct:a, steps: [{to: bus:out}]}
    - from: {uri: bus:out, steps: [{setBody: {simple: "${header.seen}"}}, {to: mock:out}]}
    """)
    route = bus.context.routes["route1"]
    assert "send_without_waiting" in route.program.steps[0].__qualname__
    bus.send("x")
    assert bus.awaited("out") == ["yes"]


def test_a_skipped_send_to_a_durable_channel_settles_the_message(bus):
    bus.load("""
    - interceptSendToEndpoint: {uri: "bus:out", skipSendToOriginalEndpoint: true, steps: [{to: mock:instead}]}
    - from: {uri: bus:in, steps: [{to: bus:out}]}
    - from: {uri: direct:a, steps: [{to: bus:in}]}
    """)
    bus.send("x")
    assert bus.awaited("instead") == [b"x"]


def test_what_is_sent_from_outside_is_intercepted_too(bus):
    bus.load("""
    - interceptSendToEndpoint: {uri: "direct:a", steps: [{setBody: {simple: "${body}+"}}]}
    - from: {uri: direct:a, steps: [{to: mock:a}]}
    """)
    bus.send("x")
    assert bus.got("a") == ["x+"]


def test_a_step_that_failed_is_tried_again_with_its_interceptor(bus):
    bus.load("""
    - onException: {exception: [java.io.IOException], redeliveryPolicy: {maximumRedeliveries: 2, redeliveryDelay: "0"}}
    - intercept: {steps: [{to: mock:seen}]}
    - from: {uri: direct:a, steps: [{throwException: {exceptionType: java.io.IOException, message: down}}]}
    """)
    assert bus.send("x").error is not None
    assert len(bus.got("seen")) == 3
