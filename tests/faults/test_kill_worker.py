"""Workers that are killed: at chosen places, and at random."""

import random

import pytest

from esb.testing.process import until
from tests.faults.site import ACCEPT, PREFETCH, RELAY, kill_a_worker, repeated

pytestmark = pytest.mark.broker


@pytest.mark.fault(
    "F1",
    "kill -9 of a worker between the output's confirm and the input's ack",
    "0 lost; repeats at most what was in hand, none behind the inbox",
)
def test_a_worker_killed_before_the_ack_loses_nothing(site, rabbit, record, behind_inbox):
    here = site(rabbit)
    here.publish(500)
    here.bus.start(crash_at="amqp.before-ack:3", wait=False)
    until(here.bus.fuse.exists, "the worker has died there")
    here.healed()
    here.finish()
    account = here.account()
    # Repeats carry the id of the first delivery: that is what the inbox knows them by.
    assert {one.id for one in here.found["out"]} == here.ledger.keys()
    record(account, duplicates=PREFETCH, behind_inbox=behind_inbox(here))
    assert account.duplicates > 0


@pytest.mark.fault("F2", "kill -9 of a worker after it received, before it sent", "0 lost, 0 repeated")
def test_a_worker_killed_before_it_sends_loses_and_repeats_nothing(site, rabbit, record):
    here = site(rabbit)
    here.publish(500)
    here.bus.start(crash_at="bus.receive", wait=False)
    until(here.bus.fuse.exists, "the worker has died there")
    here.healed()
    here.finish()
    record(here.account(), duplicates=0)


@pytest.mark.slow
@pytest.mark.fault(
    "F3",
    "kill -9 of a worker at random, 50 times",
    "0 lost; no message becomes a dead letter for it; none repeated behind the inbox",
)
def test_workers_killed_again_and_again_lose_nothing_and_bury_nobody(site, rabbit, record, behind_inbox):
    here = site(rabbit, routes=ACCEPT + RELAY, workers=2)
    kills = []
    chance = random.Random(3)
    here.bus.start()
    with here.posting(threads=4, pause=0.01):
        repeated(lambda: kills.append(kill_a_worker(here.bus, chance)), times=50, pause=0.6, chance=chance)
        here.healed()
        before = here.out()
        until(lambda: here.out() > before, "it flows again")
    here.finish()
    account = here.account()
    record(account, duplicates=50 * PREFETCH, behind_inbox=behind_inbox(here), measured=f"{len(kills)} kills")
    assert account.set_aside == 0
