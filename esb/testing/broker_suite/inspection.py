"""Browse, remove, depth."""

from __future__ import annotations

from esb.broker.contract import Ack, Retry
from esb.testing.broker_suite.registry import behaviour
from esb.testing.broker_trial import Inbox, Trial, eventually, message, publish


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
