SET = """
    - setVariable: {name: a, constant: 1}
    - setVariable: {name: b, constant: 2}
    - setVariable: {name: "global:a", constant: 3}
    - removeVariable: %s
"""


def test_only_the_variable_of_that_scope_goes(bus):
    assert bus.route(SET % '"global:a"').send().variables == {"a": "1", "b": "2"}
    assert bus.context.variables == {}


def test_a_star_removes_those_of_the_exchange(bus):
    assert bus.route(SET % '"*"').send().variables == {}
    assert bus.context.variables == {"a": "3"}
