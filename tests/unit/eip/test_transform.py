def test_the_body_becomes_the_value(bus):
    assert bus.route('- transform: {jsonpath: "$.a.b"}').send('{"a": {"b": [1, {"c": 2}]}}').body == [1, {"c": 2}]
