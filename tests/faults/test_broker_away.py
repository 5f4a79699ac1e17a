"""The broker is killed, stopped, absent, or takes nothing."""

import json

import pytest

from esb.testing.process import until
from tests.faults.site import ACCEPT, PREFETCH, RELAY

pytestmark = [pytest.mark.broker, pytest.mark.slow]
WINDOW = 500
"""Publishes that may be unconfirmed at one moment, by default."""


def more(here, count=200):
    """Wait until so many more messages are accepted."""
    taken = len(here.ledger.keys("ok"))
    until(lambda: len(here.ledger.keys("ok")) >= taken + count, "messages flow")


@pytest.mark.fault("F5", "kill -9 of the broker, and its restart", "0 of the accepted lost; HTTP answers 503 meanwhile")
def test_a_killed_broker_loses_nothing_that_was_accepted(site, rabbit, node, record, behind_inbox):
    here = site(rabbit, routes=ACCEPT + RELAY, through=f"{rabbit}&publishTimeout=3")
    here.bus.start()
    with here.posting(pause=0.005) as statuses:
        more(here)
        node.persist_queues()
        node.kill()
        answered = len(statuses)
        until(lambda: 503 in statuses[answered:], "senders are told to come again")
        node.start()
        here.healed()
        more(here)
    here.finish()
    record(here.account(), duplicates=WINDOW + PREFETCH, behind_inbox=behind_inbox(here))


@pytest.mark.fault("F6", "the broker is stopped and started in good order", "as F5; everything is declared again")
def test_a_stopped_broker_loses_nothing(site, rabbit, node, record, behind_inbox):
    here = site(rabbit, routes=ACCEPT + RELAY, through=f"{rabbit}&publishTimeout=3")
    here.bus.start()
    with here.posting(pause=0.005):
        more(here)
        node.ctl("stop_app")
        node.ctl("start_app")
        here.healed()
        more(here)
    here.finish()
    assert "320" in here.bus.log  # connection-forced: the broker said goodbye, and the log says so
    record(here.account(), duplicates=WINDOW + PREFETCH, behind_inbox=behind_inbox(here))


@pytest.mark.fault(
    "F7",
    "the broker is absent at the start of the bus",
    "the bus starts, waits and says so; it flows soon after the broker is there",
)
def test_a_bus_without_its_broker_starts_and_waits(site, rabbit, node, record):
    node.kill()
    here = site(rabbit, routes=ACCEPT + RELAY, through=f"{rabbit}&publishTimeout=2")
    here.bus.start()
    status, told = here.bus.call("/health", port=here.bus.management)
    assert (status, json.loads(told)["status"]) == (200, "degraded")
    assert here.post("early") == 503
    node.start()
    with here.posting(pause=0.01):
        here.healed()
        more(here)
    until(lambda: b'"up"' in here.bus.call("/health", port=here.bus.management)[1], "health is up")
    here.finish()
    record(here.account(), duplicates=0)


CONSUME = """
- route:
    id: consume
    from:
      uri: bus:work
      steps:
        - to: file:done
"""
MEMORY = ("set_vm_memory_high_watermark", "0.0001", "0.4")
DISK = ("set_disk_free_limit", "1000000000000000", "50MB")


@pytest.mark.parametrize(
    ("what", "short", "enough"),
    [
        pytest.param(
            *MEMORY,
            marks=pytest.mark.fault(
                "F8", "memory alarm of the broker", "publishers are held and told 503, consumers go on, nothing hangs"
            ),
        ),
        pytest.param(*DISK, marks=pytest.mark.fault("F9", "disk alarm of the broker", "as F8")),
    ],
    ids=["memory", "disk"],
)
def test_an_alarm_stops_publishers_and_not_consumers(site, rabbit, node, record, what, short, enough):
    here = site(rabbit, routes=ACCEPT + RELAY + CONSUME, through=f"{rabbit}&publishTimeout=2")
    work = here.publish(20, "work")
    try:
        node.ctl(what, short)
        here.bus.start()
        done = here.bus.folder / "done"
        until(lambda: done.exists() and len(list(done.glob("[!.]*"))) == len(work), "consumers go on")
        for n in range(3):
            assert here.post(f"blocked{n}") == 503
        health = json.loads(here.bus.call("/health", port=here.bus.management)[1])
        assert health["status"] == "degraded"
    finally:
        node.ctl(what, enough)
    with here.posting(pause=0.01):
        here.healed()
        more(here, 50)
    for path in done.glob("[!.]*"):
        here.ledger.arrived(path.read_text().strip(), "done")
    here.finish()
    record(here.account(), duplicates=0)
