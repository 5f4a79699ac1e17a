"""RabbitMQ under kill -9, alarms, resets and an operator's hand: nothing confirmed is lost, and the state is told."""

import itertools
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from esb.broker.contract import Ack, Broker, Delivery, Move, Outgoing, Release, Retry
from esb.broker.open import open_broker
from esb.errors import NotConnected, Rejected, TransportError, Unroutable
from esb.testing.broker_trial import Inbox, Receipts, message, publish, refusal, settle
from esb.testing.process import until
from esb.testing.rabbitmq import RabbitNode

pytestmark = pytest.mark.broker
_NAMESPACES = itertools.count(1)
Make = Callable[..., Broker]


@pytest.fixture
def namespace() -> str:
    return f"fault{next(_NAMESPACES)}"


@pytest.fixture
def make(rabbit: RabbitNode, namespace: str) -> Iterator[Make]:
    brokers: list[Broker] = []

    def make(on_state: Callable[[str], None] | None = None, **options: object) -> Broker:
        query = "".join(f"&{name}={value}" for name, value in options.items())
        broker = open_broker(f"{rabbit.url}?namespace={namespace}{query}", on_state=on_state)
        brokers.append(broker)
        broker.open()
        until(lambda: broker.state == "connected", "the broker is connected")
        return broker

    yield make
    for broker in brokers:
        broker.close()


class Traffic:
    """Publishes numbered messages and consumes them, until told to stop; knows what was confirmed and what came."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.confirmed: set[str] = set()
        self.failed: list[TransportError] = []
        self.answered = 0
        self.sent = 0
        self.inbox = Inbox()
        broker.queue("orders")
        self.subscription = broker.subscribe("orders", self.take, prefetch=100)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._publish)

    def take(self, batch: list[Delivery]) -> None:
        self.inbox(batch)
        self.subscription.settle([(delivery, Ack()) for delivery in batch])

    def _publish(self) -> None:
        while not self._stop.is_set():
            key = f"m{self.sent}"
            self.sent += 1
            self.broker.publish("orders", Outgoing(key, b"x" * 200), lambda error, key=key: self._done(key, error))  # type: ignore[misc]  # a bound default

    def _done(self, key: str, error: TransportError | None) -> None:
        self.answered += 1
        if error is None:
            self.confirmed.add(key)
        else:
            self.failed.append(error)

    def __enter__(self) -> Self:
        self._thread.start()
        until(lambda: len(self.confirmed) > 300 and len(self.inbox.ids) > 300, "traffic flows")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def check(self) -> Counter[str]:
        """Nothing confirmed is lost; returns how often each came."""
        until(lambda: self.answered == self.sent, "every publish was answered", 60)
        until(lambda: self.confirmed <= set(self.inbox.ids), "everything confirmed was delivered", 60)
        return Counter(self.inbox.ids)


def test_kill_9_of_the_broker_in_mid_traffic_loses_nothing_confirmed(make: Make, rabbit: RabbitNode) -> None:
    states: list[str] = []
    broker = make(states.append, publishTimeout=60)
    with Traffic(broker) as traffic:
        rabbit.persist_queues()
        rabbit.kill()
        until(lambda: broker.state == "waiting", "the loss is noticed")
        before = len(traffic.confirmed)
        rabbit.start()
        until(lambda: len(traffic.confirmed) > before + 1000, "traffic flows again", 60)
    came = traffic.check()
    assert traffic.failed == []
    assert sum(came.values()) - len(came) <= 500 + 100  # the publish window and the prefetch
    assert states[:3] == ["connected", "waiting", "connected"]


def test_a_killed_consumer_process_loses_nothing_and_repeats_at_most_its_prefetch(
    make: Make, rabbit: RabbitNode, namespace: str, tmp_path: Path
) -> None:
    count, prefetch, notes = 5000, 50, tmp_path / "journal"
    broker = make()
    broker.queue("orders")
    publish(broker, "orders", *(message(f"m{n}") for n in range(count)))
    child_file = Path(__file__).with_name("broker_child.py")
    command = [
        sys.executable,
        str(child_file),
        "consume",
        f"{rabbit.url}?namespace={namespace}",
        str(notes),
        str(prefetch),
    ]
    root = Path(__file__).parents[2]
    child = subprocess.Popen(command, cwd=root, env=os.environ | {"PYTHONPATH": str(root)})
    try:
        until(lambda: notes.exists() and notes.read_text().count("\n") > count // 10, "the child is in the middle")
    finally:
        child.kill()
        child.wait()
    taken = [line.split()[1] for line in notes.read_text().split("\n")[:-1]]
    inbox = Inbox()
    broker.subscribe("orders", inbox, prefetch=count)
    until(lambda: set(taken) | set(inbox.ids) == {f"m{n}" for n in range(count)}, "nothing is lost")
    until(lambda: broker.depth("orders") == len(inbox.ids), "all that is there is delivered")
    assert len(taken) + len(inbox.ids) - count <= prefetch


def test_connections_closed_by_the_broker_come_back_and_nothing_is_lost(make: Make, rabbit: RabbitNode) -> None:
    broker = make()
    with Traffic(broker) as traffic:
        for _ in range(3):
            before = len(traffic.confirmed)
            rabbit.ctl("close_all_connections", "the test says so")
            until(lambda before=before: len(traffic.confirmed) > before + 1000, "traffic flows again")  # type: ignore[misc]  # a bound default
    came = traffic.check()
    assert traffic.failed == []
    assert sum(came.values()) - len(came) <= 3 * (500 + 100)


def test_a_broker_that_hangs_for_a_while_loses_nothing(make: Make, rabbit: RabbitNode) -> None:
    broker = make(publishTimeout=60, confirmTimeout=0.3)
    with Traffic(broker) as traffic:
        rabbit.freeze()
        try:
            time.sleep(2)  # longer than the patience for confirms: the time itself is what is tested
        finally:
            rabbit.thaw()
        before = len(traffic.confirmed)
        until(lambda: len(traffic.confirmed) > before + 1000, "traffic flows again")
    came = traffic.check()
    assert traffic.failed == []
    assert sum(came.values()) - len(came) <= 500 + 100


def test_a_memory_alarm_blocks_publishers_and_passes(make: Make, rabbit: RabbitNode) -> None:
    broker = make(publishTimeout=1.0)
    broker.queue("orders")
    inbox, receipts = Inbox(), Receipts()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("before"))
    rabbit.ctl("set_vm_memory_high_watermark", "0.0001")
    try:
        broker.publish("orders", message("m1"), receipts.done("m1"))
        until(lambda: broker.state == "blocked", "the first publish learns of the alarm")
        broker.publish("orders", message("m2"), receipts.done("m2"))
        errors = receipts.wait(2)
        assert isinstance(dict(receipts.calls)["m2"], NotConnected)
        assert all(error is not None and error.retriable for error in errors)
        settle(subscription, inbox.wait(1))  # consuming goes on
    finally:
        rabbit.ctl("set_vm_memory_high_watermark", "0.4")
    until(lambda: broker.state == "connected", "the alarm is over")
    publish(broker, "orders", message("after"))


def test_an_absent_broker_is_a_state_and_messages_wait_for_it(rabbit: RabbitNode, namespace: str) -> None:
    rabbit.kill()
    broker = open_broker(f"{rabbit.url}?namespace={namespace}&publishTimeout=60")
    try:
        broker.open()
        broker.queue("orders")
        inbox, receipts = Inbox(), Receipts()
        broker.subscribe("orders", inbox)
        broker.publish("orders", message("m1"), receipts.done("m1"))
        assert broker.state == "waiting"
    finally:
        rabbit.start()
    try:
        assert receipts.wait(1) == [None]
        assert inbox.wait(1)[0].id == "m1"
    finally:
        broker.close()


def test_without_a_broker_a_publish_fails_after_its_timeout(namespace: str) -> None:
    broker = open_broker(f"amqp://127.0.0.1:1/?namespace={namespace}&publishTimeout=0.2&window=2")
    broker.open()
    try:
        receipts = Receipts()
        for n in range(4):  # two fill the window, two wait for room in it
            broker.publish("orders", message(f"m{n}"), receipts.done(f"m{n}"))
        assert [type(error) for error in receipts.wait(4)] == [NotConnected] * 4
    finally:
        broker.close()


def test_a_deleted_queue_is_unroutable_never_success(make: Make, rabbit: RabbitNode, namespace: str) -> None:
    broker = make()
    broker.queue("orders")
    rabbit.ctl("delete_queue", f"{namespace}.orders")
    assert isinstance(refusal(broker, "orders", message("m1")), Unroutable)


def test_a_queue_deleted_under_its_consumer_is_declared_again(make: Make, rabbit: RabbitNode, namespace: str) -> None:
    broker = make()
    broker.queue("orders")
    inbox = Inbox()
    broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"))
    inbox.wait(1)
    rabbit.ctl("delete_queue", f"{namespace}.orders")
    receipts = Receipts()

    def published() -> bool:
        broker.publish("orders", message("m2"), receipts.done("m2"))
        return receipts.wait(len(receipts.calls) or 1)[-1] is None

    until(published, "the queue is there again")
    until(lambda: "m2" in inbox.ids, "and is consumed again")


def test_a_full_queue_refuses_and_takes_again(make: Make) -> None:
    broker = make(maxLength=5)
    broker.queue("orders")
    receipts = Receipts()

    def answer(key: str) -> TransportError | None:
        broker.publish("orders", message(key), receipts.done(key))
        return receipts.wait(len(receipts.calls) + 1)[-1]

    until(lambda: answer("m") is not None, "the queue is full")
    error = receipts.calls[-1][1]
    assert isinstance(error, Rejected)
    assert error.retriable
    taken = sum(error is None for _, error in receipts.calls)
    assert broker.depth("orders") == taken
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    settle(subscription, inbox.wait(taken))
    until(lambda: answer("again") is None, "there is room again")


@pytest.fixture
def bound(rabbit: RabbitNode, namespace: str) -> Iterator[str]:
    """A policy of an operator that bounds all queues of the namespace: a refusal that we have no reason to expect, as of a queue without a leader."""
    rabbit.ctl("set_policy", "--apply-to", "queues", namespace, f"^{namespace}\\.orders", '{"max-length": 3}')
    yield namespace
    rabbit.ctl("clear_policy", namespace)


def fill(broker: Broker, caplog: pytest.LogCaptureFixture) -> tuple[Receipts, int]:
    """Publish until messages are refused; returns how many there are."""
    receipts = Receipts()
    broker.queue("orders")
    sent = 0
    while "RabbitMQ refuses messages for orders" not in caplog.text:
        broker.publish("orders", message(f"m{sent}"), receipts.done(f"m{sent}"))
        sent += 1
        until(
            lambda sent=sent: len(receipts.calls) == sent or "RabbitMQ refuses" in caplog.text,  # type: ignore[misc]  # a bound default
            "it is taken or refused",
        )
    return receipts, sent


def test_a_refusal_without_a_known_bound_is_tried_again_until_it_is_taken(
    make: Make, bound: str, caplog: pytest.LogCaptureFixture
) -> None:
    broker = make(publishTimeout=60)
    receipts, sent = fill(broker, caplog)
    assert len(receipts.calls) < sent
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    taken = 0
    while taken < sent:  # room by room
        arrived = inbox.wait(taken + 1)
        settle(subscription, arrived[taken:])
        taken = len(arrived)
    assert receipts.wait(sent) == [None] * sent
    assert inbox.ids == [f"m{n}" for n in range(sent)]


def test_a_refusal_without_a_known_bound_is_in_the_end_an_outage(
    make: Make, bound: str, caplog: pytest.LogCaptureFixture
) -> None:
    broker = make(publishTimeout=1)
    receipts, sent = fill(broker, caplog)
    [refused] = [error for error in receipts.wait(sent) if error is not None]
    assert isinstance(refused, NotConnected)
    assert refused.outage
    assert broker.depth("orders") == sent - 1


def test_other_queues_go_on_once_each_while_one_refuses(
    make: Make, bound: str, caplog: pytest.LogCaptureFixture
) -> None:
    states: list[str] = []
    broker = make(states.append, publishTimeout=60)
    fill(broker, caplog)
    broker.queue("others")
    begun, sent = time.monotonic(), 0
    while time.monotonic() - begun < 1.5 or sent < 100:  # some channels follow each other meanwhile
        publish(broker, "others", message(f"o{sent}"))
        sent += 1
    assert broker.depth("others") == sent
    assert states == ["connected"]


def test_a_move_that_is_refused_keeps_the_message_in_hand_until_it_is_taken(
    make: Make, rabbit: RabbitNode, namespace: str
) -> None:
    broker, capped = make(), make(maxLength=1)
    capped.queue("dead")
    publish(capped, "dead", message("d1"))
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"), message("m2"))
    settle(subscription, inbox.wait(2), Move("dead"))
    # The dead letters were declared with a bound elsewhere: our own declaration is refused, and the messages stay.
    until(lambda: (broker.depth("orders"), broker.depth("dead")) == (2, 1), "nothing is dropped")
    rabbit.ctl("delete_queue", f"{namespace}.dead")
    until(lambda: broker.depth("orders") == 0, "the move goes on by itself")
    assert broker.depth("dead") == 2


def test_a_mismatched_queue_is_explained_where_it_is_declared(make: Make, namespace: str) -> None:
    make().queue("orders")
    other = make()
    with pytest.raises(Rejected, match=rf"single-active-consumer.*delete_queue {namespace}\.orders"):
        other.queue("orders", exclusive=True)
    error = refusal(other, "orders", message("m1"))
    assert isinstance(error, Rejected)
    assert not error.retriable
    with pytest.raises(Rejected):
        other.subscribe("orders", Inbox())


def test_a_queue_name_that_amqp_cannot_carry_is_refused_and_others_go_on(make: Make) -> None:
    broker = make()
    with pytest.raises(Rejected, match="ShortStringTooLong"):
        broker.queue("n" * 300)
    broker.queue("orders")
    publish(broker, "orders", message("m1"))


def test_depth_survives_a_connection_that_was_closed_in_between(make: Make, rabbit: RabbitNode) -> None:
    broker = make()
    broker.queue("orders")
    assert broker.depth("orders") == 0
    rabbit.ctl("close_all_connections", "the test says so")
    assert broker.depth("orders") == 0


def test_a_mismatch_does_not_stop_other_queues(make: Make) -> None:
    make().queue("orders")
    other = make()
    with pytest.raises(Rejected):
        other.queue("orders", exclusive=True)
    other.queue("invoices")
    publish(other, "invoices", message("m1"))


def test_a_deleted_topic_is_declared_again_and_the_publish_arrives(
    make: Make, rabbit: RabbitNode, namespace: str
) -> None:
    broker = make()
    broker.topic("prices")
    queue = broker.bind("prices", "cms")
    rabbit.ctl(
        "eval",
        f'rabbit_exchange:delete(rabbit_misc:r(<<"/">>, exchange, <<"{namespace}.topic.prices">>), false, <<"t">>).',
    )
    receipts = Receipts()
    broker.publish_topic("prices", message("m1"), receipts.done("m1"))
    assert receipts.wait(1) == [None]
    until(lambda: broker.depth(queue) == 1, "the message is on the subscription's queue")


def test_a_message_that_comes_back_too_often_is_set_aside_not_dropped(make: Make) -> None:
    broker = make(deliveryLimit=2)
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"))
    for n in range(3):
        settle(subscription, inbox.wait(n + 1)[n:], Release())
    until(lambda: broker.depth("poison") == 1, "RabbitMQ put it into the queue 'poison'")
    assert [delivery.returns for delivery in inbox.wait(3)] == [0, 1, 2]


@pytest.mark.parametrize("paused", [False, True])
def test_what_is_settled_last_before_the_end_stays_settled(make: Make, paused: bool) -> None:
    broker = make()
    broker.queue("orders")
    inbox = Inbox()
    publish(broker, "orders", *(message(f"m{n}") for n in range(300)))
    subscription = broker.subscribe("orders", inbox, prefetch=300)
    held = inbox.wait(300)
    if paused:
        subscription.pause()
    settle(subscription, held[20:], Release())  # a crowd, of which each is settled by itself
    settle(subscription, held[:20:2])  # and right behind it what must not come again
    broker.close()
    after = make()
    after.queue("orders")
    until(lambda: after.depth("orders") >= 290, "what was not acknowledged is there again")
    assert sorted(stored.id for stored in after.browse("orders", limit=400)) == sorted(
        f"m{n}" for n in range(300) if n >= 20 or n % 2
    )


def test_a_pause_gives_back_and_a_resume_keeps_the_order(make: Make) -> None:
    broker = make()
    broker.queue("orders")
    inbox, other = Inbox(), Inbox()
    publish(broker, "orders", *(message(f"m{n}") for n in range(20)))
    subscription = broker.subscribe("orders", inbox)
    held = inbox.wait(20)
    subscription.pause()
    settle(subscription, held[1:], Release())
    subscription.resume()
    assert [delivery.id for delivery in inbox.wait(39)[20:]] == [f"m{n}" for n in range(1, 20)]
    subscription.pause()
    settle(subscription, inbox.wait(39)[20:], Release())
    broker.subscribe("orders", other)
    assert sorted(delivery.id for delivery in other.wait(19)) == sorted(f"m{n}" for n in range(1, 20))
    settle(subscription, held[:1])


def test_retries_of_one_queue_share_a_delay_and_keep_their_attempts(make: Make) -> None:
    broker = make()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", *(message(f"m{n}") for n in range(20)))
    settle(subscription, inbox.wait(20), Retry(0.6))
    again = inbox.wait(40)[20:]
    assert [delivery.id for delivery in again] == [f"m{n}" for n in range(20)]
    assert {delivery.attempts for delivery in again} == {2}


def test_the_broker_fails_over_to_the_next_host(rabbit: RabbitNode, namespace: str) -> None:
    broker = open_broker(f"amqp://guest:guest@127.0.0.1:1,127.0.0.1:{rabbit.port}/?namespace={namespace}")
    broker.open()
    try:
        until(lambda: broker.state == "connected", "the second host answers")
    finally:
        broker.close()


def test_a_wrong_password_is_a_state_and_its_log_line_says_so(
    rabbit: RabbitNode, caplog: pytest.LogCaptureFixture
) -> None:
    broker = open_broker(f"amqp://guest:wrong-secret@127.0.0.1:{rabbit.port}/")
    broker.open()
    try:
        until(lambda: "check user and password" in caplog.text, "the cause is logged")
        assert broker.state == "waiting"
        assert "wrong-secret" not in caplog.text
    finally:
        broker.close()


def test_a_message_too_large_is_refused_before_it_breaks_the_channel(make: Make) -> None:
    broker = make(maxBody=1000)
    broker.queue("orders")
    error = refusal(broker, "orders", message("m1", b"x" * 1001))
    assert isinstance(error, Rejected)
    assert not error.retriable


def test_a_header_name_too_long_for_amqp_is_refused_and_the_next_message_passes(make: Make) -> None:
    broker = make()
    broker.queue("orders")
    assert isinstance(refusal(broker, "orders", message("m1", b"", **{"n" * 300: "v"})), Rejected)
    publish(broker, "orders", message("m2"))


def test_nobody_can_forge_our_own_headers(make: Make) -> None:
    broker = make()
    broker.queue("orders")
    inbox = Inbox()
    broker.subscribe("orders", inbox)
    publish(broker, "orders", Outgoing("m1", b"", {"x-esb-attempts": 7, "x-death": "no", "Kind": "new"}))
    [delivery] = inbox.wait(1)
    assert (delivery.attempts, delivery.headers) == (1, {"Kind": "new"})


def test_the_same_id_to_two_queues_fails_only_where_it_is_unroutable(make: Make) -> None:
    broker = make()
    broker.queue("orders")
    receipts = Receipts()
    for queue in ("orders", "missing", "orders"):
        broker.publish(queue, message("same"), receipts.done(queue))
    receipts.wait(3)
    assert sorted((queue, type(error)) for queue, error in receipts.calls if error is not None) == [
        ("missing", Unroutable)
    ]


def test_user_code_that_blocks_a_thread_does_not_lose_the_connection(make: Make) -> None:
    states: list[str] = []
    broker = make(states.append, heartbeat=1)
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"))
    in_hand = inbox.wait(1)
    time.sleep(3.5)  # work longer than two heartbeats: the time itself is what is tested
    settle(subscription, in_hand)
    until(lambda: broker.depth("orders") == 0, "the ack went out on the same connection")
    assert states == ["connected"]
    assert len(inbox.ids) == 1


@pytest.mark.parametrize("frames", ["fast", "pika"])
def test_bodies_around_the_size_of_a_frame_come_back_byte_for_byte(make: Make, frames: str) -> None:
    broker = make(frames=frames)
    broker.queue("orders")
    most = 131_072 - 8  # RabbitMQ's frame_max, less the frame's own bytes
    sizes = [0, 1, most - 1, most, most + 1, 2 * most, 2 * most + 1, 1_000_000]
    publish(
        broker, "orders", *(message(f"m{size}", os.urandom(16) * (size // 16) + b"x" * (size % 16)) for size in sizes)
    )
    inbox = Inbox()
    broker.subscribe("orders", inbox)
    arrived = inbox.wait(len(sizes))
    assert [(delivery.id, len(delivery.body)) for delivery in arrived] == [(f"m{size}", size) for size in sizes]
    assert all(
        delivery.body[:16] * (len(delivery.body) // 16) == delivery.body[: len(delivery.body) // 16 * 16]
        for delivery in arrived
    )


def test_the_way_that_pika_goes_keeps_the_promises_under_kill_9_too(make: Make, rabbit: RabbitNode) -> None:
    broker = make(publishTimeout=60, frames="pika")
    with Traffic(broker) as traffic:
        rabbit.persist_queues()
        rabbit.restart()
        until(lambda: broker.state == "connected", "the broker is back", 60)
    traffic.check()
