"""Publishing, delivering, acking."""

from __future__ import annotations

import threading
import time
from decimal import Decimal

from esb.broker.contract import Outgoing
from esb.errors import Rejected, Unroutable
from esb.testing.broker_suite.registry import behaviour
from esb.testing.broker_trial import (
    Inbox,
    Receipts,
    Trial,
    fence,
    message,
    publish,
    raises,
    refusal,
    settle,
)
from esb.testing.process import until


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
    until(lambda: broker.depth("orders") == 0, "all acked messages are gone")


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
    raises(Unroutable, lambda: broker.subscribe("missing", Inbox()))
    raises(Unroutable, lambda: broker.depth("missing"))


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
    until(lambda: broker.depth("orders") == 0, "everything is settled")
    assert sorted(inbox.ids) == sorted(key for key, _ in receipts.calls)
