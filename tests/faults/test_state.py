"""Groups, splits, schedules and replies that outlive the process, or must not."""

import os
import time

import pytest

from esb.broker.contract import Outgoing
from esb.testing.process import until
from tests.faults.site import ACCEPT, PREFETCH, RELAY
from tests.faults.store import client, publish

GROUPS = """
- beans:
    - name: groups
      type: esb.stores.sqlite:SqliteAggregationRepository
      constructors: {"0": "{{esb.state}}/groups.db"}
- route:
    id: collect
    from:
      uri: bus:in
      parameters: {prefetch: 5}
      steps:
        - convertBodyTo: {type: String}
        - aggregate:
            id: five
            correlationExpression: {constant: all}
            aggregationRepository: groups
            aggregationStrategy: "#class:org.apache.camel.processor.aggregate.StringAggregationStrategy"
            completionSize: 5
            completionTimeout: 6000
            steps:
              - to: bus:out
"""


IN_HAND = GROUP = 5


@pytest.mark.broker
@pytest.mark.parametrize(
    ("point", "unconfirmed"),
    [("aggregate.after-put:12", 2), ("aggregate.after-complete:2", 1), ("aggregate.before-confirm:2", 3)],
    ids=["after-put", "after-complete", "before-confirm"],
)
@pytest.mark.fault(
    "F60",
    "kill -9 with open groups of an aggregator: after a message is kept, after a group is closed, after its result is sent",
    "groups survive, none is lost, one that timed out meanwhile comes out; repeats: 5 in hand, 5 of each result that was sent and not confirmed",
)
def test_open_groups_survive_a_kill(site, rabbit, record, point, unconfirmed):
    here = site(rabbit, routes=GROUPS)
    keys = [f"k{n:03};" for n in range(23)]
    with client(rabbit) as broker:
        publish(broker, "in", keys, here.ledger)
    here.bus.start(crash_at=point, wait=False)
    until(here.bus.fuse.exists, "the worker has died there")
    here.healed()
    seen = set()

    def all_out():
        for one in here.store.take("out"):
            parts = [f"{part};" for part in one.body.decode().split(";")[:-1]]
            for part in parts:
                here.ledger.arrived(part)
            seen.update(parts)
        return len(seen) >= len(keys)

    until(all_out, "all groups are out")
    here.bus.stop()
    all_out()
    record(here.account(), duplicates=IN_HAND + unconfirmed * GROUP, measured=point)


WAIT = 20
LATER = f"""
- route:
    id: later
    from:
      uri: bus:in
      parameters: {{maximumRedeliveries: 3, redeliveryDelay: {WAIT}000}}
      steps:
        - filter:
            simple: "${{header.CamelRedelivered}} == null"
            steps:
              - throwException: {{exceptionType: java.lang.IllegalStateException, message: later}}
        - to: bus:out
"""


@pytest.mark.parametrize("broker", ["sqlite", pytest.param("rabbit", marks=pytest.mark.broker)])
@pytest.mark.fault(
    "F62",
    "kill -9 and restart while messages wait for their time, none of them in hand",
    "each comes once, and not early",
)
def test_waiting_messages_come_once_and_not_early(request, site, record, broker):
    here = site(request.getfixturevalue(broker), routes=LATER)
    here.bus.start()
    begun = time.monotonic()
    here.publish(20)
    until(lambda: here.bus.log.count("failed at") >= 20, "all wait for their second delivery")
    if broker == "rabbit":
        node = request.getfixturevalue("node")
        waits = f"{here.store.wire('in')}\t0"  # neither ready nor in hand
        until(lambda: waits in node.ctl("-q", "list_queues", "name", "messages").splitlines(), "none is in hand")
    else:
        until(lambda: here.store.depth("in") == 20, "none is in hand")
    waiting = time.monotonic()
    here.bus.kill()
    assert here.out() == 0
    here.bus.start()
    until(lambda: here.out() > 0, "the first comes")
    first = time.monotonic() - begun
    assert first >= WAIT
    here.finish()
    assert here.account().set_aside == 0
    record(
        here.account(),
        duplicates=0,
        measured=f"{broker}; killed {waiting - begun:.1f} s after the first was sent, which came after {first:.1f} s, its time being {WAIT} s",
    )


SPLIT = """
- beans:
    - name: seen
      type: esb.stores.sqlite:SqliteIdempotentRepository
      constructors: {"0": "{{esb.state}}/seen.db"}
- route:
    id: split
    from:
      uri: bus:in
      steps:
        - convertBodyTo: {type: String}
        - split:
            tokenize: "\\n"
            streaming: true
            steps:
              - to: bus:parts
- route:
    id: parts
    from:
      uri: bus:parts
      parameters: {concurrentConsumers: 4, prefetch: 50}
      steps:
        - convertBodyTo: {type: String}
        - idempotentConsumer:
            id: once
            simple: "${body}"
            idempotentRepository: seen
            steps:
              - to: bus:out
"""


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.fault(
    "F61",
    "kill -9 in the middle of a split of 100,000 parts",
    "it begins again; the inbox drops the parts that came before: each once, but for those in hand at the kill",
)
def test_a_split_that_was_killed_gives_each_part_once(site, rabbit, record):
    here = site(rabbit, routes=SPLIT)
    parts = [f"p{n}" for n in range(100_000)]
    for part in parts:
        here.ledger.invoked(part)
        here.ledger.ok(part)
    answers = []
    with client(rabbit) as broker:
        broker.queue("in")
        broker.publish("in", Outgoing("batch", "\n".join(parts).encode(), {}, "text/plain"), answers.append)
        until(lambda: answers == [None], "it is there")
    # Parts go out twice, to the queue of parts and from there: so this is about the middle.
    here.bus.start(crash_at="amqp.before-publish:80000", wait=False)
    until(here.bus.fuse.exists, "the worker has died in the middle")
    out = here.out()
    here.healed()
    begun = time.monotonic()
    here.finish(waiting=("in", "parts"), seconds=600)
    rate = (len(parts) - out) / (time.monotonic() - begun)
    record(here.account(), duplicates=PREFETCH, measured=f"{out} were out at the kill; then {rate:.0f} parts/s")


IDEMPOTENT = """
- beans:
    - name: seen
      type: esb.stores.sqlite:SqliteIdempotentRepository
      constructors: {"0": "{{esb.state}}/seen.db"}
- route:
    id: relay
    from:
      uri: bus:in
      steps:
        - idempotentConsumer:
            id: once
            header: Idempotency-Key
            idempotentRepository: seen
            steps:
              - to: bus:out
"""


@pytest.mark.broker
@pytest.mark.fault(
    "F4",
    "kill -9 of the HTTP worker between the confirm and the answer, again and again; clients send again with the same Idempotency-Key",
    "a client gets no answer (unknown); all its posts of one order have one effect",
)
def test_a_request_sent_again_after_a_kill_has_one_effect(site, rabbit, record):
    here = site(rabbit, routes=ACCEPT + IDEMPOTENT)
    here.bus.start(crash_at="http.before-answer:6", once=False)
    posts, unanswered = 0, set()
    for order in here.keys(30):
        here.ledger.invoked(order)

        def accepted(order=order):
            nonlocal posts
            posts += 1
            status = here.bus.call("/in", f"{order} {posts}".encode(), headers={"Idempotency-Key": order})[0]
            if status != 200:
                unanswered.add(f"{order} {posts}")
            return status == 200

        until(accepted, "an answer in the end")
        here.ledger.ok(order)
    kills = here.bus.log.count("crash point")
    here.healed()
    until(lambda: here.bus.status() and here.store.depth("in") == 0, "all have come through")
    until(lambda: not here.bus.status()["routes"]["relay"]["inflight"], "all are settled")
    here.bus.stop()
    effects = {one.body.decode() for one in here.store.take("out")}
    for effect in effects:
        here.ledger.arrived(effect.partition(" ")[0])
    through = len(effects & unanswered)
    assert kills > 0
    assert through > 0
    record(
        here.account(),
        duplicates=0,
        measured=f"{kills} kills; {posts} posts of 30 orders, {len(unanswered)} without an answer, of which {through} have had their effect",
    )


BACKLOG = int(os.environ.get("ESB_FAULT_BACKLOG", "200000"))


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.fault(
    "F54",
    "a backlog of 200,000 messages at the start (ESB_FAULT_BACKLOG sets another number)",
    "memory bounded by prefetch; drained in proportion",
)
def test_a_backlog_does_not_fill_the_memory(site, rabbit, record):
    here = site(rabbit)
    for _ in range(BACKLOG // 20_000):
        here.publish(20_000, size=1024)
    here.bus.start()
    begun, peak, half = time.monotonic(), 0, 0.0

    def through():
        nonlocal peak, half
        peak = max([peak, *(worker["memory"] for worker in here.bus.status().get("workers", []))])
        out = here.out()
        if not half and out >= BACKLOG // 2:
            half = time.monotonic() - begun
        return out == BACKLOG

    until(through, "all are out", 60 + BACKLOG / 500)
    whole = time.monotonic() - begun
    assert peak < 120 << 20
    here.finish()
    record(
        here.account(),
        duplicates=0,
        measured=f"half after {half:.0f} s, all after {whole:.0f} s ({BACKLOG / whole:.0f} messages/s), at most {peak >> 20} MiB a worker",
    )


@pytest.mark.broker
@pytest.mark.fault(
    "F55",
    "a slow consumer behind a fast sender, with a bounded queue",
    "the sender is held back (503), memory stays flat, nothing is lost",
)
def test_a_fast_sender_is_held_back(site, rabbit, record):
    slow = RELAY.replace("        - to: bus:out", "        - delay: {constant: 20}\n        - to: bus:out")
    here = site(rabbit, routes=ACCEPT + slow, through=f"{rabbit}&maxLength=200")
    here.bus.start()
    with here.posting(threads=8) as statuses:
        until(lambda: statuses.count(503) > 20, "the sender is told to wait")
    [worker] = here.bus.status()["workers"]
    assert worker["memory"] < 120 << 20
    here.finish()
    record(here.account(), duplicates=0, measured=f"{statuses.count(503)} of {len(statuses)} were told 503")
