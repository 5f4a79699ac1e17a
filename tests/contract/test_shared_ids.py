"""Failed messages of one queue that share an id: the same message of a topic, failed at two of its subscriptions."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from esb.broker.contract import Broker, Outgoing
from esb.broker.dead_letters import discard, edit, letters, replay, visit
from esb.broker.history import history
from esb.broker.memory import MemoryBroker
from esb.broker.memory_store import MemoryStore
from esb.broker.selection import Selection, chosen, one
from esb.broker.sqlite import SqliteBroker
from esb.errors import NotConnected, OptionError
from esb.testing.process import until

QUEUE = "failed.dlq"


@pytest.fixture(params=["memory", "sqlite"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    broker: Broker = (
        MemoryBroker(MemoryStore()) if request.param == "memory" else SqliteBroker(str(tmp_path / "bus.db"))
    )
    broker.open()
    until(lambda: broker.state == "connected", "the broker")
    broker.queue(QUEUE)
    for subscription in ("crm", "erp"):
        origin = broker.bind("orders", subscription)
        told = history(NotConnected("away"), route=subscription, step="to1", at="", attempts=4, origin=origin)
        put(broker, Outgoing("M1", f"for {subscription}".encode(), told))
    yield broker
    broker.close()


def put(broker: Broker, message: Outgoing) -> None:
    stored = threading.Event()
    broker.publish(QUEUE, message, lambda _error: stored.set())
    assert stored.wait(30)


def bodies(broker: Broker, queue: str) -> list[bytes]:
    return [stored.body for stored in broker.browse(queue)]


def test_an_edit_leaves_the_other_message_with_the_id_as_it_was(broker: Broker) -> None:
    crm = next(letters(broker, QUEUE))
    assert edit(broker, crm, replace(crm, body=b"mended"), edited="by me")
    assert bodies(broker, QUEUE) == [b"for erp", b"mended"]


def test_an_edit_of_what_stands_there_twice_leaves_the_second(broker: Broker) -> None:
    crm, erp = letters(broker, QUEUE)
    put(broker, Outgoing("M1", b"for crm", broker.browse(QUEUE)[0].headers))
    assert edit(broker, crm, replace(crm, body=b"mended"), edited="by me")
    assert sorted(bodies(broker, QUEUE)) == [b"for crm", erp.body, b"mended"]


def test_an_edit_of_a_message_that_was_changed_meanwhile_changes_nothing(broker: Broker) -> None:
    crm = next(letters(broker, QUEUE))
    assert edit(broker, crm, replace(crm, body=b"theirs"), edited="by them")
    assert not edit(broker, crm, replace(crm, body=b"mine"), edited="by me")
    assert bodies(broker, QUEUE) == [b"for erp", b"theirs"]


def test_a_discard_takes_only_the_one_that_the_filter_holds_for(broker: Broker) -> None:
    meant = chosen(broker, Selection(route="crm"))
    assert discard(broker, QUEUE, meant.keys[QUEUE]) == 1
    assert bodies(broker, QUEUE) == [b"for erp"]


def test_a_replay_takes_only_the_one_that_the_filter_holds_for(broker: Broker) -> None:
    meant = chosen(broker, Selection(route="crm"))
    result = replay(broker, QUEUE, meant.keys[QUEUE], bodies={"M1": b"mended"})
    assert (result.done, result.missing, result.failed) == (["M1"], [], {})
    assert bodies(broker, QUEUE) == [b"for erp"]
    assert bodies(broker, "topic:orders:crm") == [b"mended"]
    assert bodies(broker, "topic:orders:erp") == []


def test_a_replay_tells_of_a_message_that_went_though_another_has_its_id(broker: Broker) -> None:
    meant = chosen(broker, Selection(route="crm"))
    discard(broker, QUEUE, meant.keys[QUEUE])
    assert replay(broker, QUEUE, meant.keys[QUEUE]).missing == ["M1"]
    assert bodies(broker, QUEUE) == [b"for erp"]


def test_a_replay_that_fails_tells_of_each(broker: Broker) -> None:
    result = replay(broker, QUEUE, chosen(broker, Selection(everything=True)).keys[QUEUE], to="nowhere")
    assert len(result.failed) == 2


def test_an_id_of_two_messages_is_refused_and_each_can_be_named_by_its_mark(broker: Broker) -> None:
    with pytest.raises(OptionError, match="may mean 2 messages") as refused:
        one(broker, "M1", QUEUE)
    with pytest.raises(OptionError, match="may mean 2 messages"):
        chosen(broker, Selection(ids=("M1",)))
    for letter in letters(broker, QUEUE):
        assert str(letter.key) in refused.value.message
        assert one(broker, str(letter.key)) == letter
        assert chosen(broker, Selection(ids=(str(letter.key),))).keys == {QUEUE: [letter.key]}


def test_a_filter_may_tell_which_of_an_id_is_meant(broker: Broker) -> None:
    [key] = chosen(broker, Selection(ids=("M1",), route="erp")).keys[QUEUE]
    assert one(broker, str(key)).body == b"for erp"


def test_an_id_does_not_mean_those_that_begin_with_it(broker: Broker) -> None:
    put(broker, Outgoing("A1", b"x"))
    put(broker, Outgoing("A10", b"y"))
    [key] = chosen(broker, Selection(ids=("A1",))).keys[QUEUE]
    assert key.id == "A1"


def test_all_are_seen_though_the_first_and_the_last_have_one_id(broker: Broker) -> None:
    put(broker, Outgoing("M2", b"between"))
    put(broker, Outgoing("M1", b"again"))
    assert [letter.body for letter in letters(broker, QUEUE)] == [b"for crm", b"for erp", b"between", b"again"]


def test_a_message_looked_at_in_a_sweep_has_the_mark_that_it_has_when_browsed(broker: Broker) -> None:
    swept: list[str] = []
    visit(broker, QUEUE, lambda letter: swept.append(letter.key.mark))
    assert swept == [letter.key.mark for letter in letters(broker, QUEUE, limit=2)]
