def test_a_plain_variable_belongs_to_the_exchange(bus):
    bus.route('- setVariable: {name: v, simple: "${body}!"}')
    assert bus.send("x").variables == {"v": "x!"}
    assert bus.context.variables == {}


def test_a_global_variable_outlasts_the_exchange(bus):
    steps = """
        - setBody: {variable: "global:last"}
        - setVariable: {name: "global:last", header: given}
    """
    bus.route(steps)
    assert [bus.send(given="a").body, bus.send(given="b").body] == [None, "a"]


def test_a_route_variable_has_the_running_route_unless_one_is_named(bus):
    bus.route(
        """
        - setVariable: {name: "route:r", constant: own}
        - setVariable: {name: "route:other:r", constant: given}
        - to: direct:other
        """,
        """
        - route:
            id: other
            from:
              uri: direct:other
              steps: [{setBody: {variable: "route:r"}}]
        """,
    )
    assert bus.send().body == "given"


def test_no_value_removes_the_variable(bus):
    steps = """
        - setVariable: {name: v, constant: x}
        - setVariable: {name: v, header: absent}
    """
    assert bus.route(steps).send().variables == {}


def test_a_name_may_be_an_expression(bus):
    assert bus.route('- setVariable: {name: "${body}v", constant: 2}').send("x").variables == {"xv": "2"}
