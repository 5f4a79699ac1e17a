"""Prefetch, pause, stop, competing and exclusive consumers."""

from __future__ import annotations

import threading

from esb.broker.contract import Delivery
from esb.testing.broker_suite.registry import behaviour
from esb.testing.broker_trial import Inbox, Trial, fence, message, publish, settle
from esb.testing.process import until


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
    until(lambda: broker.depth("orders") == 1, "the message in hand was settled")
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
