"""``esb bus move``: when it refuses to."""

import os
import tempfile
import threading
from pathlib import Path

import pytest
from project_files import write

from esb.broker.contract import Outgoing
from esb.broker.open import open_broker
from esb.cli import _running, bus
from esb.cli._broker import connected
from esb.project import Project
from esb.runtime.control import ControlSocket

INSTANCES = """
project: shop
broker: 'sqlite:bus.db'
state: state
instances:
  crm: {}
  erp: {broker: 'sqlite:erp.db'}
"""


@pytest.fixture
def filled(project):
    """A project whose broker holds one order."""
    write(project, esb=INSTANCES)
    (project / "routes").mkdir()
    broker = open_broker(f"sqlite:{project}/bus.db")
    broker.open()
    assert connected(broker, 10)
    broker.queue("orders")
    answered = threading.Semaphore(0)
    broker.publish("orders", Outgoing("A1", b"x"), lambda _error: answered.release())
    assert answered.acquire(timeout=10)
    broker.close()
    return project


@pytest.fixture
def systemd(monkeypatch):
    """What stands for /run/esb; short, as a socket's path must be."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr(_running, "_SYSTEMD", Path(folder))
        yield Path(folder)


@pytest.fixture
def runs():
    """Somebody answers in a run folder."""
    sockets = []

    def answer(folder):
        folder.mkdir(exist_ok=True)
        sockets.append(ControlSocket(folder, lambda _question: {"pid": os.getpid()}))
        sockets[-1].start()

    yield answer
    for each in sockets:
        each.close()


def depth(file):
    broker = open_broker(f"sqlite:{file}")
    broker.open()
    try:
        assert connected(broker, 10)
        return broker.depth("orders")
    finally:
        broker.close()


def test_a_stopped_bus_is_moved_though_an_instance_on_another_broker_runs(esb, filled, systemd, runs):
    runs(Project.open(filled, "erp").run_folder)
    told = esb("-C", filled, "bus", "move", "--to", f"sqlite:{filled}/new.db")
    assert (told.code, depth(filled / "bus.db"), depth(filled / "new.db")) == (0, 0, 1), told.err


def test_a_bus_that_systemd_runs_is_not_moved(esb, filled, systemd, runs):
    runs(systemd / "shop")
    told = esb("-C", filled, "bus", "move", "--to", f"sqlite:{filled}/new.db")
    assert (told.code, depth(filled / "bus.db")) == (1, 1)
    assert "the project shop is running; stop it first ('esb stop')" in told.err


def test_a_bus_that_the_users_own_systemd_runs_is_not_moved(esb, filled, systemd, runs, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(systemd / "user"))
    (systemd / "user" / "esb").mkdir(parents=True)
    runs(systemd / "user" / "esb" / "shop")
    told = esb("-C", filled, "bus", "move", "--to", f"sqlite:{filled}/new.db")
    assert (told.code, depth(filled / "bus.db")) == (1, 1)


def test_a_file_that_any_process_has_open_is_not_moved(esb, filled, systemd):
    other = open_broker(f"sqlite:{filled}/bus.db")
    other.open()
    try:
        assert connected(other, 10)
        told = esb("-C", filled, "bus", "move", "--to", f"sqlite:{filled}/new.db")
        assert (told.code, other.depth("orders")) == (1, 1)
        assert "bus.db open; stop it first" in told.err
    finally:
        other.close()


def test_a_service_whose_run_folder_may_not_be_looked_into_counts_as_running(esb, filled, systemd, monkeypatch):
    (systemd / "shop").mkdir()
    monkeypatch.setattr(bus.os, "access", lambda folder, _mode: folder != systemd / "shop")
    told = esb("-C", filled, "bus", "move", "--to", f"sqlite:{filled}/new.db")
    assert (told.code, depth(filled / "bus.db")) == (1, 1)


@pytest.mark.parametrize("origin", [(), ("--from", "sqlite:bus.db?lease=10")], ids=["its broker", "named otherwise"])
def test_what_another_instance_on_the_same_broker_works_on_is_not_moved(
    esb, filled, systemd, runs, monkeypatch, origin
):
    monkeypatch.chdir(filled)
    runs(Project.open(filled, "crm").run_folder)
    told = esb("-C", filled, "bus", "move", "--to", f"sqlite:{filled}/new.db", *origin)
    assert (told.code, depth(filled / "bus.db")) == (1, 1)
    assert "the instance crm is running; stop it first ('esb -i crm stop')" in told.err


def test_a_broker_is_not_moved_to_itself_by_another_spelling(esb, filled, systemd, monkeypatch):
    monkeypatch.chdir(filled)
    told = esb("-C", filled, "bus", "move", "--to", "sqlite:bus.db?window=10")
    assert (told.code, depth(filled / "bus.db")) == (2, 1)
    assert "on already" in told.err


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("amqp://a:b@127.0.0.1/x", "amqp://c:d@10.0.0.1,127.0.0.1:5672/x?window=5", True),
        ("amqp://localhost/x", "amqp://127.0.0.1/x", True),
        ("amqp://127.0.0.1/x", "amqps://127.0.0.1/x", True),
        ("amqp://127.0.0.1/x", "amqp://127.0.0.1:5673/x", False),
        ("amqp://127.0.0.1/x", "amqp://127.0.0.1/y", False),
        ("amqp://127.0.0.1/x", "amqp://127.0.0.1/x?namespace=b", False),
        ("amqp://127.0.0.1/x", "sqlite:bus.db", False),
    ],
)
def test_a_broker_is_known_by_where_its_messages_are(one, other, same):
    assert bus._same(one, other) is same
