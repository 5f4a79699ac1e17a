def test_later_variables_see_earlier_ones(bus):
    steps = '- setVariables: {variables: [{name: a, simple: "${body}"}, {name: b, simple: "${variable.a}!"}]}'
    assert bus.route(steps).send("x").variables == {"a": "x", "b": "x!"}


def test_none_at_all_is_refused(refused):
    assert "names no variables" in refused("- setVariables: {}")
