import pytest

from esb.errors import ConversionFailed


def test_the_body_is_carried_from_turn_to_turn_and_turns_are_counted_from_zero(bus):
    sent = bus.route(
        '- loop: {constant: 3, steps: [{setBody: {simple: "${body}${exchangeProperty.CamelLoopIndex}"}}]}'
    ).send("x")
    assert (sent.body, sent.properties["CamelLoopIndex"], sent.properties["CamelLoopSize"]) == ("x012", 2, 3)


def test_with_copy_each_turn_starts_from_the_message_before_the_loop(bus):
    sent = bus.route(
        '- loop: {constant: 2, copy: true, steps: [{setBody: {simple: "${body}+"}}, {to: mock:turn}]}'
    ).send("x")
    assert (sent.body, bus.got("turn")) == ("x+", ["x+", "x+"])


def test_what_the_last_copy_set_is_there_behind_the_loop(bus):
    steps = "- loop: {constant: 2, copy: true, steps: [{setProperty: {name: p, constant: 1}}, {setVariable: {name: v, constant: 2}}]}"
    sent = bus.route(steps).send("x")
    assert (sent.properties["p"], sent.variables["v"]) == ("1", "2")


def test_a_condition_is_asked_before_each_turn(bus):
    bus.route('- loop: {doWhile: true, simple: "${body.length} < 4", steps: [{setBody: {simple: "${body}+"}}]}')
    assert [bus.send(body).body for body in ("x", "xxxxx")] == ["x+++", "xxxxx"]


@pytest.mark.parametrize(("number", "turns"), [(2, 2), ("1", 1), (0, 0), (-1, 0)])
def test_the_number_may_come_from_a_header(bus, number, turns):
    bus.route("- loop: {header: n, steps: [{to: mock:turn}]}").send("x", n=number)
    assert len(bus.got("turn")) == turns


@pytest.mark.parametrize("number", [None, "abc", "2.0", 2.0, " 2 ", True])
def test_what_is_no_whole_number_fails(bus, number):
    assert isinstance(
        bus.route("- loop: {header: n, steps: [{to: mock:turn}]}").send("x", n=number).error, ConversionFailed
    )


def test_a_stop_inside_ends_the_route(bus):
    bus.route("""
        - loop: {constant: 3, steps: [{filter: {simple: "${exchangeProperty.CamelLoopIndex} == 1", steps: [{stop: {}}]}}, {to: mock:turn}]}
        - to: mock:after
    """)
    bus.send("x")
    assert (len(bus.got("turn")), bus.got("after")) == (1, [])


def test_a_stop_of_the_bus_breaks_the_loop_if_asked(bus):
    bus.bind("stop", lambda exchange: bus.context.stopping.set())
    sent = bus.route("- loop: {constant: 9, breakOnShutdown: true, steps: [{process: stop}]}").send("x")
    assert (sent.properties["CamelLoopIndex"], sent.error) == (0, None)


def test_the_message_may_be_prepared_before_each_turn(bus):
    def shout(exchange):
        exchange.body = f"{exchange.body}!"

    bus.bind("shout", shout)
    assert (
        bus.route("- loop: {constant: 2, copy: true, onPrepare: shout, steps: [{to: mock:turn}]}").send("x").body
        == "x!"
    )
    assert bus.got("turn") == ["x!", "x!"]


def test_a_failure_in_a_copy_ends_the_loop(bus):
    bus.route("""
        - loop: {constant: 3, copy: true, steps: [{to: mock:turn}, {throwException: {exceptionType: java.io.IOException, message: x}}]}
        - to: mock:after
    """)
    assert isinstance(bus.send("x").error, OSError)
    assert (len(bus.got("turn")), bus.got("after")) == (1, [])


def test_a_loop_needs_steps(refused):
    assert "'loop' has no steps" in refused("- loop: {constant: 2, steps: []}")
