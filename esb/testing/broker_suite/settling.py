"""Retry, move, release; what must not settle."""

from __future__ import annotations

import time
from dataclasses import replace

from esb.broker.contract import Ack, Move, Outgoing, Release, Retry
from esb.testing.broker_suite.registry import behaviour
from esb.testing.broker_trial import Inbox, Trial, fence, message, publish, settle
from esb.testing.process import until


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
    until(lambda: broker.depth("orders") == 0, "the retried message was one message")


@behaviour
def a_retry_that_is_not_counted_keeps_the_attempts(trial: Trial) -> None:
    """For a failure that says nothing of the message."""
    broker = trial.broker()
    broker.queue("orders")
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"))
    settle(subscription, inbox.wait(1), Retry(0))
    settle(subscription, inbox.wait(2)[1:], Retry(0.1, counted=False))
    assert [delivery.attempts for delivery in inbox.wait(3)] == [1, 2, 2]


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
    until(lambda: (broker.depth("orders"), broker.depth("dead")) == (0, 1), "the message moved")
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
    until(lambda: "graveyard" in broker.queues(), "the queue is declared")
    until(lambda: broker.depth("graveyard") == 2, "both are there")
    until(lambda: broker.depth("orders") == 0, "both left")


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
    until(lambda: (broker.depth("orders"), broker.depth("dead")) == (2, 1), "two remain, one moved")


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
    until(lambda: broker.depth("orders") == 0, "the real delivery still settles")


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
    until(lambda: broker.depth("orders") == 0, "the real delivery still settles")
