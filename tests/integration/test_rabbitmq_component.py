"""``rabbitmq:`` on a real node: exchanges of every type, a foreign peer both ways, promises."""


import pytest
from rabbitmq_trial import Trial, send

pytestmark = pytest.mark.broker


@pytest.fixture
def trial(rabbit):
    made = Trial(rabbit)
    yield made
    made.close()


def test_a_message_goes_through_a_direct_exchange(trial):
    context = trial.start("""
- from:
    uri: direct:in
    steps: [{to: "rabbitmq:NAME?routingKey=k&autoDeclareProducer=true&queues=NAME.q"}]
- from: {uri: "spring-rabbitmq:NAME?routingKey=k&queues=NAME.q", steps: [{to: mock:out}]}
""")
    send(context, "direct:in", "grün")
    [got] = trial.received(context, "out", 1)
    assert got.body == "grün"
    assert got.headers["CamelSpringRabbitmqExchangeName"] == trial.name
    assert got.headers["CamelSpringRabbitmqRoutingKey"] == "k"
