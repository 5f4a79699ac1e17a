"""A message that kills its process, among many innocent ones in hand: it alone is put aside."""

import itertools
import json
import threading

import pytest
from running import Running

from esb.broker.contract import Outgoing
from esb.broker.open import open_broker
from esb.testing.process import until

_NAMESPACES = itertools.count(1)
ROUTES = """
- beans: [{name: work, type: "killer:work"}]
- route:
    id: orders
    from:
      uri: "bus:orders?maximumCrashes=2"
      steps:
        - process: {ref: work}
        - to: bus:done
"""
KILLER = """
import os
def work(exchange):
    if b"kill" in exchange.body:
        os._exit(9)
"""


@pytest.fixture(params=["sqlite", pytest.param("amqp", marks=pytest.mark.broker)])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:{tmp_path}/bus.db"
    node = request.getfixturevalue("rabbit")
    return f"{node.url}?namespace=killer{next(_NAMESPACES)}"


def test_the_killer_is_quarantined_and_the_others_pass(url, tmp_path):
    project = Running(tmp_path)
    project.write(ROUTES, more=f"broker: '{url}'\n")
    (tmp_path / "killer.py").write_text(KILLER)
    project.environment["PYTHONPATH"] = str(tmp_path)
    broker = open_broker(url)
    broker.open()
    try:
        until(lambda: broker.state == "connected", "the broker")
        for queue in ("orders", "done", "quarantine", "orders.dlq"):
            broker.queue(queue)
        answered = threading.Semaphore(0)
        for number in range(40):
            body = b"kill" if number == 10 else b"fine"
            broker.publish("orders", Outgoing(f"m{number}", body), lambda _error: answered.release())
        for _ in range(40):
            assert answered.acquire(timeout=30)
        project.start()
        until(lambda: broker.depth("quarantine") == 1, "the killer in quarantine", 90)
        until(lambda: broker.depth("orders") == 0, "the others", 60)
        assert [one.id for one in broker.browse("quarantine")] == ["m10"]
        assert broker.depth("orders.dlq") == 0
        assert {one.id for one in broker.browse("done")} == {f"m{number}" for number in range(40) if number != 10}
        told = json.loads(project.esb("dlq", "list", "--json").stdout)
        [letter] = told["messages"]
        assert (letter["id"], letter["queue"], letter["origin"]) == ("m10", "quarantine", "orders")
        assert "died 2 times" in letter["error"]
    finally:
        broker.close()
        project.close()
