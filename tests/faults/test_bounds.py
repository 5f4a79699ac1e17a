"""Messages that are too large, answers that come too late."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from esb.testing.process import until
from tests.faults.site import ACCEPT, RELAY, held

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
    "replies that come after the requester has given up, within the process (seda)",
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


ASK = """
- route:
    id: ask
    from:
      uri: platform-http:/ask
      steps:
        - convertBodyTo: {type: String}
        - to: {uri: "rabbitmq:default", parameters: {routingKey: work, exchangePattern: InOut, replyTimeout: 400}}
- route:
    id: work
    from:
      uri: rabbitmq:default
      parameters: {queues: work, concurrentConsumers: 10}
      steps:
        - convertBodyTo: {type: String}
        - filter:
            simple: "${body} starts with 'slow'"
            steps:
              - delay: {constant: 1200}
        - setBody: {simple: "reply to ${body}"}
"""
ROUND = 60


@pytest.mark.broker
@pytest.mark.fault(
    "F63",
    "replies over RabbitMQ that come after the requester has given up, in rounds of 60",
    "the requester is told a failure, the correlation expires; late replies are counted and dropped; nothing is left",
)
def test_late_replies_over_rabbitmq_leave_nothing(site, rabbit, record):
    here = site(rabbit, routes=ASK)
    here.bus.start()
    sizes = []
    for done in range(1, 4):
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda n: here.bus.call("/ask", f"slow {n}".encode()), range(ROUND)))
        assert all(status >= 500 and b"reply to" not in body for status, body in answers)
        until(
            lambda done=done: here.bus.log.count("a reply came too late") == done * ROUND,
            "all late replies are counted",
        )
        # Who asks now gets his own answer, not one of those.
        until(lambda: here.bus.call("/ask", b"quick")[1] == b"reply to quick", "requests and replies go on")
        until(
            lambda: not any(route["inflight"] for route in here.bus.status()["routes"].values()), "nothing is in flight"
        )
        [worker] = here.bus.children()
        sizes.append(held(worker))
    told = []
    for name, before, after, room in zip(
        ("threads", "descriptors", "MiB"), sizes[0], sizes[-1], (8, 8, 5), strict=True
    ):
        assert after <= before + room, f"{name}: {before} to {after}"
        told.append(f"{before} → {after} {name}")
    record(
        None, measured=f"{3 * ROUND} late replies counted; after the first round and after the last: {', '.join(told)}"
    )
