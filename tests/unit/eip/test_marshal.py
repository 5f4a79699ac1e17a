import json


def test_the_body_is_written_in_the_format(bus):
    sent = bus.route("- marshal: {json: {}}").send({"a": 1})
    assert json.loads(sent.body) == {"a": 1}
    assert sent.headers["Content-Type"] == "application/json"


def test_a_variable_may_be_written_into_another(bus):
    steps = """
        - setVariable: {name: given, simple: "${body}"}
        - marshal: {json: {}, variableSend: given, variableReceive: written}
    """
    sent = bus.route(steps).send({"a": 1})
    assert (sent.body, json.loads(sent.variables["written"])) == ({"a": 1}, {"a": 1})


def test_a_format_is_required(refused):
    assert "marshal" in refused("- marshal: {}")
