"""``rabbitmq:`` while the broker closes its connections, is killed, or its queues vanish: nothing lost, few doubled."""

import threading
from contextlib import suppress

import pytest
from pika.exceptions import AMQPError
from rabbitmq_trial import Trial, send

from esb.errors import ConnectionLost
from esb.testing.process import until

pytestmark = pytest.mark.broker

RELAY = """
- from:
    uri: rabbitmq:NAME?routingKey=k&queues=NAME.in&prefetchCount=20{more}
    steps: [{{to: "rabbitmq:default?routingKey=NAME.out"}}]
"""


@pytest.fixture
def trial(rabbit):
    made = Trial(rabbit)
    made.queue("NAME.out", durable=True, arguments={"x-queue-type": "quorum"})
    yield made
    made.close()


def drained(trial, count):
    """Everything that comes out of a queue until it has so many different messages, and all else that is in it."""
    got = []

    def enough():
        method, _, body = trial.channel.basic_get(f"{trial.name}.out", auto_ack=True)
        if method is not None:
            got.append(int(body))
        return method is None and len(set(got)) >= count

    until(enough)
    return got


def again(trial):
    """A new connection for the peer."""
    with suppress(AMQPError):
        trial.peer.close()
    fresh = Trial(trial.node)
    trial.peer, trial.channel = fresh.peer, fresh.channel


@pytest.mark.parametrize("more", ["", "&asyncConsumer=true&concurrentConsumers=3"])
def test_nothing_is_lost_when_the_broker_closes_every_connection_in_the_middle(trial, more):
    context = trial.start(RELAY.format(more=more))
    sender = f"rabbitmq:{trial.name}?routingKey=k"
    failed = []

    def produce():
        for number in range(150):
            while True:
                try:
                    send(context, sender, str(number))
                    break
                except Exception as error:
                    failed.append(error)

    thread = threading.Thread(target=produce)
    thread.start()
    trial.peer.close()
    for _ in range(2):
        trial.node.ctl("close_all_connections", "trial")
    thread.join(120)
    again(trial)
    got = drained(trial, 150)
    assert set(got) == set(range(150))
    assert failed == []  # a confirm waits for the next connection
    assert len(got) - 150 <= 2 * (20 + 3)


def test_nothing_is_lost_when_the_broker_is_killed_and_comes_back(trial):
    context = trial.start(RELAY.format(more="&arg.queue.x-queue-type=quorum"))
    for number in range(100):
        trial.put("NAME", "k", b"%d" % number, delivery_mode=2)
    trial.node.persist_queues()
    trial.node.kill()
    trial.node.start()
    again(trial)
    send(context, f"rabbitmq:{trial.name}?routingKey=k", "100")
    got = drained(trial, 101)
    assert set(got) == set(range(101))
    assert len(got) - 101 <= 20


def test_a_request_whose_connection_breaks_says_that_it_may_have_been_served(trial):
    context = trial.start("")
    trial.queue("NAME.q", durable=True)
    outcome = []

    def ask():
        outcome.append(context.send(f"rabbitmq:default?routingKey={trial.name}.q", exchange("x")).error)

    thread = threading.Thread(target=ask)
    thread.start()
    until(lambda: trial.depth("NAME.q") == 1)
    trial.peer.close()
    trial.node.ctl("close_all_connections", "trial")
    thread.join(60)
    again(trial)
    assert isinstance(outcome[0], ConnectionLost)
    assert "may have been served" in str(outcome[0])
    assert trial.depth("NAME.q") == 1


def exchange(body):
    from esb.exchange import Exchange

    return Exchange(body, pattern="InOut")


def test_a_queue_that_is_deleted_under_a_route_is_declared_and_consumed_again(trial):
    context = trial.start('- from: {uri: "rabbitmq:NAME?routingKey=k&queues=NAME.in", steps: [{to: mock:out}]}')
    trial.put("NAME", "k", b"1", content_type="text/plain")
    trial.received(context, "out", 1)
    trial.channel.queue_delete(f"{trial.name}.in")
    until(lambda: not gone(trial))
    send(context, f"rabbitmq:{trial.name}?routingKey=k", "2")
    assert trial.bodies(context, "out", 2) == ["1", "2"]


def gone(trial):
    return f"{trial.name}.in" not in trial.node.ctl("list_queues", "name")
