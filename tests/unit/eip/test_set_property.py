def test_property_names_are_case_sensitive(bus):
    sent = bus.route("- setProperty: {name: p, constant: v}").send("x")
    assert sent.properties["p"] == "v"
    assert "P" not in sent.properties


def test_no_value_removes_the_property(bus):
    steps = """
        - setProperty: {name: p, constant: v}
        - setProperty: {name: p, header: absent}
    """
    assert "p" not in bus.route(steps).send("x").properties


def test_a_name_may_be_an_expression(bus):
    assert bus.route('- setProperty: {name: "${body}p", constant: 2}').send("x").properties["xp"] == "2"
