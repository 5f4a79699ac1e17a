def test_the_value_is_forgotten(bus):
    assert bus.route('- script: {simple: "${body} ignored"}').send("x").body == "x"


def test_what_the_script_does_stays(bus):
    sent = bus.route("- script: {python: \"exchange.headers.update({'g': body + '1'})\"}").send("x")
    assert sent.headers["g"] == "x1"
