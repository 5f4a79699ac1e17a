"""The embedded broker: killed at every statement, without room on its disk."""

import pytest

from esb.testing.process import until
from tests.faults.site import ACCEPT, PREFETCH, RELAY
from tests.faults.test_files import limit


@pytest.mark.fault(
    "F1",
    "kill -9 of a worker on the embedded broker: before and after the commit of its acks",
    "0 lost; repeats at most what was in hand, none behind the inbox",
)
@pytest.mark.parametrize("point", ["sqlite.before-commit:20", "sqlite.after-commit:20"])
def test_a_worker_killed_around_a_commit_loses_nothing(site, sqlite, record, behind_inbox, point):
    here = site(sqlite)
    here.publish(500)
    here.bus.start(crash_at=point, wait=False)
    until(here.bus.fuse.exists, "the worker has died there")
    here.healed()
    here.finish()
    assert here.store.intact()
    record(here.account(), duplicates=PREFETCH, behind_inbox=behind_inbox(here), measured=point)


@pytest.mark.slow
@pytest.mark.fault(
    "F37",
    "embedded broker: kill -9 at each statement of publish, lease, settle, one after the other",
    "0 lost; repeats at most what was in hand; the file is intact",
)
def test_a_writer_killed_at_every_statement_loses_nothing(site, sqlite, record, behind_inbox):
    # Every process dies at the N-th statement of its transactions: as each begins with another state of the file, that is another statement.
    here = site(sqlite, routes=ACCEPT + RELAY)
    crashes = 0
    for nth in (61, 83, 107, 131):
        with here.posting(threads=2, pause=0.02):
            here.bus.start(crash_at=f"sqlite.statement:{nth}", once=False, wait=False)
            wanted = crashes + 8
            until(lambda wanted=wanted: here.bus.log.count("crash point") >= wanted, "it has died again and again")
        here.bus.kill()
        crashes = here.bus.log.count("crash point")
        assert here.store.intact()
    here.bus.start()
    here.finish()
    assert here.store.intact()
    record(here.account(), duplicates=crashes * PREFETCH, behind_inbox=behind_inbox(here), measured=f"{crashes} kills")


@pytest.mark.fault(
    "F36",
    "no room for the embedded broker's file",
    "senders are told 503, nothing is acked; it goes on by itself when there is room",
)
def test_a_full_disk_refuses_and_goes_on(site, sqlite, record):
    # The limit on the size of files stands for the full disk: SQLite's write fails in the middle, as there.
    here = site(sqlite, routes=ACCEPT + RELAY, through=f"{sqlite}?publishTimeout=3")
    here.bus.start()
    [worker] = here.bus.workers()
    for key in here.keys(20):
        assert here.post(key) == 200
    limit(worker, 1000)
    for key in here.keys(5):
        assert here.post(key) == 503
    assert b"degraded" in here.bus.call("/health", port=here.bus.management)[1]
    limit(worker, -1)
    here.healed()
    until(lambda: here.post(here.keys(1)[0]) == 200, "it takes messages again")
    here.finish()
    assert here.store.intact()
    record(here.account(), duplicates=PREFETCH)
