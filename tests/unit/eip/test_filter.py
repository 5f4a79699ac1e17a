def test_only_messages_that_fulfil_the_condition_see_the_steps(bus):
    bus.route("""
        - filter: {simple: "${body} > 1", steps: [{to: mock:in}]}
        - to: mock:after
    """)
    bus.send(1)
    bus.send(2)
    assert (bus.got("in"), bus.got("after")) == ([2], [1, 2])


def test_the_outcome_may_be_kept_in_a_property(bus):
    bus.route('- filter: {simple: "${body} > 1", statusPropertyName: hit, steps: [{to: mock:in}]}')
    assert [bus.send(body).properties["hit"] for body in (1, 2)] == [False, True]


def test_a_failure_inside_is_redelivered_at_its_own_step(bus):
    bus.load("""
        - errorHandler: {deadLetterChannel: {deadLetterUri: mock:dead, redeliveryPolicy: {maximumRedeliveries: 1, redeliveryDelay: 0}}}
        - from:
            uri: direct:start
            steps:
              - filter:
                  constant: "true"
                  steps:
                    - to: mock:once
                    - to: mock:flaky
                    - throwException: {exceptionType: java.io.IOException, message: down}
    """)
    bus.send("x")
    assert [len(bus.got(name)) for name in ("once", "flaky", "dead")] == [1, 1, 1]


def test_a_filter_needs_steps(refused):
    assert "'filter' has no steps" in refused('- filter: {constant: "true", steps: []}')
