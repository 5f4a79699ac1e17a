"""The broker contract, said once: every implementation of :mod:`esb.broker.contract` passes these.

Bind them by::

    @pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
    def test_my_broker_keeps_the_contract(behaviour, tmp_path):
        with Trial(lambda: MyBroker(tmp_path / "store"), Features()) as trial:
            behaviour(trial)

Every broker that ``Trial.broker()`` makes must be on the same store. A store is new for each behaviour.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from esb.broker.contract import Ack, Delivery, Move, Outgoing, Release, Retry
from esb.errors import NotConnected, Rejected, TransportError, Unroutable
from esb.testing.broker_trial import Inbox, Receipts, Trial, eventually, fence, message, publish, refusal, settle

BEHAVIOURS: list[Callable[[Trial], None]] = []


def behaviour(function: Callable[[Trial], None]) -> Callable[[Trial], None]:
    """Enter a function into the suite."""
    BEHAVIOURS.append(function)
    return function


def _raises(error: type[TransportError], call: Callable[[], object]) -> TransportError:
    try:
        call()
    except error as caught:
        return caught
    raise AssertionError(f"{error.__name__} was not raised")


# -- publish, deliver, ack ---------------------------------------------------------------------------------------------


@behaviour
def a_message_arrives_as_it_was_published(trial: Trial) -> None:
    """Body, headers, id, content type; first attempt, not redelivered."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    broker.subscribe("orders", inbox)
    publish(broker, "orders", Outgoing("m1", b"\x00\xff{}", {"Kind": "new"}, "application/json", "key"))
    [delivery] = inbox.wait(1)
    assert (delivery.id, delivery.body, delivery.headers) == ("m1", b"\x00\xff{}", {"Kind": "new"})
    assert (delivery.content_type, delivery.queue) == ("application/json", "orders")
    assert (delivery.attempts, delivery.redelivered, delivery.returns) == (1, False, 0)
    assert delivery.published_at is not None
    assert abs(delivery.published_at - time.time()) < 60


@behaviour
def messages_arrive_in_the_order_of_publishing(trial: Trial) -> None:
    """One publisher, one consumer."""
    broker = trial.broker()
    broker.queue("orders")
    expected = [f"m{n}" for n in range(trial.features.crowd)]
    publish(broker, "orders", *map(message, expected))
    inbox = Inbox()
    broker.subscribe("orders", inbox, prefetch=trial.features.crowd)
    inbox.wait(len(expected))
    assert inbox.ids == expected


@behaviour
def an_acked_message_is_gone(trial: Trial) -> None:
    """Acks in any order, in one call and in several."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", *(message(f"m{n}") for n in range(6)))
    first, *others = inbox.wait(6)
    settle(subscription, others[::-2])
    settle(subscription, others[-2::-2])
    settle(subscription, [first])
    eventually(lambda: broker.depth("orders") == 0, "all acked messages are gone")


@behaviour
def done_is_called_exactly_once_for_each_message(trial: Trial) -> None:
    """Also for those that fail."""
    broker = trial.broker()
    broker.queue("orders")
    receipts = Receipts()
    for n in range(50):
        broker.publish("orders" if n % 2 else "missing", message(f"m{n}"), receipts.done(f"m{n}"))
    receipts.wait(50)
    fence(broker)
    assert sorted(key for key, _ in receipts.calls) == sorted(f"m{n}" for n in range(50))
    assert all((error is None) == bool(int(key[1:]) % 2) for key, error in receipts.calls)


@behaviour
def publishing_to_a_missing_queue_is_unroutable(trial: Trial) -> None:
    """And is not worth a retry."""
    error = refusal(trial.broker(), "missing", message("m1"))
    assert isinstance(error, Unroutable)
    assert not error.retriable
    assert "missing" in str(error)


@behaviour
def a_missing_queue_cannot_be_subscribed_or_measured(trial: Trial) -> None:
    """The caller forgot to declare it, or mistyped it."""
    broker = trial.broker()
    _raises(Unroutable, lambda: broker.subscribe("missing", Inbox()))
    _raises(Unroutable, lambda: broker.depth("missing"))


@behaviour
def a_callback_may_publish(trial: Trial) -> None:
    """Done and on_batch run on the broker's thread, where publish must not wait."""
    broker = trial.broker()
    broker.queue("orders")
    inbox, receipts = Inbox(), Receipts()
    broker.subscribe("orders", inbox)
    broker.publish("orders", message("m1"), lambda _: broker.publish("orders", message("m2"), receipts.done("m2")))
    inbox.wait(2)
    assert receipts.wait(1) == [None]
    assert inbox.ids == ["m1", "m2"]


@behaviour
def big_and_empty_bodies_arrive_whole(trial: Trial) -> None:
    """Larger than any frame or page."""
    broker = trial.broker()
    broker.queue("files")
    inbox = Inbox()
    broker.subscribe("files", inbox)
    big = bytes(range(256)) * (trial.features.big_body // 256)
    publish(broker, "files", message("big", big), message("empty", b""))
    bodies = {delivery.id: delivery.body for delivery in inbox.wait(2)}
    assert bodies["empty"] == b""
    assert bodies["big"] == big


@behaviour
def headers_keep_their_types(trial: Trial) -> None:
    """Those that the contract names, with their digits."""
    headers = {
        "text": "Grüße, 世界",
        "empty": "",
        "yes": True,
        "no": False,
        "small": -7,
        "big": 2**63 - 1,
        "huge": 2**80,
        "float": 0.1,
        "whole": 3.0,
        "money": Decimal("1.50"),
        "precise": Decimal("123456789012345678901234567890.123"),
        "exponent": Decimal("1E+5"),
        "nothing": None,
    }
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    broker.subscribe("orders", inbox)
    publish(broker, "orders", Outgoing("m1", b"", headers))
    [delivery] = inbox.wait(1)
    assert delivery.headers == headers
    assert {name: type(value) for name, value in delivery.headers.items()} == {n: type(v) for n, v in headers.items()}
    assert {name: str(value) for name, value in delivery.headers.items()} == {n: str(v) for n, v in headers.items()}


@behaviour
def what_cannot_be_carried_is_rejected_and_named(trial: Trial) -> None:
    """The error names the header and the way out."""
    broker = trial.broker()
    broker.queue("orders")
    error = refusal(broker, "orders", Outgoing("m1", b"", {"lines": [1, 2]}))
    assert isinstance(error, Rejected)
    assert not error.retriable
    assert "'lines'" in str(error)
    assert isinstance(refusal(broker, "orders", Outgoing("m2", "text")), Rejected)  # type: ignore[arg-type]  # the point
    assert broker.depth("orders") == 0


@behaviour
def many_threads_may_publish_and_settle_at_once(trial: Trial) -> None:
    """Every message once, every done once."""
    broker = trial.broker()
    broker.queue("orders")
    threads, each = 5, trial.features.crowd // 5
    inbox, receipts = Inbox(), Receipts()
    subscription = broker.subscribe("orders", inbox, prefetch=50)

    def publisher(number: int) -> None:
        for n in range(each):
            key = f"t{number}-{n}"
            broker.publish("orders", message(key), receipts.done(key))

    def settler(number: int) -> None:
        for n in range(number, threads * each, 2):
            settle(subscription, [inbox.wait(n + 1)[n]])

    crew = [threading.Thread(target=publisher, args=(n,)) for n in range(threads)]
    crew += [threading.Thread(target=settler, args=(n,)) for n in range(2)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert receipts.wait(threads * each) == [None] * (threads * each)
    eventually(lambda: broker.depth("orders") == 0, "everything is settled")
    assert sorted(inbox.ids) == sorted(key for key, _ in receipts.calls)


# -- settling ----------------------------------------------------------------------------------------------------------


@behaviour
def retry_delivers_again_later_with_one_more_attempt(trial: Trial) -> None:
    """Not before its delay; headers merged into the stored message."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1", b"body", Kind="new", Try="0"))
    [first] = inbox.wait(1)
    first.headers["Kind"] = "changed by the route"
    started = time.monotonic()
    settle(subscription, [first], Retry(0.3, {"Try": "1", "Reason": "down"}))
    second = inbox.wait(2)[1]
    assert time.monotonic() - started >= 0.29
    assert (second.id, second.body, second.attempts) == ("m1", b"body", 2)
    assert second.headers == {"Kind": "new", "Try": "1", "Reason": "down"}
    settle(subscription, [second], Retry(0))
    third = inbox.wait(3)[2]
    assert third.attempts == 3
    assert third.headers == second.headers
    settle(subscription, [third])
    eventually(lambda: broker.depth("orders") == 0, "the retried message was one message")


@behaviour
def a_retry_survives_a_restart(trial: Trial) -> None:
    """Delay and attempts are the store's, not the process's."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"))
    settle(subscription, inbox.wait(1), Retry(0.2))
    broker.close()
    other, inbox = trial.broker(), Inbox()
    other.queue("orders")
    other.subscribe("orders", inbox)
    assert inbox.wait(1)[0].attempts == 2


@behaviour
def move_puts_the_message_on_the_other_queue_and_nowhere_else(trial: Trial) -> None:
    """With merged headers, attempts anew."""
    broker = trial.broker()
    broker.queue("orders")
    broker.queue("dead")
    inbox, dead = Inbox(), Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", Outgoing("m1", b"body", {"Kind": "new"}, "text/plain"))
    settle(subscription, inbox.wait(1), Retry(0))
    settle(subscription, inbox.wait(2)[1:], Move("dead", {"Cause": "poison"}))
    eventually(lambda: (broker.depth("orders"), broker.depth("dead")) == (0, 1), "the message moved")
    broker.subscribe("dead", dead)
    [moved] = dead.wait(1)
    assert (moved.id, moved.body, moved.content_type, moved.attempts) == ("m1", b"body", "text/plain", 1)
    assert moved.headers == {"Kind": "new", "Cause": "poison"}


@behaviour
def move_to_an_undeclared_queue_declares_it(trial: Trial) -> None:
    """A dead letter is never dropped for want of a queue."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"), message("m2"))
    settle(subscription, inbox.wait(2), Move("graveyard"))
    eventually(lambda: "graveyard" in broker.queues(), "the queue is declared")
    eventually(lambda: broker.depth("graveyard") == 2, "both are there")
    eventually(lambda: broker.depth("orders") == 0, "both left")


@behaviour
def release_gives_back_without_counting_an_attempt(trial: Trial) -> None:
    """For a drain: another consumer gets it."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"))
    settle(subscription, inbox.wait(1), Release())
    again = inbox.wait(2)[1]
    assert (again.id, again.attempts, again.redelivered) == ("m1", 1, True)
    assert again.returns >= 1


@behaviour
def outcomes_may_be_mixed_in_one_call(trial: Trial) -> None:
    """Each message gets its own."""
    broker = trial.broker()
    broker.queue("orders")
    broker.queue("dead")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", *(message(f"m{n}") for n in range(4)))
    a, b, c, d = inbox.wait(4)
    subscription.settle([(d, Ack()), (a, Move("dead")), (c, Release()), (b, Retry(0))])
    again = {delivery.id: delivery.attempts for delivery in inbox.wait(6)[4:]}
    assert again == {"m2": 1, "m1": 2}
    eventually(lambda: (broker.depth("orders"), broker.depth("dead")) == (2, 1), "two remain, one moved")


@behaviour
def settling_twice_is_ignored(trial: Trial) -> None:
    """Also when the message was delivered again in between."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"))
    [first] = inbox.wait(1)
    settle(subscription, [first], Release())
    second = inbox.wait(2)[1]
    settle(subscription, [first])
    fence(broker)
    assert broker.depth("orders") == 1
    settle(subscription, [second])
    eventually(lambda: broker.depth("orders") == 0, "the real delivery still settles")


@behaviour
def a_delivery_of_another_epoch_is_dropped(trial: Trial) -> None:
    """A tag of an earlier connection must never be acked on a later one."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"))
    [delivery] = inbox.wait(1)
    settle(subscription, [replace(delivery, epoch=delivery.epoch - 1)])
    fence(broker)
    assert broker.depth("orders") == 1
    settle(subscription, [delivery])
    eventually(lambda: broker.depth("orders") == 0, "the real delivery still settles")


# -- flow --------------------------------------------------------------------------------------------------------------


@behaviour
def prefetch_bounds_what_is_in_hand(trial: Trial) -> None:
    """A slot is free again only by settling."""
    broker = trial.broker()
    broker.queue("orders")
    publish(broker, "orders", *(message(f"m{n}") for n in range(10)))
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox, prefetch=3)
    in_hand = inbox.wait(3)
    fence(broker)
    assert inbox.ids == ["m0", "m1", "m2"]
    settle(subscription, in_hand[:2])
    inbox.wait(5)
    fence(broker)
    assert inbox.ids == ["m0", "m1", "m2", "m3", "m4"]


@behaviour
def a_paused_subscription_gets_nothing_until_resumed(trial: Trial) -> None:
    """What is in hand may still be settled; both calls are idempotent."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox, prefetch=2)
    publish(broker, "orders", message("m1"))
    inbox.wait(1)
    subscription.pause()
    subscription.pause()
    publish(broker, "orders", message("m2"), message("m3"))
    settle(subscription, inbox.wait(1))
    fence(broker)
    assert inbox.ids == ["m1"]
    subscription.resume()
    subscription.resume()
    inbox.wait(3)
    assert inbox.ids == ["m1", "m2", "m3"]


@behaviour
def prefetch_holds_across_pause_and_resume(trial: Trial) -> None:
    """Messages in hand from before the pause still count."""
    broker = trial.broker()
    broker.queue("orders")
    publish(broker, "orders", *(message(f"m{n}") for n in range(6)))
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox, prefetch=2)
    first = inbox.wait(2)
    subscription.pause()
    subscription.resume()
    fence(broker)
    assert len(inbox.ids) == 2
    settle(subscription, first)
    inbox.wait(4)
    fence(broker)
    assert len(inbox.ids) == 4


@behaviour
def after_stop_nothing_is_delivered_and_what_is_in_hand_settles(trial: Trial) -> None:
    """Another subscription gets the rest."""
    broker = trial.broker()
    broker.queue("orders")
    inbox, other = Inbox(), Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"))
    in_hand = inbox.wait(1)
    subscription.stop()
    subscription.stop()
    publish(broker, "orders", message("m2"))
    broker.subscribe("orders", other)
    other.wait(1)
    settle(subscription, in_hand)
    eventually(lambda: broker.depth("orders") == 1, "the message in hand was settled")
    assert (inbox.ids, other.ids) == (["m1"], ["m2"])


@behaviour
def a_consumer_that_fails_to_take_a_batch_gets_it_again(trial: Trial) -> None:
    """The broker's thread survives the failure."""
    broker = trial.broker()
    broker.queue("orders")
    inbox, failed = Inbox(), threading.Event()

    def fails_once(batch: list[Delivery]) -> None:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("a bug in the consumer, made by the test")
        inbox(batch)

    broker.subscribe("orders", fails_once)
    publish(broker, "orders", message("m1"))
    assert inbox.wait(1)[0].redelivered


@behaviour
def competing_consumers_share_a_queue(trial: Trial) -> None:
    """Two brokers on one store: each message to one of them."""
    one, two = trial.broker(), trial.broker()
    one.queue("orders")
    two.queue("orders")
    expected = [f"m{n}" for n in range(40)]
    first, second = Inbox(), Inbox()
    one.subscribe("orders", first, prefetch=20)
    two.subscribe("orders", second, prefetch=20)
    publish(one, "orders", *map(message, expected))
    first.wait(20)
    second.wait(20)
    assert sorted(first.ids + second.ids) == sorted(expected)


@behaviour
def an_exclusive_queue_has_one_active_consumer(trial: Trial) -> None:
    """The other stands by and takes over in order when the first goes."""
    one, two = trial.broker(), trial.broker()
    one.queue("journal", exclusive=True)
    two.queue("journal", exclusive=True)
    first, second = Inbox(), Inbox()
    one.subscribe("journal", first, prefetch=2)
    publish(one, "journal", message("m0"))
    first.wait(1)
    two.subscribe("journal", second, prefetch=2)
    publish(two, "journal", message("m1"), message("m2"), message("m3"))
    first.wait(2)
    fence(two)
    assert second.ids == []
    one.close()
    second.wait(2)
    assert (first.ids, second.ids) == (["m0", "m1"], ["m0", "m1"])


@behaviour
def an_exclusive_consumer_that_stops_passes_on_when_it_has_settled(trial: Trial) -> None:
    """Else the next one would overtake what is still being processed."""
    one, two = trial.broker(), trial.broker()
    one.queue("journal", exclusive=True)
    two.queue("journal", exclusive=True)
    first, second = Inbox(), Inbox()
    subscription = one.subscribe("journal", first, prefetch=1)
    publish(one, "journal", message("m0"), message("m1"))
    in_hand = first.wait(1)
    two.subscribe("journal", second)
    subscription.stop()
    fence(one)
    fence(two)
    assert second.ids == []
    settle(subscription, in_hand)
    second.wait(1)
    assert (first.ids, second.ids) == (["m0"], ["m1"])


# -- topics ------------------------------------------------------------------------------------------------------------


@behaviour
def every_subscription_of_a_topic_gets_the_message(trial: Trial) -> None:
    """Each on a durable queue of its own, whether or not somebody consumes."""
    broker = trial.broker()
    broker.topic("prices")
    cms, crm = broker.bind("prices", "cms"), broker.bind("prices", "crm")
    assert cms != crm
    assert broker.bind("prices", "cms") == cms
    inbox, receipts = Inbox(), Receipts()
    broker.subscribe(cms, inbox)
    broker.publish_topic("prices", message("m1", b"1", Unit="EUR"), receipts.done("m1"))
    assert receipts.wait(1) == [None]
    [delivery] = inbox.wait(1)
    assert (delivery.id, delivery.body, delivery.headers, delivery.queue) == ("m1", b"1", {"Unit": "EUR"}, cms)
    assert broker.depth(crm) == 1
    broker.close()
    other, late = trial.broker(), Inbox()
    other.topic("prices")
    other.subscribe(other.bind("prices", "crm"), late)
    assert late.wait(1)[0].id == "m1"


@behaviour
def a_topic_without_subscriptions_takes_messages_for_nobody(trial: Trial) -> None:
    """A subscription gets what is published after it was bound."""
    broker = trial.broker()
    broker.topic("prices")
    receipts = Receipts()
    broker.publish_topic("prices", message("m1"), receipts.done("m1"))
    assert receipts.wait(1) == [None]
    queue = broker.bind("prices", "late")
    assert broker.depth(queue) == 0


@behaviour
def publishing_to_a_missing_topic_is_unroutable(trial: Trial) -> None:
    """A topic is declared before it is used."""
    receipts = Receipts()
    trial.broker().publish_topic("missing", message("m1"), receipts.done("m1"))
    assert isinstance(receipts.wait(1)[0], Unroutable)


# -- looking in --------------------------------------------------------------------------------------------------------


@behaviour
def browse_shows_messages_oldest_first_and_takes_none(trial: Trial) -> None:
    """In pages, by the id of the last one seen."""
    broker = trial.broker()
    broker.queue("dead")
    publish(broker, "dead", *(message(f"m{n}", b"body", Number=n) for n in range(5)))
    page = broker.browse("dead", limit=2)
    assert [(s.id, s.body, s.headers, s.attempts) for s in page] == [
        ("m0", b"body", {"Number": 0}, 0),
        ("m1", b"body", {"Number": 1}, 0),
    ]
    assert [s.id for s in broker.browse("dead", after="m1")] == ["m2", "m3", "m4"]
    assert broker.browse("dead", after="m4") == []
    eventually(lambda: broker.depth("dead") == 5, "browsing takes nothing")
    inbox = Inbox()
    broker.subscribe("dead", inbox)
    inbox.wait(5)
    assert inbox.ids == [f"m{n}" for n in range(5)]


@behaviour
def remove_takes_messages_out_by_id(trial: Trial) -> None:
    """And says how many were there."""
    broker = trial.broker()
    broker.queue("dead")
    publish(broker, "dead", *(message(f"m{n}") for n in range(5)))
    assert broker.remove("dead", ["m1", "m3", "unknown"]) == 2
    assert broker.remove("dead", ["m1"]) == 0
    eventually(lambda: broker.depth("dead") == 3, "two of five are gone")
    assert [s.id for s in broker.browse("dead")] == ["m0", "m2", "m4"]


@behaviour
def depth_counts_what_is_waiting_and_what_is_in_hand(trial: Trial) -> None:
    """Retried messages on their way back included."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox, prefetch=2)
    publish(broker, "orders", *(message(f"m{n}") for n in range(4)))
    first, second = inbox.wait(2)
    eventually(lambda: broker.depth("orders") == 4, "two in hand, two waiting")
    subscription.settle([(first, Ack()), (second, Retry(30))])
    inbox.wait(4)
    eventually(lambda: broker.depth("orders") == 3, "one delayed, two in hand")


@behaviour
def queues_lists_what_was_declared(trial: Trial) -> None:
    """Subscriptions of topics too; fences, delays and other inner queues not."""
    broker = trial.broker()
    broker.queue("b")
    broker.queue("a", exclusive=True)
    bound = broker.bind("prices", "cms")
    assert set(broker.queues()) == {"a", "b", bound}


# -- restart -----------------------------------------------------------------------------------------------------------


@behaviour
def what_was_not_settled_comes_again_after_a_close(trial: Trial) -> None:
    """To another broker, as redelivered, in order; what was acked does not."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox, prefetch=4)
    publish(broker, "orders", *(message(f"m{n}") for n in range(6)))
    settle(subscription, inbox.wait(4)[:1])
    broker.close()
    other, again = trial.broker(), Inbox()
    other.queue("orders")
    other.subscribe("orders", again)
    deliveries = again.wait(5)
    assert again.ids == [f"m{n}" for n in range(1, 6)]
    assert [d.redelivered for d in deliveries[:3]] == [True] * 3
    assert {d.attempts for d in deliveries} == {1}


@behaviour
def a_closed_broker_takes_nothing(trial: Trial) -> None:
    """Publishing fails, settling is dropped, closing again is fine."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"))
    in_hand = inbox.wait(1)
    broker.close()
    broker.close()
    assert broker.state == "closed"
    assert isinstance(refusal(broker, "orders", message("m2")), NotConnected)
    settle(subscription, in_hand)
    subscription.stop()
    other = trial.broker()
    other.queue("orders")
    assert other.depth("orders") == 1


@behaviour
def close_flushes_what_was_published_and_settled(trial: Trial) -> None:
    """Nothing that was handed to the broker before the close is forgotten by it."""
    broker = trial.broker()
    broker.queue("orders")
    broker.queue("done")
    inbox, receipts = Inbox(), Receipts()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"), message("m2"))
    in_hand = inbox.wait(2)
    for n in range(20):
        broker.publish("done", message(f"d{n}"), receipts.done(f"d{n}"))
    subscription.settle([(in_hand[0], Ack()), (in_hand[1], Move("done"))])
    broker.close()
    assert receipts.wait(20) == [None] * 20
    other = trial.broker()
    other.queue("orders")
    other.queue("done")
    assert (other.depth("orders"), other.depth("done")) == (0, 21)
