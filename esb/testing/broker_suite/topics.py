"""Durable publish-subscribe."""

from __future__ import annotations

from esb.errors import Unroutable
from esb.testing.broker_suite.registry import behaviour
from esb.testing.broker_trial import Inbox, Receipts, Trial, message


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
