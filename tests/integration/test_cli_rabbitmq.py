"""The verbs that look into the broker, on RabbitMQ."""

import json
import threading

import pytest
from running import Running

from esb.broker.contract import Outgoing
from esb.broker.history import history
from esb.broker.open import open_broker
from esb.errors import NotConnected
from esb.testing.process import until

pytestmark = pytest.mark.broker


@pytest.fixture
def project(tmp_path, rabbit):
    running = Running(tmp_path)
    running.write(
        "- route: {id: work, from: {uri: 'bus:orders', steps: [{log: x}]}}\n",
        more=f"broker: '{rabbit.url}?namespace=cli{tmp_path.name}'\n",
    )
    yield running
    running.close()


@pytest.fixture
def letter(project, rabbit):
    broker = open_broker(f"{rabbit.url}?namespace=cli{project.folder.name}")
    broker.open()
    until(lambda: broker.state == "connected", "the broker")
    for queue in ("orders", "orders.dlq", "old.dlq"):
        broker.queue(queue)
    answered = threading.Event()
    told = history(
        NotConnected("no way"), route="work", step="to1", at="routes/a.yaml:1:2", attempts=3, origin="orders"
    )
    broker.publish("orders.dlq", Outgoing("M1", b"tea", {"orderId": "A1"} | told), lambda _error: answered.set())
    assert answered.wait(20)
    yield broker
    broker.close()


def test_a_dead_letter_on_rabbitmq_is_listed_shown_and_replayed(project, letter):
    listed = project.esb("dlq", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert [(one["id"], one["route"]) for one in json.loads(listed.stdout)["messages"]] == [("M1", "work")]
    assert "no way" in project.esb("dlq", "show", "--id", "M1").stdout
    replayed = project.esb("dlq", "replay", "--id", "M1", "--json")
    assert (replayed.returncode, json.loads(replayed.stdout)["replayed"]) == (0, 1), replayed.stderr
    until(lambda: letter.depth("orders") == 1, "the message on its queue")
    assert [one.body for one in letter.browse("orders")] == [b"tea"]
    assert letter.depth("orders.dlq") == 0


def test_an_edited_dead_letter_on_rabbitmq_takes_the_place_of_the_old_one(project, letter):
    changed = project.esb("dlq", "edit", "--id", "M1", "--set", "orderId=A2", "--json")
    assert (changed.returncode, json.loads(changed.stdout)["edited"]) == (0, 1), changed.stderr
    [stored] = letter.browse("orders.dlq")
    assert (stored.id, stored.body, stored.headers["orderId"]) == ("M1", b"tea", "A2")
    assert stored.headers["esb-origin-queue"] == "orders"
    assert "edited     by " in project.esb("dlq", "show", "--id", "M1").stdout


def test_a_queue_that_no_route_names_any_more_is_found_by_its_name(project, letter):
    assert project.esb("dlq", "list", "--queue", "old.dlq").returncode == 0
    told = project.esb("dlq", "list", "--queue", "never.dlq")
    assert (told.returncode, "there is no queue of failed messages 'never.dlq'" in told.stderr) == (2, True)


def test_doctor_reaches_the_broker(project, letter):
    told = json.loads(project.esb("doctor", "--json").stdout)
    [found] = [one for one in told["findings"] if one["check"] == "broker" and one["level"] != "note"]
    assert found["level"] == "ok"
    assert "guest:guest" not in json.dumps(told)


def test_doctor_and_dlq_say_that_a_broker_is_not_reached(tmp_path):
    running = Running(tmp_path)
    running.write(
        "- route: {from: {uri: 'direct:a', steps: [{log: x}]}}\n",
        more="broker: 'amqp://user:verysecret@127.0.0.1:1/'\n",
    )
    told = running.esb("doctor", "--json")
    assert told.returncode == 1
    assert "is not reached" in told.stdout
    listed = running.esb("dlq", "list")
    assert listed.returncode == 1
    assert "cannot be reached" in listed.stderr
    assert "verysecret" not in told.stdout + listed.stderr
    running.close()


def test_one_message_is_sent_to_any_exchange_from_the_command_line(project, rabbit):
    broker = open_broker(f"{rabbit.url}?namespace=cli{project.folder.name}")
    broker.open()
    until(lambda: broker.state == "connected", "the broker")
    broker.queue("told")
    told = project.esb("send", f"rabbitmq:default?routingKey=cli{project.folder.name}.told", "--body", "tea")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("sent as ")
    until(lambda: [one.body for one in broker.browse("told")] == [b"tea"], "the message")
    lost = project.esb("send", "rabbitmq:default?routingKey=nowhere", "--body", "tea")
    assert (lost.returncode, "nowhere" in lost.stderr) == (1, True)
    broker.close()
