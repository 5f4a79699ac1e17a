import pytest

from esb.errors import ConnectionLost
from esb.exchange import IN_ONLY, Exchange
from esb.testing.process import until
from esb.unit import UnitOfWork

INNER = """
    - from:
        uri: direct:inner
        steps: [{to: mock:inner}, {setBody: {simple: "inner(${body})"}}, {setHeader: {name: r, constant: 1}}]
"""


def delivered(bus, body="x"):
    """A message as a consumer brings it: nobody waits for the result. Gives the exchange and the list of outcomes of its unit."""
    outcomes = []
    exchange = Exchange(body)
    exchange.unit = UnitOfWork(lambda unit: outcomes.append(unit.error))
    bus.context.routes["start"].deliver([exchange])
    return exchange, outcomes


def test_a_reply_becomes_the_message_and_the_exchange_knows_where_it_was(bus):
    sent = bus.route("- to: direct:inner", INNER).send("x")
    assert (sent.body, sent.headers["r"]) == ("inner(x)", "1")
    assert bus.received("inner")[0].properties["CamelToEndpoint"] == "mock://inner"


def test_parameters_are_options_of_the_endpoint(bus):
    bus.route("- to: {uri: direct:nobody, parameters: {block: false}}")
    assert "nobody" in str(bus.send("x").error)


def test_a_variable_may_be_sent_and_the_reply_received_in_another(bus):
    steps = """
        - setVariable: {name: a, constant: A}
        - to: {uri: direct:inner, variableSend: a, variableReceive: b}
    """
    sent = bus.route(steps, INNER).send("x", h=1)
    assert (sent.body, dict(sent.headers)) == ("x", {"h": 1})
    assert (sent.variables["b"], sent.variables["header:b.r"]) == ("inner(A)", "1")


def test_a_reply_that_ended_the_route_stays_the_message(bus):
    bus.route(
        "- to: {uri: direct:stopper, variableReceive: b}",
        "- from: {uri: direct:stopper, steps: [{setBody: {constant: stopped}}, {stop: {}}]}\n",
    )
    sent = bus.send("x")
    assert (sent.body, sent.variables) == ("stopped", {})


@pytest.mark.parametrize(
    "to",
    [
        "{uri: direct:ask, pattern: InOnly}",
        '{uri: "direct:ask?exchangePattern=InOnly", pattern: InOut}',
        '"direct:ask?exchangePattern=InOnly"',
    ],
)
def test_a_pattern_holds_for_one_call_and_the_endpoints_own_beats_the_steps(bus, to):
    seen = []
    bus.bind("see", lambda exchange: seen.append(exchange.pattern))
    bus.route(f"[{{to: {to}}}, {{process: see}}]", "- from: {uri: direct:ask, steps: [{process: see}]}\n")
    bus.send("x")
    assert seen == [IN_ONLY, "InOut"]


def test_the_last_send_of_a_delivery_does_not_wait_and_its_confirm_settles_the_unit(bus):
    exchange, outcomes = delivered(bus.route("- to: held:queue"))
    assert (exchange.body, outcomes) == ("x", [])
    bus.held.pop()(None)
    assert outcomes == [None]


@pytest.mark.parametrize(
    "steps",
    [
        "- to: held:queue\n- setHeader: {name: after, constant: 1}",
        '- filter: {constant: "true", steps: [{to: held:queue}]}\n- setHeader: {name: after, constant: 1}',
        "- doTry: {steps: [{to: held:queue}], doCatch: [{exception: [java.lang.Exception], steps: [{stop: {}}]}]}",
        "- to: {uri: held:queue, variableReceive: v}",
        '- loop: {constant: "1", steps: [{to: held:queue}]}',
    ],
)
def test_a_send_that_something_follows_waits(bus, steps):
    exchange, outcomes = delivered(bus.route(steps))
    assert exchange.variables.get("v", exchange.body) == "x+sent"
    assert (bus.held, outcomes) == ([], [None])


@pytest.mark.parametrize(
    "steps",
    [
        '- filter: {constant: "true", steps: [{to: held:queue}]}',
        '- choice: {when: [{constant: "true", steps: [{to: held:queue}]}]}',
        '- choice: {when: [{constant: "false", steps: []}], otherwise: {steps: [{to: held:queue}]}}',
        "- pipeline: {steps: [{to: held:queue}]}",
        "- step: {steps: [{to: held:queue}]}",
        "- to: {uri: held:queue, pattern: InOnly}",
    ],
)
def test_blocks_that_stand_last_pass_it_on(bus, steps):
    _, outcomes = delivered(bus.route(steps))
    assert (len(bus.held), outcomes) == (1, [])


def test_a_called_route_waits_only_if_its_caller_does(bus):
    inner = "- from: {uri: direct:inner, steps: [{to: held:queue}]}\n"
    _, outcomes = delivered(bus.route("- to: direct:inner", inner))
    assert (len(bus.held), outcomes) == (1, [])


def test_a_caller_that_needs_the_result_makes_the_called_route_wait(bus):
    inner = "- from: {uri: direct:inner, steps: [{to: held:queue}]}\n"
    delivered(bus.route("[{to: direct:inner}, {to: mock:after}]", inner))
    assert (bus.got("after"), bus.held) == (["x+sent"], [])


def test_a_late_refusal_comes_to_the_error_handler(bus):
    bus.load("""
        - errorHandler: {deadLetterChannel: {deadLetterUri: mock:dead}}
        - route: {id: start, from: {uri: direct:start, steps: [{to: held:queue}]}}
    """)
    exchange, outcomes = delivered(bus)
    bus.held.pop()(ConnectionLost("gone"))
    assert bus.context.endpoint("mock:dead").wait(1)
    assert isinstance(exchange.caught, ConnectionLost)
    until(lambda: outcomes == [None])


def test_a_send_that_fails_at_once_fails_the_step(bus):
    exchange, outcomes = delivered(bus.route("- to: held:queue"), "refused at once")
    assert isinstance(exchange.error, OSError)
    assert outcomes == [exchange.error]


@pytest.mark.parametrize(
    ("step", "said"),
    [("to:", "needs 'uri'"), ('to: ""', "needs a URI"), ("to: nosuch:x", "unknown component 'nosuch'")],
)
def test_what_is_no_endpoint_is_refused(refused, step, said):
    text = refused(f"- {step}")
    assert said in text or "needs a URI" in text
