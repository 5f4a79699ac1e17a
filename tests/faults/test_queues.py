"""Queues that refuse, vanish, or hold what cannot be processed."""

import pytest

from esb.broker.dead_letters import letters
from esb.testing.process import until
from tests.faults.site import ACCEPT
from tests.faults.store import Found, again, client, publish

pytestmark = pytest.mark.broker


@pytest.mark.fault(
    "F15", "the queue is full (reject-publish)", "a refusal is a failure: the sender gets 503, a file stays where it is"
)
def test_a_full_queue_is_told_to_every_sender(site, rabbit, record):
    files = """
- route:
    id: files
    from:
      uri: file:inbox?initialDelay=0&delay=200
      steps:
        - to: bus:in
"""
    here = site(rabbit, routes=ACCEPT + files, through=f"{rabbit}&maxLength=100")
    here.bus.start()
    until(lambda: 503 in [here.post(key) for key in here.keys(20)], "the queue is full")
    here.bus.write("inbox/late", "late")
    here.ledger.invoked("late")
    until(lambda: "files: exchange" in here.bus.log, "the file was refused, and the log says so")
    assert (here.bus.folder / "inbox/late").exists()
    assert here.store.depth("in") <= 100 + 20
    for key in here.keys(5):
        assert here.post(key) == 503
    here.collect("in")
    here.healed()
    until(lambda: not (here.bus.folder / "inbox/late").exists(), "there is room again, and the file is taken")
    here.ledger.ok("late")
    here.finish(out="in", waiting=())
    record(here.account(), duplicates=0)


@pytest.mark.fault(
    "F16", "the queue is deleted under the bus (unroutable)", "a returned message is a failure, never success"
)
def test_an_unroutable_message_is_never_a_success(site, rabbit, node, record):
    here = site(rabbit, routes=ACCEPT)
    here.bus.start()
    assert here.post("before") == 200
    here.collect("in")
    node.ctl("delete_queue", here.store.wire("in"))
    assert here.post("returned") >= 500
    here.finish(out="in", waiting=())
    account = here.account()
    assert account.recovered == 0
    record(account, duplicates=0)


POISON = """
- route:
    id: relay
    from:
      uri: bus:in
      parameters: {concurrentConsumers: 4, prefetch: 50, maximumRedeliveries: 2, redeliveryDelay: 200}
      steps:
        - filter:
            simple: "${body} contains 'bad'"
            steps:
              - throwException: {exceptionType: java.lang.IllegalStateException, message: this one never works}
        - to: bus:out
"""


@pytest.mark.fault(
    "F20",
    "messages whose route always fails, among good ones",
    "dead letters with cause, route and attempts; their neighbours pass",
)
def test_poison_goes_to_the_dead_letters_and_others_pass(site, rabbit, record):
    here = site(rabbit, routes=POISON)
    with client(rabbit) as broker:
        here.publish(300)
        bad = [f"bad{n}" for n in range(10)]
        publish(broker, "in", bad, here.ledger)
        here.publish(300)
        here.bus.start()
        until(lambda: here.store.depth("out") == 600 and here.store.depth("in.dlq") == 10, "all have ended somewhere")
        for letter in letters(broker, "in.dlq"):
            assert (letter.route, letter.origin, letter.attempts) == ("relay", "in", 3)
            assert letter.error == "this one never works"
            assert letter.step_at.startswith("routes/all.yaml:")
    here.finish()
    account = here.account()
    assert account.set_aside == 10
    record(account, duplicates=0, measured="10 dead letters with their history")


KILLER = """
- beans:
    - name: bomb
      type: adapters.bombs:Bomb
- route:
    id: relay
    from:
      uri: bus:in
      parameters: {concurrentConsumers: 4, prefetch: 50}
      steps:
        - bean: {ref: bomb, method: look}
        - to: bus:out
"""
# A true one: a SIGSEGV that is sent reaches the main thread some time later, and the route goes on until then.
BOMB = """
import ctypes
class Bomb:
    def look(self, body):
        if b"killer" in (body if isinstance(body, bytes) else str(body).encode()):
            ctypes.string_at(0)
"""


@pytest.mark.slow
@pytest.mark.fault(
    "F21",
    "a message that crashes the process (segmentation fault), with others in hand",
    "it is set aside after some crashes; the others are not",
)
def test_a_message_that_kills_is_quarantined_and_its_neighbours_are_not(site, rabbit, record):
    here = site(rabbit, routes=KILLER)
    here.bus.write("adapters/bombs.py", BOMB)
    with client(rabbit) as broker:
        here.publish(200)
        publish(broker, "in", ["killer"], here.ledger)
        here.publish(200)
    here.bus.start(wait=False)
    until(lambda: here.store.depth("quarantine") > 0, "the killer is set aside")
    here.healed()
    here.finish()
    account = here.account()
    assert [one.body for one in here.found["quarantine"]] == [b"killer"]
    assert account.set_aside == 1  # and it is nowhere else: the move has ended before the bus did
    crashes = here.bus.log.count("SIGSEGV")
    record(account, duplicates=crashes * 50, measured=f"{crashes} crashes")


def reasons(here):
    """What health tells, but for who tells it."""
    return here.bus.call("/health", port=here.bus.management)[1].decode()


@pytest.mark.fault(
    "F22",
    "the dead-letter queue is full, and later deleted",
    "the source keeps the message until it is taken, log and health say so; no drop",
)
def test_a_message_stays_while_the_dead_letters_are_full_or_gone(site, rabbit, node, record):
    here = site(
        rabbit,
        routes=POISON.replace("maximumRedeliveries: 2", "maximumRedeliveries: 0"),
        through=f"{rabbit}&maxLength=5",
    )
    with client(f"{rabbit}&maxLength=5") as broker:
        here.bus.start()
        for n in range(12):
            publish(broker, "in", [f"bad{n}"], here.ledger)
            until(lambda: here.store.depth("in") == 0, "it is in hand: the bound is that of all queues")
        until(lambda: "stays in hand" in here.bus.log, "the refusal is told")
        until(lambda: "in.dlq is not taking messages" in reasons(here), "health says so, too")
        full = here.store.depth("in.dlq")
        assert full < 12
        here.collect("in.dlq")
        here.healed()
        until(lambda: full + here.store.depth("in.dlq") >= 12, "the rest came after")
        until(lambda: "not taking messages" not in reasons(here), "the alarm is over")
        here.collect("in.dlq")
        node.ctl("delete_queue", here.store.wire("in.dlq"))
        publish(broker, "in", ["bad12"], here.ledger)
        until(lambda: here.store.depth("in.dlq") == 1, "the deleted queue is declared again, and takes it")
    here.finish()
    account = here.account()
    assert account.set_aside == 13
    record(account, duplicates=0, measured=f"{full} fitted, {12 - full} waited")


ONCE = """
- beans:
    - name: seen
      type: esb.stores.sqlite:SqliteIdempotentRepository
      constructors: {"0": "{{esb.state}}/seen.db"}
- route:
    id: relay
    from:
      uri: bus:in
      parameters: {concurrentConsumers: 4}
      steps:
        - idempotentConsumer:
            id: inbox
            simple: "${exchangeId}"
            idempotentRepository: seen
            steps:
              - to: bus:out
"""


@pytest.mark.fault(
    "F40", "the source delivers every message three times", "the inbox lets one through, also after a restart"
)
def test_the_inbox_drops_what_comes_again(site, rabbit, record):
    here = site(rabbit, routes=ONCE)
    keys = here.publish(200)
    copies = [Found(key, key.encode(), {}) for key in keys]
    here.bus.start()
    with client(rabbit) as broker:
        again(broker, "in", copies)
        until(lambda: here.store.depth("in") == 0 and here.out() == 200, "the first round is through")
        here.bus.stop()
        here.bus.start()
        again(broker, "in", copies)
    # What is in hand shows on no queue: when one that came behind them is out, all copies have been looked at.
    here.publish(1)
    until(lambda: here.out() == 201, "the copies are through")
    here.finish()
    record(here.account(), duplicates=0, measured="600 deliveries of 200 messages")


SLOW = """
- route:
    id: relay
    from:
      uri: bus:in
      parameters: {concurrentConsumers: 2, prefetch: 10, redeliveryDelay: 100}
      steps:
        - filter:
            simple: "${body} contains 'slow'"
            steps:
              - delay: {constant: 25000}
        - to: bus:out
"""


@pytest.mark.slow
@pytest.mark.fault(
    "F23",
    "work that takes longer than the broker waits for an ack",
    "the broker's closing of the channel loses nothing; other messages go on",
)
def test_work_beyond_the_brokers_ack_timeout_loses_nothing(site, rabbit, node, record):
    node.ctl(
        "eval",
        "application:set_env(rabbit, consumer_timeout, 8000), application:set_env(rabbit, channel_tick_interval, 2000).",
    )
    here = site(rabbit, routes=SLOW)
    try:
        with client(rabbit) as broker:
            publish(broker, "in", ["slow"], here.ledger)
            here.publish(50)
            here.bus.start()
            until(lambda: here.out() >= 51, "all are out")
    finally:
        node.ctl(
            "eval",
            "application:set_env(rabbit, consumer_timeout, 1800000), application:set_env(rabbit, channel_tick_interval, 60000).",
        )
    here.finish()
    closed = here.bus.log.count("PRECONDITION_FAILED")
    record(
        here.account(),
        duplicates=10 * (closed + 1),
        measured=f"25 s of work, ack timeout of 8 s: channel closed {closed} times",
    )
