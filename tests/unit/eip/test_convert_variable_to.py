from esb.javanames import NoSuchVariableException


def test_in_place_or_under_another_name(bus):
    steps = """
        - setVariable: {name: v, constant: "8"}
        - convertVariableTo: {name: v, type: Integer}
        - convertVariableTo: {name: v, type: String, toName: w}
    """
    assert bus.route(steps).send().variables == {"v": 8, "w": "8"}


def test_a_variable_that_is_not_there_fails_if_mandatory(bus):
    assert isinstance(bus.route("- convertVariableTo: {name: v, type: int}").send().error, NoSuchVariableException)


def test_without_mandatory_it_stays_away(bus):
    assert bus.route("- convertVariableTo: {name: v, type: int, mandatory: false}").send().variables == {}
