"""``rabbitmq:`` keeps what every component keeps."""

import pytest
from rabbitmq_trial import Trial as Peer

from esb.testing.component_suite import Trial, behaviours
from esb.testing.process import until

pytestmark = pytest.mark.broker


def provoke(context):
    until(lambda: all(state == "connected" for state in context.connections().values()))
    context.endpoint("rabbitmq:default?routingKey=suite").producer().send(exchange())


def exchange():
    from esb.exchange import Exchange

    return Exchange("x")


TRIAL = Trial(
    "rabbitmq",
    consumed="rabbitmq:default?queues=suite&maximumRetryAttempts=1",
    sent="rabbitmq:default?routingKey=suite",
    provoke=provoke,
)


@pytest.fixture
def context(rabbit):
    peer = Peer(rabbit)
    yield peer.start("")
    peer.close()


@pytest.mark.parametrize("behaviour", behaviours(TRIAL), ids=lambda behaviour: behaviour.__name__)
def test_rabbitmq_keeps_the_contract_of_components(behaviour, context):
    behaviour(TRIAL, context)
