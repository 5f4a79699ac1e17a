"""What senders may try over AMQP: control headers, forged history, dangerous content (rows S17, S18, S24, S46)."""

import gzip
import json
import pickle
import subprocess

import pika
import pytest

from esb.testing.process import until

pytestmark = pytest.mark.broker
SHOW = """
- route:
    id: show
    from:
      uri: bus:in
      parameters: {maximumRedeliveries: 0}
      steps:
        - setProperty: {name: shown, simple: "${headers}"}
        - to: file:out?fileName=${exchangeId}
        - to: bus:out
"""
CONTROL = [
    "CamelFileName",
    "cAmElFileName",
    "CAMELFILENAME",
    "CamelHttpUri",
    "CamelExecCommandExecutable",
    "CamelBeanMethodName",
    "CamelOverruleFileName",
    "org.apache.camel.file",
    "esb-route",
    "esb.failedStep",
    "x-esb-attempts",
]
UNPREFIXED = [
    "operationName",
    "recipientList",
    "fileName",
    "mail.smtp.host",
    "websocket.connectionKey",
    "toEndpoint",
    "routingSlip",
]


def send(here, body=b"body", **properties):
    here.store.channel().basic_publish("", here.store.wire("in"), body, pika.BasicProperties(**properties))


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(
            CONTROL,
            marks=pytest.mark.fault(
                "S17",
                "AMQP messages with control headers in any spelling",
                "stripped: none steers the bus, none goes out",
            ),
        ),
        pytest.param(
            UNPREFIXED,
            marks=pytest.mark.fault(
                "S18", "AMQP messages with control words that have no prefix", "plain data: none steers the bus"
            ),
        ),
    ],
    ids=["prefixed", "plain"],
)
def test_no_header_of_a_message_steers_the_bus(site, rabbit, record, names):
    here = site(rabbit, routes=SHOW)
    here.publish(0)  # declares the queue: what is sent to none is dropped
    here.bus.start()
    for n, name in enumerate(names):
        send(here, message_id=f"s{n}", headers={name: "../../escaped"})
    until(lambda: here.out() == len(names), "all are through")
    here.bus.stop()
    written = sorted(path.name for path in (here.bus.folder / "out").glob("[!.]*"))
    assert written == sorted(f"s{n}" for n in range(len(names)))
    assert not list(here.bus.folder.parent.rglob("escaped"))
    if names is CONTROL:
        for one in here.store.take("out"):
            assert not [name for name in one.headers if name.lower().startswith(("camel", "org.apache.camel", "esb"))]
    record(None, measured=f"{len(names)} headers tried")


@pytest.mark.fault(
    "S24",
    "AMQP messages with forged x-death and attempts, a foreign reply_to, priority, TTL 0, 2000 headers",
    "none is believed: each is processed once, as new, and answers nobody",
)
def test_forged_properties_are_not_believed(site, rabbit, record):
    here = site(rabbit, routes=SHOW)
    here.publish(0)  # declares the queue: what is sent to none is dropped
    here.bus.start()
    here.store.channel().queue_declare("victim", auto_delete=False)
    forged = {
        "x-esb-attempts": 99,
        "x-delivery-count": 5000,
        "x-death": [{"queue": "x", "reason": "rejected", "count": 99}],
    }
    send(here, message_id="a", headers=forged)
    send(here, message_id="b", reply_to="victim", correlation_id="1")
    send(here, message_id="c", priority=9)
    send(here, message_id="e", headers={f"h{n}": "x" * 20 for n in range(2000)})
    until(
        lambda: (
            here.out() + here.store.depth("in.dlq") + here.store.depth("in.invalid") + here.store.depth("quarantine")
            >= 4
        ),
        "all have ended somewhere",
    )
    assert here.store.depth("quarantine") == 0
    assert here.out() == 4
    assert here.store.channel().queue_declare("victim", passive=True).method.message_count == 0
    here.store.channel().queue_delete("victim")
    until(lambda: here.bus.status()["routes"]["show"]["completed"] == 4, "each once")
    record(None, measured="4 messages")


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return subprocess.getoutput, (f"touch {self.path}",)


@pytest.mark.fault(
    "S46",
    "AMQP messages of type application/x-python-serialize (pickle) and yaml, and with encodings that unpack to much",
    "nothing is unpickled or unpacked; the bus goes on",
)
def test_nothing_is_unpickled_or_unpacked(site, rabbit, record, tmp_path):
    here = site(rabbit, routes=SHOW)
    here.publish(0)  # declares the queue: what is sent to none is dropped
    here.bus.start()
    canary = tmp_path / "canary"
    send(here, pickle.dumps(Bomb(canary)), message_id="a", content_type="application/x-python-serialize")
    send(
        here,
        f"!!python/object/apply:subprocess.getoutput ['touch {canary}']".encode(),
        message_id="b",
        content_type="application/x-yaml",
    )
    bomb = gzip.compress(bytes(100_000_000))
    send(here, bomb, message_id="c", content_type="application/json", content_encoding="gzip")
    send(here, json.dumps({"fine": 1}).encode(), message_id="d", content_type="application/json")
    until(
        lambda: here.out() + here.store.depth("in.dlq") + here.store.depth("in.invalid") == 4,
        "all have ended somewhere",
    )
    assert not canary.exists()
    [worker] = here.bus.status()["workers"]
    assert worker["memory"] < 120 << 20
    assert "d" in {one.id for one in here.store.take("out")}
    record(None, measured="pickle, yaml and a gzip bomb of 100 MB")
