import pytest

from esb.errors import ReferenceFault
from esb.exchange import Exchange
from esb.javanames import ResolveEndpointFailedException


def made(to):
    return Exchange("x", {} if to is None else {"to": to})


def test_the_uri_is_evaluated_and_blanks_around_it_do_not_count(bus):
    bus.route('[{toD: "${header.to}"}, {to: mock:after}]')
    bus.context.send("direct:start", made(" mock:dyn "))
    assert (bus.got("dyn"), bus.got("after")) == (["x"], ["x"])
    assert bus.received("dyn")[0].properties["CamelToEndpoint"] == "mock://dyn"


def test_a_uri_of_nothing_sends_nowhere(bus):
    bus.route('[{toD: "${header.to}"}, {to: mock:after}]')
    assert bus.context.send("direct:start", made(None)).error is None
    assert bus.got("after") == ["x"]


@pytest.mark.parametrize("to", ["", "nocolon", "mock:"])
def test_what_is_no_uri_fails_the_message(bus, to):
    bus.route('[{toD: "${header.to}"}, {to: mock:after}]')
    assert isinstance(bus.context.send("direct:start", made(to)).error, ResolveEndpointFailedException)


@pytest.mark.parametrize("to", ["", "nocolon", "nosuch:y"])
def test_an_invalid_endpoint_may_be_ignored(bus, to):
    bus.route('[{toD: {uri: "${header.to}", ignoreInvalidEndpoint: true}}, {to: mock:after}]')
    assert bus.context.send("direct:start", made(to)).error is None
    assert bus.got("after") == ["x"]


def test_a_message_may_not_choose_a_scheme_that_the_project_does_not_allow(bus):
    bus.route('- toD: "${header.to}"')
    assert isinstance(bus.context.send("direct:start", made("held:x")).error, ReferenceFault)


def test_the_scheme_written_in_the_route_is_allowed(bus):
    bus.route('- toD: "held:${header.to}"')
    assert bus.context.send("direct:start", made("q")).body == "x+sent"


def test_data_is_not_evaluated_again(bus):
    bus.route('- toD: "mock:${header.to}"')
    bus.context.send("direct:start", made("${body}"))
    assert bus.got("x") == []


def test_variables_pattern_and_parameters_as_in_to(bus):
    steps = """
        - setVariable: {name: q, constant: Q}
        - toD: {uri: "direct:${header.to}", parameters: {timeout: 300, block: false}, variableSend: q, variableReceive: r, pattern: InOnly}
    """
    bus.route(steps, '- from: {uri: direct:ok, steps: [{setBody: {simple: "ok(${body})"}}]}\n')
    sent = bus.context.send("direct:start", made("ok"))
    assert (sent.body, sent.variables["r"], sent.pattern) == ("x", "ok(Q)", "InOnly")


def test_parts_in_several_languages_are_joined(bus):
    bus.route('- toD: "mock:${body}-+language:header:to"')
    bus.context.send("direct:start", made("b"))
    assert bus.got("x-b") == ["x"]


def test_a_uri_that_is_no_simple_expression_is_refused(refused):
    assert "nope" in refused('- toD: "mock:${nope}"')


def test_an_empty_uri_is_refused(refused):
    assert "'toD' needs a URI" in refused('- toD: ""')
