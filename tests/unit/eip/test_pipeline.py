def test_the_steps_run_as_one(bus):
    steps = '- pipeline: {steps: [{setBody: {simple: "${body}1"}}, {setBody: {simple: "${body}2"}}]}'
    assert bus.route(steps).send("x").body == "x12"


def test_a_pipeline_needs_steps(refused):
    assert "'pipeline' has no steps" in refused("- pipeline: {steps: []}")
