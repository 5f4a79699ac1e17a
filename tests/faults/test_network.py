"""What the network between the bus and the broker can do."""

import random
import time

import pytest

from esb.testing.process import until
from tests.faults.site import ACCEPT, NARROW, RELAY, repeats
from tests.faults.test_broker_away import more

pytestmark = [pytest.mark.broker, pytest.mark.slow]
HEARTBEAT = 4
SLACK = 2.0
"""Seconds for the log to be written and read."""


def noticed(here, begun):
    """Seconds until both connections were given up, which must be within two heartbeats."""
    until(lambda: here.bus.log.count("lost the connection") >= 2, "the silence is noticed")
    seconds = time.monotonic() - begun
    assert seconds <= 2 * HEARTBEAT + SLACK
    return f"noticed after {seconds:.1f} s with a heartbeat of {HEARTBEAT} s"


@pytest.mark.fault(
    "F10",
    "TCP resets between bus and broker, 10 times under load",
    "0 lost; repeats at most what was in hand and unconfirmed, none behind the inbox",
)
def test_resets_lose_nothing(site, rabbit, through, proxy, record, behind_inbox):
    here = site(rabbit, routes=ACCEPT + NARROW, through=through)
    here.bus.start()
    with here.posting(threads=8, pause=0.005):
        for _ in range(10):
            more(here, 30)
            assert proxy.reset() >= 1
        here.healed()
        more(here)
    here.finish()
    record(here.account(), duplicates=10 * repeats(8), behind_inbox=behind_inbox(here))


@pytest.mark.fault(
    "F11",
    "black hole: packets to and from the broker vanish",
    "noticed within 2 heartbeats; no route is stuck afterwards",
)
def test_a_black_hole_is_noticed_and_left(site, rabbit, through, proxy, record, behind_inbox):
    here = site(rabbit, routes=ACCEPT + NARROW, through=f"{through}&heartbeat={HEARTBEAT}&publishTimeout=4")
    here.bus.start()
    with here.posting(threads=8, pause=0.01):
        more(here)
        proxy.black_hole()
        measured = noticed(here, time.monotonic())
        proxy.heal()
        here.healed()
        more(here)
    here.finish()
    record(here.account(), duplicates=repeats(8), behind_inbox=behind_inbox(here), measured=measured)


@pytest.mark.fault(
    "F12",
    "half-open: the broker has forgotten the connections, the bus still sends",
    "as F11; what is unconfirmed is sent again",
)
def test_half_open_connections_lose_nothing(site, rabbit, through, proxy, record, behind_inbox):
    here = site(rabbit, routes=ACCEPT + NARROW, through=f"{through}&heartbeat={HEARTBEAT}")
    here.bus.start()
    with here.posting(threads=8, pause=0.01):
        more(here)
        assert proxy.forget() == 2
        here.healed()
        measured = noticed(here, time.monotonic())
        more(here)
    here.finish()
    record(here.account(), duplicates=repeats(8), behind_inbox=behind_inbox(here), measured=measured)


@pytest.mark.fault(
    "F13",
    "latency of 200 ms and up to 200 ms more, each way",
    "no timeouts, no repeats; the pipeline keeps the line full",
)
def test_latency_costs_no_message(site, rabbit, through, proxy, record):
    wide = RELAY.replace("prefetch: 50", "prefetch: 1000")
    here = site(rabbit, routes=wide, through=f"{through}&window=1000")
    here.publish(4000)
    proxy.latency(0.2, 0.2)
    here.bus.start()
    until(lambda: here.out() > 0, "the first is out")  # declaring takes many round trips
    begun, first = time.monotonic(), here.out()
    until(lambda: here.out() == 4000, "all are out")
    rate = (4000 - first) / (time.monotonic() - begun)
    here.finish()
    assert proxy.accepted == 2  # no connection was given up
    one_by_one = 1 / 0.6  # a message that waits for its confirm before the next is sent: 0.2 to 0.4 s each way
    assert rate > 20 * one_by_one
    record(here.account(), duplicates=0, measured=f"{rate:.0f} messages/s; one by one it would be 1.7")


@pytest.mark.fault(
    "F14", "connections in slices of 1 byte, and cuts in the middle of frames", "the protocol survives, 0 lost"
)
def test_slices_and_cuts_lose_nothing(site, rabbit, through, proxy, record, behind_inbox):
    here = site(rabbit, routes=ACCEPT + NARROW, through=through)
    chance = random.Random(14)
    proxy.slice(1)
    here.bus.start()
    with here.posting(threads=4, pause=0.01):
        more(here, 50)
        for _ in range(5):
            accepted = proxy.accepted
            proxy.cut_after(chance.randrange(200, 5000))
            until(lambda accepted=accepted: proxy.accepted > accepted, "it was cut, and came back")
        proxy.heal()
        here.healed()
        more(here, 50)
    here.finish()
    record(here.account(), duplicates=5 * repeats(4), behind_inbox=behind_inbox(here))


@pytest.mark.fault(
    "F24", "a message is worked on for longer than 2 heartbeats", "the connection stays up, the message is acked once"
)
def test_long_work_keeps_the_connection(site, rabbit, through, proxy, record):
    slow = RELAY.replace("        - to: bus:out", "        - delay: {constant: 7000}\n        - to: bus:out")
    here = site(rabbit, routes=slow, through=f"{through}&heartbeat=2")
    here.publish(4)
    here.bus.start()
    here.finish()
    assert proxy.accepted == 2
    record(here.account(), duplicates=0, measured="7 s of work, heartbeat of 2 s")
