"""Browse, remove, depth."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

from esb.broker.contract import Ack, Outgoing, Retry, Stored
from esb.testing.broker_suite.registry import behaviour
from esb.testing.broker_trial import Inbox, Trial, message, publish
from esb.testing.process import until


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
    until(lambda: broker.depth("dead") == 5, "browsing takes nothing")
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
    until(lambda: broker.depth("dead") == 3, "two of five are gone")
    assert [s.id for s in broker.browse("dead")] == ["m0", "m2", "m4"]


@behaviour
def a_sweep_passes_every_message_once_and_removes_what_is_named(trial: Trial) -> None:
    """By place, not by id: what is published to the same queue meanwhile is not seen, though it has the same id."""
    broker = trial.broker()
    broker.queue("dead")
    publish(broker, "dead", *(message(f"m{n}", b"old") for n in range(5)))
    pages: list[list[str]] = []

    def judge(page: Sequence[Stored]) -> list[int]:
        pages.append([stored.id for stored in page])
        publish(broker, "dead", *(message(stored.id, b"new") for stored in page if stored.id == "m1"))
        return [place for place, stored in enumerate(page) if stored.id in {"m1", "m4"}]

    assert broker.sweep("dead", judge, page=2) == 2
    assert [id for page in pages for id in page] == [f"m{n}" for n in range(5)]
    until(lambda: broker.depth("dead") == 4, "two of five are gone, one is new")
    left = {stored.id: stored.body for stored in broker.browse("dead")}
    assert left == {"m0": b"old", "m1": b"new", "m2": b"old", "m3": b"old"}


@behaviour
def an_exclusive_queue_can_be_looked_into_while_nobody_works_on_it(trial: Trial) -> None:
    """Browsed, swept, and in order afterwards."""
    broker = trial.broker()
    broker.queue("orders", exclusive=True)
    publish(broker, "orders", *(message(f"m{n}") for n in range(6)))
    assert [stored.id for stored in broker.browse("orders", limit=3)] == ["m0", "m1", "m2"]
    assert broker.sweep("orders", lambda page: [0] if page[0].id == "m0" else [], page=2) == 1
    until(lambda: broker.depth("orders") == 5, "one of six is gone")
    inbox = Inbox()
    broker.subscribe("orders", inbox)
    inbox.wait(5)
    assert inbox.ids == [f"m{n}" for n in range(1, 6)]


@behaviour
def a_sweep_over_many_messages_keeps_the_order_of_those_that_stay(trial: Trial) -> None:
    """However many there are: more than a broker gives at once."""
    broker = trial.broker()
    broker.queue("dead")
    count = trial.features.crowd * 3
    publish(broker, "dead", *(message(f"m{n}") for n in range(count)))
    seen: list[str] = []

    def judge(page: Sequence[Stored]) -> list[int]:
        seen.extend(stored.id for stored in page)
        return [place for place, stored in enumerate(page) if int(stored.id[1:]) % 3 == 0]

    assert broker.sweep("dead", judge) == (count + 2) // 3
    assert seen == [f"m{n}" for n in range(count)]
    until(lambda: broker.depth("dead") == count - (count + 2) // 3, "a third is gone")
    assert [stored.id for stored in broker.browse("dead", limit=count)] == [f"m{n}" for n in range(count) if n % 3]


@behaviour
def two_sweeps_at_once_never_have_the_same_message_in_hand(trial: Trial) -> None:
    """Two operators send the same failed messages back: each message goes once."""
    brokers = trial.broker(), trial.broker()
    for broker in brokers:
        broker.queue("dead")
    publish(brokers[0], "dead", *(message(f"m{n}") for n in range(6)))
    both = threading.Barrier(2)
    judged: list[str] = []

    def judge(page: Sequence[Stored]) -> range:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)  # here two would meet that have the same page
        judged.extend(stored.id for stored in page)
        return range(len(page))

    sweeps = [threading.Thread(target=broker.sweep, args=("dead", judge), kwargs={"page": 2}) for broker in brokers]
    for sweep in sweeps:
        sweep.start()
    for sweep in sweeps:
        sweep.join()
    assert sorted(judged) == [f"m{n}" for n in range(6)]
    until(lambda: brokers[0].depth("dead") == 0, "all are gone")


@behaviour
def a_sweep_that_fails_leaves_the_page_and_what_comes_after(trial: Trial) -> None:
    """The judge's error comes out."""
    broker = trial.broker()
    broker.queue("dead")
    publish(broker, "dead", *(message(f"m{n}") for n in range(4)))

    def judge(page: Sequence[Stored]) -> list[int]:
        if page[0].id != "m0":
            raise ValueError("enough")
        return [0, 1]

    told = ""
    try:
        broker.sweep("dead", judge, page=2)
    except ValueError as error:
        told = str(error)
    assert told == "enough"
    until(lambda: broker.depth("dead") == 2, "the first page was removed")
    assert {stored.id for stored in broker.browse("dead")} == {"m2", "m3"}


@behaviour
def a_message_from_another_broker_keeps_its_age_and_its_attempts(trial: Trial) -> None:
    """As a move between brokers hands it over."""
    broker = trial.broker()
    broker.queue("orders")
    publish(broker, "orders", Outgoing("m1", b"x", {}, None, None, 3, 1_700_000_000.0))
    [stored] = broker.browse("orders")
    assert (stored.attempts, stored.published_at) == (3, 1_700_000_000.0)
    inbox = Inbox()
    broker.subscribe("orders", inbox)
    [delivery] = inbox.wait(1)
    assert (delivery.attempts, delivery.redelivered) == (4, True)


@behaviour
def depth_counts_what_is_waiting_and_what_is_in_hand(trial: Trial) -> None:
    """Retried messages on their way back included."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox, prefetch=2)
    publish(broker, "orders", *(message(f"m{n}") for n in range(4)))
    first, second = inbox.wait(2)
    until(lambda: broker.depth("orders") == 4, "two in hand, two waiting")
    subscription.settle([(first, Ack()), (second, Retry(30))])
    inbox.wait(4)
    until(lambda: broker.depth("orders") == 3, "one delayed, two in hand")


@behaviour
def queues_lists_what_was_declared(trial: Trial) -> None:
    """Subscriptions of topics too; fences, delays and other inner queues not."""
    broker = trial.broker()
    broker.queue("b")
    broker.queue("a", exclusive=True)
    bound = broker.bind("prices", "cms")
    assert set(broker.queues()) == {"a", "b", bound}
