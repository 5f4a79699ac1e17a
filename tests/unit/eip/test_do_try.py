import pytest

from esb.javanames import IllegalStateException, IOException, RollbackExchangeException

FAIL = "throwException: {exceptionType: java.lang.IllegalStateException, message: first}"
ANY = "exception: [java.lang.Exception]"


def mocks(bus, *names):
    return {name: bus.got(name) for name in names if bus.got(name)}


def test_a_failure_that_is_caught_lets_the_route_go_on_behind_the_block(bus):
    bus.route(f"""
        - doTry:
            steps: [{{to: mock:try}}, {{{FAIL}}}, {{to: mock:never}}]
            doCatch:
              - exception: [java.lang.IllegalStateException]
                steps: [{{setBody: {{simple: "caught ${{exception.message}}"}}}}, {{to: mock:catch}}]
        - to: mock:after
    """)
    sent = bus.send("x")
    assert sent.error is None
    assert mocks(bus, "try", "never", "catch", "after") == {
        "try": ["x"],
        "catch": ["caught first"],
        "after": ["caught first"],
    }


def test_the_failure_is_known_in_the_clause_and_its_place_forgotten_behind_the_block(bus):
    bus.route(f"""
        - doTry: {{steps: [{{to: mock:try}}, {{{FAIL}}}], doCatch: [{{{ANY}, steps: [{{to: mock:catch}}]}}]}}
        - to: mock:after
    """)
    bus.send("x")
    inside, behind = bus.received("catch")[0].properties, bus.received("after")[0].properties
    assert isinstance(inside["CamelExceptionCaught"], IllegalStateException)
    assert (inside["CamelFailureEndpoint"], inside["CamelFailureRouteId"]) == ("mock://try", "start")
    assert isinstance(behind["CamelExceptionCaught"], IllegalStateException)
    assert not {"CamelFailureEndpoint", "CamelFailureRouteId"} & set(behind)


def test_the_first_clause_that_fits_is_taken(bus):
    bus.route("""
        - doTry:
            steps: [{throwException: {exceptionType: java.io.FileNotFoundException, message: gone}}]
            doCatch:
              - {exception: [java.lang.IllegalArgumentException], steps: [{to: mock:argument}]}
              - {exception: [java.util.concurrent.TimeoutException, java.io.IOException], steps: [{to: mock:io}]}
              - {exception: [java.io.FileNotFoundException], steps: [{to: mock:exact}]}
    """)
    bus.send("x")
    assert mocks(bus, "argument", "io", "exact") == {"io": ["x"]}


def test_a_clause_may_ask_for_a_condition(bus):
    bus.route("""
        - doTry:
            steps: [{throwException: {exceptionType: java.io.IOException, message: "${body} broken"}}]
            doCatch:
              - {exception: [java.lang.Exception], onWhen: {simple: "${exception.message} contains 'damn'"}, steps: [{to: mock:special}]}
              - {exception: [java.lang.Exception], steps: [{to: mock:general}]}
    """)
    bus.send("damn")
    bus.send("nice")
    assert mocks(bus, "special", "general") == {"special": ["damn"], "general": ["nice"]}


def test_the_cause_of_a_failure_counts_too(bus):
    def wrapped(exchange):
        try:
            raise OSError("inner")
        except OSError as error:
            raise ValueError("outer") from error

    bus.bind("wrapped", wrapped)
    sent = bus.route(
        "- doTry: {steps: [{process: wrapped}], doCatch: [{exception: [java.io.IOException], steps: []}]}"
    ).send("x")
    assert sent.error is None
    assert isinstance(sent.caught, ValueError)


def test_finally_runs_after_all_and_keeps_the_first_failure(bus):
    bus.route(f"""
        - doTry:
            steps: [{{{FAIL}}}]
            doFinally: {{steps: [{{to: mock:finally}}, {{throwException: {{exceptionType: java.io.IOException, message: last}}}}]}}
    """)
    assert isinstance(bus.send("x").error, IllegalStateException)
    assert bus.got("finally") == ["x"]


def test_a_failure_in_finally_alone_counts(bus):
    bus.route("""
        - doTry: {steps: [{to: mock:try}], doFinally: {steps: [{throwException: {exceptionType: java.io.IOException, message: last}}]}}
    """)
    assert isinstance(bus.send("x").error, IOException)


def test_a_failure_in_a_clause_replaces_the_first_and_finally_still_runs(bus):
    bus.route(f"""
        - doTry:
            steps: [{{{FAIL}}}]
            doCatch: [{{{ANY}, steps: [{{throwException: {{exceptionType: java.io.IOException, message: second}}}}]}}]
            doFinally: {{steps: [{{to: mock:finally}}]}}
        - to: mock:after
    """)
    assert isinstance(bus.send("x").error, IOException)
    assert mocks(bus, "finally", "after") == {"finally": ["x"]}


@pytest.mark.parametrize(
    "steps",
    [
        "[{doTry: {steps: [{stop: {}}], doFinally: {steps: [{to: mock:finally}]}}}, {to: mock:after}]",
        (
            f"[{{doTry: {{steps: [{{{FAIL}}}], doCatch: [{{{ANY}, steps: [{{stop: {{}}}}]}}],"
            f" doFinally: {{steps: [{{to: mock:finally}}]}}}}}}, {{to: mock:after}}]"
        ),
    ],
)
def test_after_a_stop_neither_finally_nor_the_rest_runs(bus, steps):
    assert bus.route(steps).send("x").error is None
    assert mocks(bus, "finally", "after") == {}


HANDLED_INSIDE = """
    - errorHandler: {deadLetterChannel: {deadLetterUri: mock:dead}}
    - route:
        id: start
        from:
          uri: direct:start
          steps:
            - doTry:
                steps: [{to: direct:inner}, {to: mock:behind}]
                doCatch: [{exception: [java.lang.Exception], steps: [{to: mock:catch}]}]
                doFinally: {steps: [{to: mock:finally}]}
            - to: mock:after
    - from: {uri: direct:inner, steps: [{throwException: {exceptionType: java.io.IOException, message: x}}]}
"""


def test_a_failure_that_a_called_route_handled_is_not_caught_but_finally_runs(bus):
    bus.load(HANDLED_INSIDE).send("x")
    assert mocks(bus, "dead", "behind", "catch", "finally", "after") == {"dead": ["x"], "finally": ["x"]}


def test_a_failure_that_a_called_route_gave_up_is_caught(bus):
    bus.route(
        "[{doTry: {steps: [{to: direct:inner}], doCatch: [{exception: [java.io.IOException], steps: [{to: mock:catch}]}]}}, {to: mock:after}]",
        "- from: {uri: direct:inner, steps: [{throwException: {exceptionType: java.io.IOException, message: x}}]}\n",
    )
    assert bus.send("x").error is None
    assert mocks(bus, "catch", "after") == {"catch": ["x"], "after": ["x"]}


def test_a_rollback_is_seen_by_the_clause_but_not_undone(bus):
    bus.route(
        f"[{{doTry: {{steps: [{{rollback: {{}}}}], doCatch: [{{{ANY}, steps: [{{to: mock:catch}}]}}]}}}}, {{to: mock:after}}]"
    )
    assert isinstance(bus.send("x").error, RollbackExchangeException)
    assert mocks(bus, "catch", "after") == {"catch": ["x"]}


NO_FIT = (
    "doTry: {steps: [{throwException: {exceptionType: java.lang.IllegalStateException, message: x}}],"
    " doCatch: [{exception: [java.io.IOException], steps: []}]}"
)


def test_the_routes_own_error_handler_does_not_get_what_no_clause_takes(bus):
    bus.load(f"""
        - errorHandler: {{deadLetterChannel: {{deadLetterUri: mock:dead}}}}
        - route: {{id: start, from: {{uri: direct:start, steps: [{{{NO_FIT}}}]}}}}
        - from: {{uri: direct:caller, steps: [{{to: direct:start}}]}}
        - from: {{uri: direct:block, steps: [{{filter: {{constant: "true", steps: [{{{NO_FIT}}}]}}}}]}}
    """)
    assert isinstance(bus.send("own").error, IllegalStateException)
    assert bus.got("dead") == []
    assert bus.send("caller", to="direct:caller").error is None
    assert bus.send("block", to="direct:block").error is None
    assert bus.got("dead") == ["caller", "block"]


def test_the_steps_inside_are_not_redelivered(bus):
    bus.load("""
        - errorHandler: {defaultErrorHandler: {redeliveryPolicy: {maximumRedeliveries: 2, redeliveryDelay: 0}}}
        - from:
            uri: direct:start
            steps:
              - doTry:
                  steps: [{to: mock:tried}, {throwException: {exceptionType: java.io.IOException, message: x}}]
                  doCatch: [{exception: [java.lang.Exception], steps: []}]
    """)
    bus.send("x")
    assert bus.got("tried") == ["x"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("steps: []", "'doTry' has no steps"),
        ("steps: [{stop: {}}], doCatch: [{steps: []}]", "'doCatch' needs 'exception'"),
        (
            "steps: [{stop: {}}], doCatch: [{exception: [java.io.IOExeption], steps: []}]",
            "did you mean 'java.io.IOException'",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(refused, options, said):
    assert said in refused(f"- doTry: {{{options}}}")
