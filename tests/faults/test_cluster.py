"""Three RabbitMQ nodes on one machine, and what happens when one is lost."""

import pytest

from esb.testing.rabbitmq_cluster import RabbitCluster
from tests.faults.site import ACCEPT, NARROW, repeats
from tests.faults.test_broker_away import more

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.mark.fault(
    "F17",
    "kill -9 of the node that leads a quorum queue, of three",
    "0 lost, no dead letters; it goes on with the other two",
)
def test_a_lost_leader_is_followed_by_another(site, record, behind_inbox):
    with RabbitCluster() as cluster:
        # The test itself looks through the last node; the bus knows them all.
        last = cluster.nodes[-1]
        here = site(
            f"{last.url}?namespace=three",
            routes=ACCEPT + NARROW,
            through=f"{cluster.url}?namespace=three&publishTimeout=20",
        )
        here.bus.start()
        with here.posting(threads=4, pause=0.01):
            more(here)
            for node in cluster.nodes:
                node.persist_queues()
            victim = cluster.leader("three.in")
            if victim is last:  # the test needs its own window
                victim = cluster.nodes[0]
            victim.kill()
            here.healed()
            more(here)
        here.finish()
        account = here.account()
        assert account.set_aside == 0
        record(account, duplicates=repeats(4), behind_inbox=behind_inbox(here))
