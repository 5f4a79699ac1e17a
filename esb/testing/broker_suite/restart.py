"""What survives a close."""

from __future__ import annotations

from esb.broker.contract import Ack, Move
from esb.errors import NotConnected
from esb.testing.broker_suite.registry import behaviour
from esb.testing.broker_trial import Inbox, Receipts, Trial, message, publish, refusal, settle


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
