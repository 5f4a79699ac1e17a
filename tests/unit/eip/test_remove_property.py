def test_only_the_property_of_that_name_goes(bus):
    steps = """
        - setProperty: {name: p, constant: 1}
        - setProperty: {name: P, constant: 2}
        - removeProperty: p
    """
    sent = bus.route(steps).send()
    assert "p" not in sent.properties
    assert sent.properties["P"] == "2"
