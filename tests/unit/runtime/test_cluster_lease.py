"""The lease across hosts, on a broker in memory that its candidates share."""

import threading

import pytest

from esb.broker.memory import MemoryBroker
from esb.broker.memory_store import MemoryStore
from esb.errors import ProjectError
from esb.project import Project
from esb.runtime.cluster import ClusterLease, lease_of
from esb.runtime.lease import Lease
from esb.testing.process import until


class Candidate:
    """A worker on a host of its own."""

    def __init__(self, store, folder):
        self.broker = MemoryBroker(store)
        self.broker.open()
        self.lease = ClusterLease(
            Lease(folder / "file", 0.01), lambda: self.broker, "lease.trial", renew=0.05, patience=1.0, grace=0.05
        )
        self.running = False
        self.starts = 0
        self.lease.when_held(self.start, self.stop)

    def start(self):
        self.starts += 1
        self.running = True

    def stop(self):
        self.running = False

    def die(self):
        """As a process that is killed: the broker gives back what it held, and the lease is asked nothing."""
        self.broker.close(0.1)


@pytest.fixture
def candidate(tmp_path):
    store, made = MemoryStore(), []

    def make(host):
        made.append(Candidate(store, tmp_path / host))
        return made[-1]

    yield make
    for each in made:
        each.lease.close()
        each.broker.close(0.1)


def test_of_several_hosts_one_runs_the_exclusive_sources(candidate):
    hosts = [candidate(name) for name in ("a", "b", "c")]
    until(lambda: any(each.running for each in hosts))
    for _ in range(50):
        assert sum(each.running for each in hosts) <= 1
        threading.Event().wait(0.005)


def test_another_host_takes_over_from_one_that_gives_the_lease_back(candidate):
    first = candidate("a")
    until(lambda: first.running)
    second = candidate("b")
    first.lease.close()
    assert not first.lease.held
    until(lambda: second.running)


def test_another_host_takes_over_from_one_that_dies_and_the_dead_one_stops(candidate):
    first = candidate("a")
    until(lambda: first.running)
    second = candidate("b")
    first.die()
    until(lambda: second.running)
    until(lambda: not first.running)


def test_a_worker_that_gets_no_tokens_any_more_takes_itself_for_dead_and_comes_back(candidate):
    first = candidate("a")
    until(lambda: first.running)
    publish, first.broker.publish = first.broker.publish, lambda *_: None
    until(lambda: not first.running)
    assert not first.lease.held
    first.broker.publish = publish
    until(lambda: first.running and first.starts >= 2)


def test_a_source_that_comes_later_starts_at_once_and_one_that_goes_starts_no_more(candidate):
    first = candidate("a")
    until(lambda: first.running)
    late = []
    first.lease.when_held(lambda: late.append(1))
    assert late[0] == 1
    second = candidate("b")
    gone = []
    second.lease.when_held(lambda: gone.append(1))()
    first.lease.close()
    until(lambda: second.running)
    assert gone == []


def test_workers_of_one_host_settle_it_among_themselves(candidate, tmp_path):
    first = candidate("a")
    until(lambda: first.running)
    second = candidate("a")
    first.lease.close()
    until(lambda: second.running)


def test_tokens_do_not_pile_up(candidate):
    hosts = [candidate(name) for name in ("a", "b")]
    until(lambda: any(each.running for each in hosts))
    for _ in range(60):
        threading.Event().wait(0.005)
    until(lambda: hosts[0].broker.depth("lease.trial") <= 4)


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ("broker: 'amqp://a/'", ClusterLease),
        ("broker: 'amqp://a/'\nlease: host", Lease),
        ("project: x", Lease),
        ("lease: host", Lease),
    ],
)
def test_the_lease_is_the_clusters_where_the_broker_is_rabbitmq(tmp_path, config, kind):
    (tmp_path / "esb.yaml").write_text(f"{config}\n")
    assert isinstance(lease_of(Project.open(tmp_path), lambda: None), kind)


def test_a_cluster_without_a_shared_broker_is_refused(tmp_path):
    (tmp_path / "esb.yaml").write_text("lease: cluster\n")
    with pytest.raises(ProjectError, match="needs a broker that several hosts share"):
        lease_of(Project.open(tmp_path), lambda: None)
