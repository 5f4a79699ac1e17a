"""kill -9 of a worker, of the whole bus and of the broker in the middle of the orders: nothing lost, no effect doubled."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from esb.testing.process import until
from esb.testing.rabbitmq import RabbitNode, running_node
from routes.demo import data
from routes.demo import orders as scenario
from routes.demo.deployment import Deployment
from tests.system.faults import (
    again_and_again,
    assert_all_accounted_for,
    assert_has_history,
    eventually,
    failed,
    kill_a_worker,
    order_id,
    repeats,
    when_delivered,
)

ORDERS = 200
IN_FLIGHT = 32
"""Messages that the threads of both workers run at one moment (concurrentConsumers in routes/orders.yaml, rounded up)."""


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    with Deployment(tmp_path / "demo", poll=500) as deployment:
        yield deployment


@pytest.fixture
def rabbit() -> Iterator[RabbitNode]:
    with running_node() as node:
        yield node


@pytest.fixture
def on_rabbit(tmp_path: Path, rabbit: RabbitNode) -> Iterator[Deployment]:
    deployment = Deployment(tmp_path / "demo", poll=500)
    deployment.environment["ESB_BROKER_URL"] = rabbit.url
    with deployment:
        yield deployment


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_workers_killed_at_random_lose_nothing_and_double_no_effect(deployment: Deployment, seed: int) -> None:
    orders, chance = data.orders(ORDERS * 4, seed), random.Random(seed)
    with again_and_again(lambda: kill_a_worker(deployment, chance), pause=0.2, times=12, seed=seed) as kills:
        count = scenario.run(deployment, orders, outage=False)
    assert len(kills) >= 3
    assert_all_accounted_for(deployment, orders, count)
    assert count.dead_lettered == 0
    assert repeats(deployment.table("crm", "orders")) <= len(kills) * IN_FLIGHT
    eventually(lambda: len(deployment.workers()) == 2, "both workers are back")


@pytest.mark.slow
def test_the_bus_killed_in_the_middle_and_started_again_loses_nothing(deployment: Deployment) -> None:
    orders = data.orders(ORDERS, 3)

    def kill() -> None:
        deployment.kill("bus")
        deployment.start("bus")

    with when_delivered(deployment, [10, 60, 110], kill) as kills:
        count = scenario.run(deployment, orders, outage=False)
    assert kills == [10, 60, 110]
    assert_all_accounted_for(deployment, orders, count)
    assert repeats(deployment.table("crm", "orders")) <= len(kills) * IN_FLIGHT


@pytest.mark.slow
def test_the_bus_and_the_erp_killed_together_lose_nothing(deployment: Deployment) -> None:
    orders = data.orders(ORDERS, 4)

    def kill() -> None:
        deployment.kill("erp")
        deployment.kill("bus")
        deployment.start("bus")
        deployment.wait_ready("bus")
        deployment.start("erp")

    with when_delivered(deployment, [30], kill) as kills:
        count = scenario.run(deployment, orders, outage=False)
    assert kills == [30]
    assert_all_accounted_for(deployment, orders, count)
    # What went through customs may have given up while the ERP was away; nothing else does so soon.
    assert {one.origin for one in failed(deployment) if one.queue.endswith(".dlq")} <= {"orders.customs"}


@pytest.mark.slow
def test_an_erp_that_stays_away_leaves_dead_letters_that_say_why_and_can_be_replayed(deployment: Deployment) -> None:
    from esb.broker.dead_letters import replay

    through_customs = [body for kind, body in data.orders(400, 5).posts if kind == "good" and _customs(body)][:5]
    assert len(through_customs) == 5
    deployment.kill("erp")
    for body in through_customs:
        assert deployment.post("bus", "/orders", body)[0] == 202
    eventually(lambda: deployment.depths("orders.customs.dlq")["orders.customs.dlq"] == 5, "all have given up")
    for one in failed(deployment, "orders.customs.dlq"):
        assert_has_history(one)
        assert one.attempts == 3
        assert one.error_class.endswith("NotConnected")
        assert order_id(one) in {body["orderId"] for body in through_customs}
    deployment.start("erp")
    deployment.wait_ready("erp")
    assert len(replay(deployment.broker(), "orders.customs.dlq").done) == 5
    wanted = {body["orderId"] for body in through_customs}
    eventually(lambda: set(deployment.table("crm", "orders")) == wanted, "all have reached the CRM")
    assert {one["effects"] for one in deployment.table("erp", "orders").values()} == {1}


def _customs(body: object) -> bool:
    assert isinstance(body, dict)
    total = sum(line["quantity"] * float(line["unitPrice"]) for line in body["lines"])
    return body["shipTo"]["country"] == "CH" and total <= 10_000 and not body["customerId"].startswith("BLOCKED")


@pytest.mark.slow
@pytest.mark.broker
def test_workers_killed_at_random_lose_nothing_on_rabbitmq(on_rabbit: Deployment) -> None:
    orders, chance = data.orders(ORDERS * 2, 6), random.Random(6)
    with again_and_again(lambda: kill_a_worker(on_rabbit, chance), pause=0.4, times=8, seed=6) as kills:
        count = scenario.run(on_rabbit, orders, outage=False)
    assert len(kills) >= 2
    assert_all_accounted_for(on_rabbit, orders, count)
    assert count.dead_lettered == 0


@pytest.mark.slow
@pytest.mark.broker
def test_rabbitmq_killed_in_the_middle_and_started_again_loses_nothing(
    on_rabbit: Deployment, rabbit: RabbitNode
) -> None:
    orders = data.orders(ORDERS, 7)
    # The bus answers before it has declared everything, and a queue that is declared later is not persisted.
    until(lambda: _consumed(rabbit, "orders.confirmed"), "the last queue of the orders is consumed")
    rabbit.persist_queues()
    with when_delivered(on_rabbit, [40], rabbit.restart) as kills:
        count = scenario.run(on_rabbit, orders, outage=False)
    assert kills == [40]
    assert_all_accounted_for(on_rabbit, orders, count)


def _consumed(rabbit: RabbitNode, queue: str) -> bool:
    rows = [line.split() for line in rabbit.ctl("list_queues", "name", "consumers").splitlines()]
    return any(row[0].endswith(queue) and row[1] != "0" for row in rows if len(row) == 2)
