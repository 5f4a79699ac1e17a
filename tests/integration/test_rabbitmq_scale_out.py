"""Two ``esb run`` of one project on one RabbitMQ, as two hosts would run it: shared work, exclusive sources once, shards in order."""

import os
import signal

import pytest
from rabbitmq_trial import Trial
from running import Running

from esb.testing.process import until

pytestmark = pytest.mark.broker

ROUTES = """
- route:
    id: ticks
    from:
      uri: timer:tick?period=100
      steps:
        - setBody: {{simple: "{{{{me}}}}"}}
        - to: rabbitmq:default?routingKey={name}.ticks
- route:
    id: work
    from:
      uri: rabbitmq:default?queues={name}.work&prefetchCount=5
      steps:
        - setHeader: {{name: by, constant: "{{{{me}}}}"}}
        - to: rabbitmq:default?routingKey={name}.done
- route:
    id: shards
    from:
      uri: rabbitmq:{name}.shards
      parameters:
        exchangeType: x-consistent-hash
        queues: "{name}.s1,{name}.s2,{name}.s3"
        arg.queue.x-single-active-consumer: true
      steps:
        - to: rabbitmq:default?routingKey={name}.ordered
"""


@pytest.fixture
def trial(rabbit):
    made = Trial(rabbit)
    made.needs("rabbitmq_consistent_hash_exchange")
    for queue in ("ticks", "done", "ordered"):
        made.queue(f"NAME.{queue}", durable=True)
    yield made
    made.close()


@pytest.fixture
def hosts(trial, tmp_path):
    made = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        host = Running(folder)
        host.write(
            ROUTES.format(name=trial.name),
            more=f"broker: '{trial.node.url}?namespace={trial.name}'\nproperties: {{me: {name}}}\n",
        )
        made.append(host.start())
    for host in made:
        host.ready()
    yield dict(zip("ab", made, strict=True))
    for host in made:
        host.close()


def lease_holders(hosts):
    found = []
    for name, host in hosts.items():
        if not host.ended:
            found += [name for worker in host.status().get("workers", ()) if worker["lease"]]
    return found


def consumers(trial, queue):
    return trial.channel.queue_declare(f"{trial.name}.{queue}", passive=True).method.consumer_count


def all_of(trial, queue, count):
    return [trial.take(f"NAME.{queue}")[1] for _ in range(count)]


def test_two_hosts_share_the_work_run_the_timer_once_and_take_over_from_each_other(trial, hosts):
    [holder] = until(lambda: lease_holders(hosts))
    other = "b" if holder == "a" else "a"
    assert {trial.take("NAME.ticks")[1].decode() for _ in range(10)} == {holder}

    [worker] = hosts[holder].status()["workers"]
    assert set(worker["connections"].values()) == {"connected"}
    until(lambda: consumers(trial, "work") == consumers(trial, "s1") == 2)
    numbers = [b"%d" % number for number in range(200)]
    for number in numbers:
        trial.put("", "NAME.work", number, message_id=number.decode())
        trial.put(f"{trial.name}.shards", f"customer{int(number) % 7}", number)
    by = set()
    done = []
    for _ in numbers:
        properties, body = trial.take("NAME.done")
        by.add(properties.headers["by"])
        done.append(body)
    assert sorted(done) == sorted(numbers)
    assert by == {"a", "b"}
    ordered = [int(body) for body in all_of(trial, "ordered", 200)]
    for customer in range(7):
        assert [number for number in ordered if number % 7 == customer] == list(range(customer, 200, 7))

    for number in numbers:
        trial.put("", "NAME.work", number, message_id=number.decode())
    os.killpg(hosts[holder].process.pid, signal.SIGKILL)
    hosts[holder].wait()
    until(lambda: trial.take("NAME.ticks")[1].decode() == other)
    until(lambda: lease_holders(hosts) == [other])
    got = set()
    until(lambda: got.add(trial.take("NAME.done")[1]) or got == set(numbers))
