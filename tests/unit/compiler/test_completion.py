import threading


def test_a_completion_of_a_durable_source_may_send_to_the_bus(bus):
    # The unit settles on the broker's own thread, where a send would wait for itself.
    bus.load("""
    - onCompletion: {steps: [{setBody: {simple: "done ${body}"}}, {to: bus:audit}]}
    - from: {uri: bus:in, steps: [{to: bus:out}]}
    - from: {uri: bus:out, steps: [{onCompletion: {onFailureOnly: true, steps: [{log: never}]}}, {to: mock:out}]}
    - from: {uri: direct:a, steps: [{onCompletion: {onFailureOnly: true, steps: [{log: never}]}}, {to: bus:in}]}
    - from: {uri: bus:audit, steps: [{onCompletion: {onFailureOnly: true, steps: [{log: never}]}}, {to: mock:audit}]}
    """)
    bus.send("x")
    assert bus.awaited("audit") == [b"done x"]
    assert bus.awaited("out") == [b"x"]


def test_a_completion_waits_for_the_confirm_of_a_pipelined_send(bus):
    bus.load("""
    - from: {uri: direct:a, steps: [{onCompletion: {steps: [{to: mock:done}]}}, {to: bus:out}]}
    """)
    exchange = bus.send("x")
    assert exchange.unit is not None
    assert not exchange.unit.open
    assert bus.awaited("done") == ["x"]


def test_completions_run_once_for_each_route_passed_the_last_one_first(bus):
    bus.load("""
    - from: {uri: direct:a, steps: [{onCompletion: {steps: [{setBody: {constant: outer}}, {to: mock:done}]}}, {to: direct:b}]}
    - from: {uri: direct:b, steps: [{onCompletion: {steps: [{setBody: {constant: inner}}, {to: mock:done}]}}, {log: x}]}
    """)
    bus.send("x")
    assert bus.awaited("done", 2) == ["inner", "outer"]


def test_a_failing_completion_fails_nothing_else(bus):
    bus.load("""
    - onCompletion: {steps: [{to: mock:done}]}
    - onCompletion: {steps: [{throwException: {exceptionType: java.io.IOException, message: down}}]}
    - from: {uri: direct:a, steps: [{log: x}]}
    """)
    assert bus.send("x").error is None
    assert bus.awaited("done") == ["x"]


def test_the_message_after_the_consumer_is_a_copy(bus):
    bus.load("""
    - onCompletion: {steps: [{setBody: {constant: changed}}, {to: mock:done}]}
    - from: {uri: direct:a, steps: [{log: x}]}
    """)
    exchange = bus.send("x")
    bus.awaited("done")
    assert exchange.body == "x"


def test_a_stop_waits_for_completions_under_way(bus):
    entered, go = threading.Event(), threading.Event()

    def hold(exchange):
        entered.set()
        go.wait(5.0)

    bus.context.bind("bean", "hold", hold)
    bus.load("""
    - onCompletion: {steps: [{process: {ref: hold}}, {to: mock:done}]}
    - from: {uri: direct:a, steps: [{log: x}]}
    """)
    bus.send("x")
    assert entered.wait(10.0)
    stopping = threading.Thread(target=bus.context.stop)
    stopping.start()
    go.set()
    stopping.join(10.0)
    assert not stopping.is_alive()
    assert bus.got("done") == ["x"]


def test_both_conditions_together_are_refused(refused):
    told = refused("""
    - onCompletion: {onCompleteOnly: true, onFailureOnly: true, steps: [{log: x}]}
    - from: {uri: direct:a, steps: [{log: x}]}
    """)
    assert "test.yaml:2:3" in told
    assert "cannot both be true" in told
