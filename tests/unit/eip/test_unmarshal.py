from esb.coerce import NoConversion
from esb.errors import Malformed


def test_the_body_is_read(bus):
    assert bus.route("- unmarshal: {json: {}}").send('{"a": 1}').body == {"a": 1}


def test_what_cannot_be_read_fails_and_keeps_the_body(bus):
    sent = bus.route("- unmarshal: {json: {}}").send("{")
    assert isinstance(sent.error, Malformed)
    assert sent.body == "{"


def test_no_body_is_an_error_unless_allowed(bus):
    bus.route(
        "- unmarshal: {json: {}}",
        "- from: {uri: direct:lax, steps: [{unmarshal: {json: {}, allowNullBody: true}}]}\n",
    )
    assert isinstance(bus.send(None).error, NoConversion)
    assert bus.send(None, to="direct:lax").error is None


def test_a_variable_may_be_read_into_another(bus):
    steps = """
        - setVariable: {name: text, simple: "${body}"}
        - unmarshal: {json: {}, variableSend: text, variableReceive: obj}
    """
    sent = bus.route(steps).send('{"a": 1}')
    assert (sent.body, sent.variables["obj"]) == ('{"a": 1}', {"a": 1})
