"""Versions of the embedded broker's file."""

import sqlite3
from contextlib import closing

import pytest

from esb.broker.open import open_broker
from esb.broker.sqlite_schema import APPLICATION_ID, VERSION
from esb.broker.sqlite_store import Store
from esb.errors import NotConnected
from esb.testing.broker_trial import Inbox
from esb.testing.process import until


def made_by_version_1(path):
    """A file as the first version made it, with a message."""
    with closing(Store(str(path))) as store:
        store.begin()
        store.declare("orders", exclusive=False)
        store.insert([(store.queue_id("orders"), 1.7e9, 2, "m1", None, "", b"body")])
        store.execute("DROP TABLE about")
        store.execute("PRAGMA user_version = 1")
        store.commit()


def test_a_file_of_an_older_version_is_brought_up_to_date_and_keeps_its_messages(tmp_path):
    made_by_version_1(tmp_path / "bus.db")
    broker = open_broker(f"sqlite:{tmp_path}/bus.db")
    broker.open()
    try:
        until(lambda: broker.state == "connected", "the file is open")
        inbox = Inbox()
        broker.subscribe("orders", inbox)
        [delivery] = inbox.wait(1)
        assert (delivery.id, delivery.body, delivery.attempts) == ("m1", b"body", 3)
    finally:
        broker.close()
    with closing(sqlite3.connect(tmp_path / "bus.db")) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert file.execute("SELECT count(*) FROM about WHERE name = 'esb'").fetchone() == (1,)


def test_a_file_of_a_newer_version_is_refused_with_both_versions_and_left_as_it_is(tmp_path):
    with closing(Store(str(tmp_path / "bus.db"))) as store:
        store.execute("UPDATE about SET value = '99.0'")
        store.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(NotConnected, match=rf"format {VERSION + 1}, of esb 99\.0; this is esb .*Upgrade esb"):
        Store(str(tmp_path / "bus.db"))
    with closing(sqlite3.connect(tmp_path / "bus.db")) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)


def test_another_programs_file_is_refused_and_not_touched(tmp_path):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as file:
        file.execute("CREATE TABLE customer (name TEXT)")
        file.commit()
    with pytest.raises(NotConnected, match="another program's"):
        Store(str(tmp_path / "shop.db"))
    with closing(sqlite3.connect(tmp_path / "shop.db")) as file:
        assert file.execute("SELECT name FROM sqlite_master").fetchall() == [("customer",)]


def test_a_failed_change_of_version_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    made_by_version_1(tmp_path / "bus.db")
    broken = "CREATE TABLE about (name TEXT, value TEXT);\nCREATE TABLE queue (id);\n"
    monkeypatch.setattr("esb.broker.sqlite_schema._CHANGES", {2: broken})
    with pytest.raises(sqlite3.OperationalError):
        Store(str(tmp_path / "bus.db"))
    with closing(sqlite3.connect(tmp_path / "bus.db")) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (1,)
        assert file.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'about'").fetchall()
