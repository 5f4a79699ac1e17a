def test_a_stop_in_a_called_route_ends_the_calling_route_without_an_error(bus):
    bus.route(
        "[{to: direct:inner}, {to: mock:after}]",
        """
        - from:
            uri: direct:inner
            steps: [{setBody: {constant: stopped}}, {stop: {}}, {to: mock:never}]
        """,
    )
    sent = bus.send("x")
    assert (sent.body, sent.error, bus.got("after"), bus.got("never")) == ("stopped", None, [], [])
