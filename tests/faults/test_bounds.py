"""Messages that are too large, clocks that jump, answers that come too late."""

import pytest

from esb.testing.process import until
from tests.faults.site import ACCEPT, RELAY

REPLY = """
- route:
    id: ask
    from:
      uri: platform-http:/ask
      steps:
        - to: {uri: "seda:work?waitForTaskToComplete=Always&timeout=500"}
- route:
    id: work
    from:
      uri: seda:work
      steps:
        - delay: {constant: 1500}
        - setBody: {constant: late}
"""


@pytest.mark.fault("F53", "a message of 100 MB over HTTP", "413; memory bounded; the next one passes")
def test_a_huge_request_is_refused(site, sqlite, record):
    here = site(sqlite, routes=ACCEPT + RELAY)
    here.bus.start()
    # The answer may come, and the connection be closed, before all of it is sent.
    assert here.bus.call("/in", b"x" * 100_000_000)[0] in {0, 413}
    [worker] = here.bus.status()["workers"]
    assert worker["memory"] < 120 << 20
    assert here.post(here.keys(1)[0]) == 200
    here.finish()
    record(here.account(), duplicates=0, measured=f"{worker['memory'] >> 20} MiB")


@pytest.mark.fault(
    "F63",
    "replies that come after the requester has given up",
    "the requester is told a failure; late replies harm nobody and nothing is left",
)
def test_late_replies_leave_nothing(site, sqlite, record):
    here = site(sqlite, routes=REPLY)
    here.bus.start()
    answers = [here.bus.call("/ask", b"x") for _ in range(5)]
    assert all(status >= 500 and b"late" not in body for status, body in answers)
    until(
        lambda: all(route["inflight"] == 0 for route in here.bus.status()["routes"].values()),
        "nothing is left in flight",
    )
    record(None, measured="5 requests")
