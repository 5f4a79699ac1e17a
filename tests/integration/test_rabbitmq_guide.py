"""The routes of the guide to RabbitMQ, on a real node."""

import pytest
from rabbitmq_trial import Trial, send

from esb.broker.memory import MemoryBroker
from esb.testing.process import until
from tests.docs.blocks import blocks
from tests.docs.examples import ROOT

pytestmark = pytest.mark.broker


@pytest.fixture
def trial(rabbit):
    made = Trial(rabbit)
    yield made
    made.close()


def test_the_routes_of_the_guide_run_and_do_what_it_says(trial, caplog):
    trial.needs("rabbitmq_consistent_hash_exchange")
    broker = MemoryBroker()
    broker.open()
    page = (ROOT / "docs/guides/rabbitmq.md").read_text()
    routes = [
        one.text for one in blocks(page) if one.language == "yaml" and not one.has("file") and "beans:" not in one.text
    ]
    assert len(routes) >= 7
    context = trial.start("\n".join(routes), services={"broker": lambda _: broker})
    got = send(context, "direct:price", "tea")
    assert got.body == "price of tea: 12.50"
    for number in range(8):
        send(context, "direct:order", str(number), customer=f"c{number}")
    until(lambda: sum(trial.depth(f"orders.{shard}") for shard in range(1, 5)) == 0)
    trial.queue("invoices", durable=True)
    send(context, "rabbitmq:orders?routingKey=order.at.new", "x")
    assert trial.take("invoices")[1] == b"x"
    assert [one.getMessage() for one in caplog.records if "cannot be declared" in one.getMessage()] == []
