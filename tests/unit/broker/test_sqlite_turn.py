"""Several sweeps of the embedded broker's file at once."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from esb.broker import dead_letters, sqlite_turn
from esb.broker.history import ORIGIN
from esb.broker.sqlite import SqliteBroker
from esb.broker.sqlite_ops import Settings
from esb.errors import NotConnected
from esb.testing.broker_trial import message, publish
from esb.testing.process import until


@pytest.fixture
def brokers(tmp_path):
    """Two on one file, as of two processes; the second is impatient. Three dead letters."""
    made = [SqliteBroker(str(tmp_path / "bus.db"), Settings(publish_timeout=timeout)) for timeout in (30.0, 0.2)]
    for broker in made:
        broker.open()
        until(lambda broker=broker: broker.state == "connected", "the broker")
    for queue in ("orders", "dead"):
        made[0].queue(queue)
    publish(made[0], "dead", *(message(f"m{n}", **{ORIGIN: "orders"}) for n in range(3)))
    yield made
    for broker in made:
        broker.close()


def test_a_sweep_in_a_judge_does_not_wait_for_itself(brokers):
    inner = []

    def judge(page):
        inner.append(brokers[1].sweep("dead", lambda page: [place for place, one in enumerate(page) if one.id == "m1"]))
        return [0]

    assert brokers[0].sweep("dead", judge) == 1
    assert inner == [1]
    assert [one.id for one in brokers[0].browse("dead")] == ["m2"]


def test_what_a_judge_has_in_hand_is_still_there_when_it_is_removed_and_who_waits_too_long_is_told_why(brokers):
    def judge(_page):
        with ThreadPoolExecutor(1) as pool, pytest.raises(NotConnected, match="another pass over its messages"):
            pool.submit(dead_letters.replay, brokers[1], "dead").result()
        return [0]

    assert brokers[0].sweep("dead", judge) == 1
    assert (brokers[0].depth("dead"), brokers[0].depth("orders")) == (2, 0)


def test_a_judge_that_fails_lets_others_in(brokers):
    def judge(_page):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        brokers[0].sweep("dead", judge)
    assert brokers[1].sweep("dead", lambda page: range(len(page))) == 3


def test_a_look_comes_in_between_the_pages_of_a_long_sweep(brokers, monkeypatch):
    monkeypatch.setattr(sqlite_turn, "_TURN", 0.0)
    publish(brokers[0], "dead", *(message(f"n{n}") for n in range(30)))
    looked, done = threading.Event(), []

    def look(_page):
        looked.set()
        return ()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(brokers[0].sweep, "dead", lambda _page: done.append(looked.is_set()) or (), page=1)
        until(lambda: done, "the long sweep began")
        brokers[0].sweep("dead", look)
    assert (len(done), done[-1]) == (33, True)


def test_a_folder_of_owners_that_was_removed_hinders_no_sweep(brokers, tmp_path):
    shutil.rmtree(tmp_path / "bus.db-owners")
    assert brokers[0].sweep("dead", lambda _page: [0]) == 1
