"""``esb bus move`` from the embedded broker to RabbitMQ, killed in the middle."""

import itertools
import json
import signal
import subprocess
import sys
import threading

import pytest
from running import Running

from esb.broker.contract import Outgoing
from esb.broker.move import move
from esb.broker.open import open_broker
from esb.errors import Rejected
from esb.testing.broker_trial import message, publish
from esb.testing.process import until

_NAMESPACES = itertools.count(1)
ROUTES = """
- route: {id: orders, from: {uri: "bus:orders?exclusive=true", steps: [{to: "bus:done"}]}}
- route: {id: news, from: {uri: "bus:topic:news?subscription=erp", steps: [{to: "bus:done"}]}}
"""
COUNT = 5000

pytestmark = pytest.mark.broker


def filled(url):
    broker = open_broker(url)
    broker.open()
    until(lambda: broker.state == "connected", "the broker")
    broker.queue("orders", exclusive=True)
    broker.queue("old")
    subscription = broker.bind("news", "erp")
    answered = threading.Semaphore(0)
    for number in range(COUNT):
        message = Outgoing(f"m{number}", b"x" * 500, {"n": number}, attempts=number % 2, published_at=1.7e9)
        broker.publish("orders", message, lambda _error: answered.release())
    for queue in ("old", subscription):
        broker.publish(queue, Outgoing(f"m-{queue}", b"x"), lambda _error: answered.release())
    for _ in range(COUNT + 2):
        assert answered.acquire(timeout=30)
    broker.close()


def test_a_move_that_is_killed_and_repeated_brings_everything_once(rabbit, tmp_path):
    url = f"{rabbit.url}?namespace=moved{next(_NAMESPACES)}"
    filled(f"sqlite:{tmp_path}/bus.db")
    project = Running(tmp_path)
    project.write(ROUTES, more="broker: 'sqlite:bus.db'\n")
    target = open_broker(url)
    target.open()
    try:
        until(lambda: target.state == "connected", "RabbitMQ")
        target.queue("orders", exclusive=True)
        command = [sys.executable, "-m", "esb", "-C", str(tmp_path), "bus", "move", "--to", url]
        child = subprocess.Popen(command, env=project.environment, stdout=subprocess.PIPE)
        until(lambda: target.depth("orders") > 200 or child.poll() is not None, "the first messages")
        child.send_signal(signal.SIGKILL)
        child.communicate()
        done = project.esb("bus", "move", "--to", url, "--json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert set(told["left"].values()) == {0}
        moved = []
        target.sweep("orders", lambda page: moved.extend(page) or ())
        assert [(one.id, one.attempts) for one in moved] == [(f"m{n}", n % 2) for n in range(COUNT)]
        assert moved[7].headers == {"n": 7}
        for queue, id in (("old", "m-old"), ("topic:news:erp", "m-topic:news:erp")):
            target.queue(queue) if queue == "old" else target.bind("news", "erp")
            assert [one.id for one in target.browse(queue)] == [id]
        again = json.loads(project.esb("bus", "move", "--to", url, "--json").stdout)
        assert again["queues"] == []
        noted = (tmp_path / "state" / "audit.jsonl").read_text()
        assert "bus move" in noted
        assert "guest:guest" not in noted
    finally:
        target.close()
        project.close()


def test_a_broker_is_not_moved_to_itself_under_another_name(rabbit):
    url = f"{rabbit.url}?namespace=moved{next(_NAMESPACES)}"
    here, there = open_broker(url), open_broker(url)
    try:
        for broker in (here, there):
            broker.open()
            until(lambda broker=broker: broker.state == "connected", "RabbitMQ")
            broker.queue("orders")
        publish(here, "orders", *(message(f"m{n}") for n in range(300)))
        with pytest.raises(Rejected, match="the same one"):
            move(here, there, "orders")
        until(lambda: there.depth("orders") == 300, "all messages are given back")
    finally:
        here.close()
        there.close()


def test_a_running_bus_is_not_moved_and_a_dry_run_moves_nothing(tmp_path):
    project = Running(tmp_path)
    project.write(ROUTES, more="broker: 'sqlite:bus.db'\n")
    filled(f"sqlite:{tmp_path}/bus.db")
    told = json.loads(project.esb("bus", "move", "--to", f"sqlite:{tmp_path}/other.db", "--dry-run", "--json").stdout)
    assert told["left"]["orders"] == COUNT
    assert not (tmp_path / "other.db").exists()
    try:
        project.start().ready()
        refused = project.esb("bus", "move", "--to", f"sqlite:{tmp_path}/other.db")
        assert refused.returncode == 1
        assert "stop it first" in refused.stderr
    finally:
        project.close()
