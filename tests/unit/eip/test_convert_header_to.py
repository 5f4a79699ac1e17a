from esb.errors import ConversionFailed


def test_in_place_or_under_another_name(bus):
    steps = """
        - convertHeaderTo: {name: n, type: int}
        - convertHeaderTo: {name: m, type: double, toName: m2}
    """
    assert dict(bus.route(steps).send("x", n="5", m="2.5").headers) == {"n": 5, "m": "2.5", "m2": 2.5}


def test_a_header_that_is_not_there_stays_away(bus):
    assert dict(bus.route("- convertHeaderTo: {name: n, type: int}").send("x").headers) == {}


def test_what_cannot_be_read_fails(bus):
    assert isinstance(bus.route("- convertHeaderTo: {name: n, type: int}").send("x", n="five").error, ConversionFailed)


def test_without_mandatory_an_impossible_type_gives_nothing(bus):
    sent = bus.route("- convertHeaderTo: {name: n, type: int, mandatory: false, toName: g}").send("x", n={"a": 1})
    assert sent.headers["g"] is None


def test_a_name_may_be_an_expression(bus):
    assert bus.route('- convertHeaderTo: {name: "${body}", type: int}').send("n", n="5").headers["n"] == 5
