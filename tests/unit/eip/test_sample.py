import pytest


def test_one_message_a_period_passes_and_the_others_end_without_an_error(bus):
    bus.route('[{sample: "60000"}, {to: mock:after}]')
    assert [bus.send(number).error for number in (1, 2, 3)] == [None, None, None]
    assert bus.got("after") == [1]


def test_after_the_period_the_next_one_passes(bus):
    bus.route('[{sample: {samplePeriod: "1"}}, {to: mock:after}]')
    waited = bus.context.endpoint("mock:after")
    while waited.count < 2:  # a millisecond goes by
        bus.send("x")
    assert bus.got("after") == ["x", "x"]


def test_every_nth_message_passes(bus):
    bus.route("[{sample: {messageFrequency: 3}}, {to: mock:after}]")
    for number in range(1, 8):
        bus.send(number)
    assert bus.got("after") == [3, 6]


@pytest.mark.parametrize("options", ["samplePeriod: abc", "samplePeriod: 0", "messageFrequency: 0"])
def test_impossible_samples_are_refused(refused, options):
    assert "test.yaml:6" in refused(f"- sample: {{{options}}}")
