"""Delays of the embedded broker, whatever is done to the wall clock."""

import time
from contextlib import closing

import pytest

from esb.broker import sqlite_clock
from esb.broker.sqlite_store import Store


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "bus.db")


def delayed(store, seconds):
    """A message that waits."""
    store.begin()
    store.declare("q", exclusive=False)
    queue = store.queue_id("q")
    store.insert([(queue, 0.0, 0, "m", None, "", b"")])
    [row] = store.lease(queue, 7, 1)
    store.retry(7, row[0], store.now() + seconds, {})
    store.commit()
    return queue


def ready(store, queue):
    store.begin()
    store.promote()
    store.commit()
    return store.may_take(queue, 7)


def set_clock(monkeypatch, seconds):
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + seconds)


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_delay_is_as_long_as_it_was_asked_for_when_the_clock_is_set(path, monkeypatch, jump):
    boot = 1000.0
    monkeypatch.setattr(time, "clock_gettime", lambda _: boot)
    with closing(Store(path)) as store:
        queue = delayed(store, 60)
        set_clock(monkeypatch, jump)
        boot += 59
        assert not ready(store, queue)
        boot += 2
        assert ready(store, queue)


def test_all_processes_and_restarts_count_on_one_clock(path, monkeypatch):
    monkeypatch.setattr(time, "clock_gettime", lambda _: 1000.0)
    with closing(Store(path)) as first:
        set_clock(monkeypatch, 3600.0)
        with closing(Store(path)) as second:
            assert second.now() == first.now()


def test_after_a_boot_of_the_host_the_wall_clock_gives_a_new_base(path, monkeypatch, tmp_path):
    with closing(Store(path)):
        pass
    (tmp_path / "boot").write_text("another")
    monkeypatch.setattr(sqlite_clock, "_BOOT", tmp_path / "boot")
    set_clock(monkeypatch, 86400.0)
    with closing(Store(path)) as store:
        assert abs(store.now() - time.time()) < 60
