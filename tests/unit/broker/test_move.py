"""Messages from one broker to another."""

import pytest

from esb.broker.contract import Outgoing
from esb.broker.memory import MemoryBroker, MemoryStore
from esb.broker.move import declare, move
from esb.errors import Rejected
from esb.testing.broker_trial import message, publish


@pytest.fixture
def brokers():
    made = MemoryBroker(MemoryStore()), MemoryBroker(MemoryStore())
    for broker in made:
        broker.open()
        broker.queue("orders")
    yield made
    for broker in made:
        broker.close()


def ids(broker, queue="orders"):
    return [stored.id for stored in broker.browse(queue, limit=10_000)]


def test_messages_keep_order_id_headers_attempts_and_age(brokers):
    source, target = brokers
    publish(source, "orders", Outgoing("m0", b"x", {"h": 1, "esb-error": "bad"}, "text/plain", None, 2, 1.7e9))
    publish(source, "orders", *(message(f"m{n}") for n in range(1, 500)))
    seen = []
    told = move(source, target, "orders", seen.append)
    assert (told.moved, told.there, told.failed) == (500, 0, {})
    assert seen == [200, 400, 500]
    assert (ids(source), ids(target)) == ([], [f"m{n}" for n in range(500)])
    first = target.browse("orders", limit=1)[0]
    assert (first.headers, first.content_type, first.attempts, first.published_at) == (
        {"h": 1, "esb-error": "bad"},
        "text/plain",
        2,
        1.7e9,
    )


@pytest.fixture
def dies(brokers, monkeypatch):
    """A move that dies after it has published the page that begins with a message, and before it removes it."""
    source, target = brokers
    sweep = source.sweep

    def run(first):
        def dying(queue, judge, *, page):
            def once(messages):
                places = judge(messages)
                if messages[0].id == first:
                    raise KeyboardInterrupt
                return places

            return sweep(queue, once, page=page)

        with monkeypatch.context() as patch:
            patch.setattr(source, "sweep", dying)
            with pytest.raises(KeyboardInterrupt):
                move(source, target, "orders")

    return run


def test_a_move_that_died_between_publishing_and_removing_is_completed_without_repeats(brokers, dies):
    source, target = brokers
    publish(source, "orders", *(message(f"m{n}") for n in range(500)))
    dies("m200")
    assert len(ids(target)) == 400
    assert len(ids(source)) == 300
    told = move(source, target, "orders")
    assert (told.moved, told.there) == (100, 200)
    assert (ids(source), ids(target)) == ([], [f"m{n}" for n in range(500)])


@pytest.mark.parametrize(
    "other",
    [Outgoing("m0", b"shipped", {"Stage": 1}), Outgoing("m0", b"x", {"Stage": 2})],
    ids=["another body", "other headers"],
)
def test_a_different_message_with_the_id_of_one_that_is_there_is_moved_too(brokers, dies, other):
    source, target = brokers
    publish(source, "orders", Outgoing("m0", b"x", {"Stage": 1}), *(message(f"m{n}") for n in range(1, 450)), other)
    dies("m200")
    told = move(source, target, "orders")
    assert (told.moved, told.there) == (51, 200)
    found = [(one.body, one.headers) for one in target.browse("orders", limit=1000) if one.id == "m0"]
    assert found == [(b"x", {"Stage": 1}), (other.body, other.headers)]


def test_of_two_equal_messages_one_there_stands_for_one_here(brokers):
    source, target = brokers
    publish(target, "orders", message("m0"))
    publish(source, "orders", message("m0"), message("m0"))
    told = move(source, target, "orders")
    assert (told.moved, told.there) == (1, 1)
    assert (ids(source), ids(target)) == ([], ["m0", "m0"])


def test_what_the_other_broker_refuses_stays(brokers, monkeypatch):
    source, target = brokers
    publish(source, "orders", message("m1"), message("m2"))
    taken = target.publish

    def refuses_one(queue, outgoing, done):
        if outgoing.id == "m1":
            done(Rejected("too large"))
        else:
            taken(queue, outgoing, done)

    monkeypatch.setattr(target, "publish", refuses_one)
    told = move(source, target, "orders")
    assert (told.moved, told.failed) == (1, {"m1": "too large"})
    assert (ids(source), ids(target)) == (["m1"], ["m2"])


def test_a_topics_subscription_is_declared_with_its_topic(brokers):
    source, target = brokers
    queue = source.bind("prices", "erp")
    publish(source, queue, message("m1"))
    declare(target, queue)
    assert move(source, target, queue).moved == 1
    assert ids(target, queue) == ["m1"]
    assert target.bind("prices", "erp") == queue
