def test_the_body_becomes_the_value_and_headers_stay(bus):
    sent = bus.route('- setBody: {simple: "Hello ${body}"}').send("x", kind="a")
    assert (sent.body, sent.headers["kind"]) == ("Hello x", "a")


def test_a_value_of_nothing_is_a_body_of_nothing(bus):
    assert bus.route("- setBody: {header: absent}").send("x").body is None


def test_an_expression_is_required(refused):
    assert "needs an expression" in refused("- setBody: {}")
