"""The broker is killed, stopped, absent."""

import pytest

from esb.testing.process import until
from tests.faults.site import ACCEPT, PREFETCH, RELAY

pytestmark = [pytest.mark.broker, pytest.mark.slow]
WINDOW = 500


@pytest.mark.fault("F5", "kill -9 of the broker, and its restart", "0 of the accepted lost; HTTP answers 503 meanwhile")
def test_a_killed_broker_loses_nothing_that_was_accepted(site, rabbit, node, record, behind_inbox):
    here = site(rabbit, routes=ACCEPT + RELAY, through=f"{rabbit}&publishTimeout=3")
    here.bus.start()
    with here.watched(), here.posting(pause=0.005) as statuses:
        until(lambda: len(here.ledger.keys("ok")) > 300, "messages flow")
        node.persist_queues()
        node.kill()
        answered = len(statuses)
        until(lambda: 503 in statuses[answered:], "senders are told to come again")
        node.start()
        here.healed()
        taken = len(here.ledger.keys("ok"))
        until(lambda: len(here.ledger.keys("ok")) > taken + 300, "messages flow again")
    here.finish()
    record(here.account(), duplicates=WINDOW + PREFETCH, behind_inbox=behind_inbox(here))
