"""The embedded broker under kill -9, a stopped process and a full disk, with real processes."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from esb.broker.sqlite import SqliteBroker
from esb.broker.sqlite_ops import Settings
from esb.errors import NotConnected, Rejected
from esb.testing.broker_trial import Inbox, Receipts, message, publish, refusal, settle
from esb.testing.process import until

CHILD = str(Path(__file__).with_name("broker_child.py"))
ROOT = Path(__file__).parents[2]
Spawn = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "bus.db")


@pytest.fixture
def broker(path: str) -> Iterator[SqliteBroker]:
    broker = SqliteBroker(path)
    broker.open()
    broker.queue("orders")
    yield broker
    broker.close()


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    children: list[subprocess.Popen[bytes]] = []

    def spawn(*arguments: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, CHILD, *map(str, arguments)]
        child = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
        children.append(child)
        return child

    yield spawn
    for child in children:
        child.kill()
        child.wait()


def journal(path: Path, word: str) -> list[str]:
    lines = (
        path.read_text().split("\n")[:-1] if path.exists() else []
    )  # a last line without its end was cut by the kill
    return [line.split()[1] for line in lines if line.startswith(word + " ")]


def integrity(path: str) -> str:
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def test_a_killed_consumer_loses_nothing_and_repeats_at_most_its_leases(
    broker: SqliteBroker, path: str, tmp_path: Path, spawn: Spawn
) -> None:
    count, prefetch, notes = 5000, 50, tmp_path / "journal"
    publish(broker, "orders", *(message(f"m{n}") for n in range(count)))
    child = spawn("consume", f"sqlite:{path}", notes, prefetch)
    until(lambda: len(journal(notes, "got")) > count // 10, "the child is in the middle")
    child.send_signal(signal.SIGKILL)
    child.wait()
    inbox = Inbox()
    subscription = broker.subscribe("orders", inbox, prefetch=count)
    until(lambda: broker.depth("orders") == len(inbox.ids), "the dead process's leases came back")
    settle(subscription, inbox.wait(0))
    got = Counter(journal(notes, "got") + inbox.ids)
    assert set(got) == {f"m{n}" for n in range(count)}
    assert sum(got.values()) - count <= prefetch
    assert integrity(path) == "ok"


def test_a_dead_process_gives_back_long_before_its_lease_expires(
    broker: SqliteBroker, path: str, tmp_path: Path, spawn: Spawn
) -> None:
    notes = tmp_path / "journal"
    publish(broker, "orders", message("m1"))
    child = spawn("hold", f"sqlite:{path}?lease=3600", notes, 5)
    until(lambda: journal(notes, "got"), "the child holds the message")
    inbox = Inbox()
    broker.subscribe("orders", inbox)
    child.kill()
    [delivery] = inbox.wait(1, timeout=5)
    assert (delivery.redelivered, delivery.returns, delivery.attempts) == (True, 1, 1)


def test_a_stopped_process_loses_its_leases_and_cannot_ack_them_later(path: str, tmp_path: Path, spawn: Spawn) -> None:
    broker = SqliteBroker(path)
    broker.open()
    try:
        broker.queue("orders")
        publish(broker, "orders", message("m1"), message("m2"))
        notes = tmp_path / "journal"
        child = spawn("hold", f"sqlite:{path}?lease=0.5", notes, 5)
        until(lambda: len(journal(notes, "got")) == 2, "the child holds the messages")
        child.send_signal(signal.SIGSTOP)
        inbox = Inbox()
        subscription = broker.subscribe("orders", inbox)
        in_hand = inbox.wait(2)
        child.send_signal(signal.SIGCONT)
        settle(subscription, in_hand[:1])
        until(lambda: broker.depth("orders") == 1, "the new owner settles")
        broker.close()  # gives m2 back; the woken child, under a new lease, gets it again
        until(lambda: len(journal(notes, "got")) == 3, "the child goes on")
        assert journal(notes, "got")[2] == "m2"
    finally:
        broker.close()


def test_what_a_killed_publisher_was_told_is_there(
    path: str, tmp_path: Path, spawn: Spawn, broker: SqliteBroker
) -> None:
    notes = tmp_path / "journal"
    child = spawn("publish", f"sqlite:{path}", notes, 50_000)
    until(lambda: len(journal(notes, "ok")) > 2000, "the child is in the middle")
    child.kill()
    child.wait()
    confirmed = journal(notes, "ok")
    inbox = Inbox()
    broker.subscribe("orders", inbox, prefetch=100_000)
    until(lambda: len(inbox.ids) == broker.depth("orders"), "all that is there is delivered")
    assert set(confirmed) <= set(inbox.ids)
    assert integrity(path) == "ok"


def test_processes_compete_for_one_file(broker: SqliteBroker, path: str, tmp_path: Path, spawn: Spawn) -> None:
    count, notes = 2000, tmp_path / "journal"
    for _ in range(2):
        spawn("consume", f"sqlite:{path}", notes, 20)
    publish(broker, "orders", *(message(f"m{n}") for n in range(count)))
    until(lambda: broker.depth("orders") == 0, "both consumers together empty the queue")
    assert Counter(journal(notes, "got")) == Counter(f"m{n}" for n in range(count))


def test_another_process_sees_a_message_soon(broker: SqliteBroker, path: str, tmp_path: Path, spawn: Spawn) -> None:
    notes = tmp_path / "journal"
    spawn("consume", f"sqlite:{path}", notes, 20)
    publish(broker, "orders", message("wake"))
    until(lambda: journal(notes, "got"), "the child started")
    publish(broker, "orders", message("m1"))
    until(lambda: len(journal(notes, "got")) == 2, "the idle child looked")


def test_a_full_disk_is_told_to_publishers_and_passes(path: str) -> None:
    """The limit on file sizes stands for the full disk: the same write fails."""
    code = f"""
import resource, sys
from esb.broker.sqlite import SqliteBroker
from esb.broker.contract import Outgoing
from esb.testing.broker_trial import Inbox, Receipts, message, publish, settle
from esb.testing.process import until
states = []
broker = SqliteBroker({path!r}, on_state=states.append); broker.open(); broker.queue("orders")
publish(broker, "orders", message("before"))
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
receipts = Receipts()
for n in range(8):
    broker.publish("orders", Outgoing(f"m{{n}}", b"x" * 1_000_000), receipts.done(f"m{{n}}"))
errors = receipts.wait(8)
refused = [e for e in errors if e is not None]
assert refused and all(type(e).__name__ == "Rejected" for e in refused), errors
assert "blocked" in states, states
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
publish(broker, "orders", message("after"))
until(lambda: broker.state == "connected", "the broker recovered")
inbox = Inbox(); subscription = broker.subscribe("orders", inbox)
taken = {{key for key, error in receipts.calls if error is None}} | {{"before", "after"}}
until(lambda: set(inbox.ids) == taken, f"exactly the confirmed ones: {{taken}}")
settle(subscription, inbox.wait(2)); broker.close()
print("fine")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "fine\n", done.stderr


def test_settlements_wait_out_a_full_disk(broker: SqliteBroker, path: str) -> None:
    inbox, receipts = Inbox(), Receipts()
    subscription = broker.subscribe("orders", inbox)
    publish(broker, "orders", message("m1"))
    in_hand = inbox.wait(1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        settle(subscription, in_hand)
        broker.publish("orders", message("m2"), receipts.done("m2"))
        [error] = receipts.wait(1)
        assert isinstance(error, Rejected)
        assert "space" in str(error) or "disk" in str(error)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    until(lambda: broker.depth("orders") == 0, "the ack was kept and written later")


def test_a_missing_folder_is_a_state_with_a_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "later"
    broker = SqliteBroker(str(folder / "bus.db"), Settings(publish_timeout=5))
    broker.open()
    try:
        broker.queue("orders")
        receipts = Receipts()
        broker.publish("orders", message("m1"), receipts.done("m1"))
        until(lambda: "does not exist" in caplog.text, "the log says why")
        assert broker.state == "waiting"
        folder.mkdir()
        assert receipts.wait(1) == [None]
        assert broker.depth("orders") == 1
    finally:
        broker.close()


def test_a_sender_behind_a_settlement_is_answered_in_time_while_the_file_cannot_be_opened(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = SqliteBroker(path, Settings(publish_timeout=0.5))
    broker.open()
    try:
        broker.queue("orders")
        inbox, receipts = Inbox(), Receipts()
        subscription = broker.subscribe("orders", inbox)
        publish(broker, "orders", message("m1"))
        in_hand = inbox.wait(1)
        with monkeypatch.context() as gone:

            def unopened(*_: object) -> None:
                raise sqlite3.OperationalError("unable to open database file")

            gone.setattr("esb.broker.sqlite_writer.Store", unopened)
            assert broker._writer._store is not None
            gone.setattr(broker._writer._store, "begin", unopened)
            refusal(broker, "orders", message("m2"))
            until(lambda: broker._writer._store is None, "the writer gave its handle up")
            settle(subscription, in_hand)
            broker.publish("orders", message("m3"), receipts.done("m3"))
            [error] = receipts.wait(1, timeout=5)
            assert isinstance(error, NotConnected)
        until(lambda: broker.depth("orders") == 0, "the settlement was kept and written later")
    finally:
        broker.close()


def test_a_broker_opened_before_a_fork_refuses_in_the_child(broker: SqliteBroker) -> None:
    pid = os.fork()
    if pid == 0:
        answers: list[object] = []
        broker.publish("orders", message("m1"), answers.append)
        os._exit(0 if type(answers[0]).__name__ == "NotConnected" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_queue_declared_while_the_file_is_being_opened_is_there_afterwards(path: str) -> None:
    broker = SqliteBroker(path)
    # Runs while the broker opens its file, before it says that it is connected: as the start of a route on another thread may.
    broker._writer.declarations["while", "opening"] = lambda _: broker.queue("late")
    try:
        broker.open()
        until(lambda: broker.state == "connected", "the file is open")
        publish(broker, "late", message("m1"))
        assert broker.depth("late") == 1
    finally:
        broker.close()
