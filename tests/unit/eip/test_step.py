def test_the_name_is_known_while_the_steps_run(bus):
    steps = """
        - step: {id: enrich, steps: [{setBody: {exchangeProperty: CamelStepId}}]}
        - setHeader: {name: after, exchangeProperty: CamelStepId}
    """
    sent = bus.route(steps).send()
    assert (sent.body, sent.headers["after"]) == ("enrich", None)


def test_an_inner_step_gives_the_name_back(bus):
    steps = "- step: {id: a, steps: [{step: {id: b, steps: [{setHeader: {name: x, constant: 1}}]}}, {setBody: {exchangeProperty: CamelStepId}}]}"
    assert bus.route(steps).send().body == "a"
