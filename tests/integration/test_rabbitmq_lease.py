"""The lease of a cluster on a real RabbitMQ that closes connections or answers nothing for a while."""

import itertools
import threading

import pytest

from esb.broker.open import open_broker
from esb.runtime.cluster import ClusterLease
from esb.runtime.lease import Lease
from esb.testing.process import until

pytestmark = pytest.mark.broker
_NAMES = itertools.count(1)


class Hosts:
    """Some candidates, and how many of them ran their sources at the same time at most."""

    def __init__(self, node, folder, count):
        self.running = set()
        self.most = self.starts = 0
        self._lock = threading.Lock()
        namespace = f"lease{next(_NAMES)}"
        self.brokers, self.leases = [], []
        for number in range(count):
            broker = open_broker(f"{node.url}?namespace={namespace}")
            broker.open()
            lease = ClusterLease(
                Lease(folder / str(number), 0.05),
                lambda broker=broker: broker,
                "lease",
                renew=0.3,
                patience=4.0,
                grace=3.0,
            )
            lease.when_held(
                lambda number=number: self.change(number, "add"), lambda number=number: self.change(number, "discard")
            )
            self.brokers.append(broker)
            self.leases.append(lease)

    def change(self, number, how):
        with self._lock:
            getattr(self.running, how)(number)
            self.starts += how == "add"
            self.most = max(self.most, len(self.running))

    def close(self):
        for lease in self.leases:
            lease.close()
        for broker in self.brokers:
            broker.close()


@pytest.fixture
def hosts(rabbit, tmp_path):
    made = Hosts(rabbit, tmp_path, 3)
    until(lambda: made.running)
    yield made
    made.close()


def test_when_the_broker_closes_every_connection_one_host_runs_again_and_never_two(rabbit, hosts):
    for _ in range(2):
        before = hosts.starts
        rabbit.ctl("close_all_connections", "trial")
        until(lambda before=before: hosts.starts > before)
    assert hosts.most == 1


def test_while_the_broker_answers_nothing_no_host_runs_and_then_one_does(rabbit, hosts):
    rabbit.freeze()
    try:
        until(lambda: not hosts.running)
    finally:
        rabbit.thaw()
    until(lambda: hosts.running)
    assert hosts.most == 1
