def test_properties_that_fit_go_and_case_does_not_count(bus):
    steps = """
        - setProperty: {name: ap, constant: 1}
        - setProperty: {name: abp, constant: 2}
        - setProperty: {name: Ap, constant: 3}
        - removeProperties: {pattern: "a*", excludePattern: "ab*"}
    """
    left = bus.route(steps).send().properties
    assert [name for name in ("ap", "abp", "Ap") if name in left] == ["abp"]
