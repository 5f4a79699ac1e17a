"""Appending: whole lines, in order, on disk before the source is told."""

import errno
import os
import threading
from pathlib import Path

import pytest

from adapters.file import appending
from adapters.file.appending import Appender
from adapters.file.errors import NotStored
from esb.exchange import Exchange
from esb.testing.process import until
from esb.unit import UnitOfWork


@pytest.fixture
def appender():
    made = Appender()
    yield made
    made.close()


@pytest.fixture
def append(tmp_path, appender):
    def call(text, unit=None, name="a", **options):
        appender.append(
            str(tmp_path / name),
            lambda: os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY),
            [text.encode()],
            unit,
            **options,
        )

    return call


def test_messages_are_appended_in_order_with_their_line_ends(files):
    endpoint = files.context.endpoint(r"file:out?fileName=a&fileExist=Append&appendChars=\n")
    for number in range(20):
        files.send(endpoint, str(number))
    assert files.tree() == {"out/a": "".join(f"{number}\n" for number in range(20))}


def test_many_threads_append_whole_lines(files):
    uri = r"file:out?fileName=a&fileExist=Append&appendChars=\n"

    def write(sign):
        for _ in range(200):
            files.send(uri, sign * 100)

    threads = [threading.Thread(target=write, args=(sign,)) for sign in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (files.folder / "out/a").read_text().splitlines()
    assert len(lines) == 800
    assert all(len(line) == 100 and len(set(line)) == 1 for line in lines)


def test_the_unit_is_released_only_after_the_fsync_that_covers_the_line(append, tmp_path, monkeypatch):
    begun, go = threading.Event(), threading.Event()
    real = os.fsync

    def fsync(handle):
        begun.set()
        assert go.wait(10)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    settled = threading.Event()
    unit = UnitOfWork(lambda _: settled.set())
    append("x", unit)
    assert (tmp_path / "a").read_text() == "x"  # written, but not yet on disk
    unit.release()
    assert begun.wait(10)
    assert not settled.is_set()
    go.set()
    assert settled.wait(10)


def test_lines_that_come_during_an_fsync_share_the_next_one(append, monkeypatch):
    begun, go, count = threading.Event(), threading.Event(), []
    real = os.fsync

    def fsync(handle):
        count.append(handle)
        begun.set()
        assert go.wait(10)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    append("x" * 10, UnitOfWork())
    assert begun.wait(10)
    left = threading.Semaphore(0)
    for _ in range(1000):
        unit = UnitOfWork(lambda _: left.release())
        append("y", unit)
        unit.release()
    go.set()
    for _ in range(1000):
        assert left.acquire(timeout=10)
    assert len(count) <= 4  # the file and its new folder entry, then one for all


def test_parts_of_a_message_hold_its_delivery_and_not_themselves(append):
    settled = threading.Event()
    whole = UnitOfWork(lambda _: settled.set())
    for _ in range(3):
        part = UnitOfWork(parent=whole)
        append("x", part)
        part.release()
        assert not part.open
    whole.release()
    assert settled.wait(10)


def test_lone_messages_do_not_wait_for_company(append, monkeypatch):
    monkeypatch.setattr(appending, "_GATHER", 600)
    for number in range(3 * appending._CROWD):
        append(str(number))  # without a unit: on return it is on disk


def test_after_a_crowd_the_next_waits_for_company_but_not_when_the_bus_stops(append, appender, monkeypatch):
    monkeypatch.setattr(appending, "_GATHER", 600)
    begun, go, crowd, last = (threading.Event() for _ in range(4))
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (begun.set(), go.wait(10), real(handle)))
    append("first", UnitOfWork())  # its fsync lets the others gather
    assert begun.wait(10)
    unit = UnitOfWork(lambda _: crowd.set())
    for number in range(2 * appending._CROWD):
        append(str(number), unit)
    unit.release()
    go.set()
    assert crowd.wait(10)
    unit = UnitOfWork(lambda _: last.set())
    append("last", unit)
    unit.release()
    assert not last.wait(0.05)
    appender.close()
    assert last.is_set()


def test_a_failed_fsync_fails_all_who_waited_and_the_file_is_opened_anew(append, tmp_path, monkeypatch):
    def broken(_):
        raise OSError(errno.EIO, "Input/output error")

    real = os.fsync
    monkeypatch.setattr(os, "fsync", broken)
    settled = []
    unit = UnitOfWork(lambda unit: settled.append(unit.error))
    append("x", unit)
    unit.release()
    until(lambda: settled)
    assert isinstance(settled[0], NotStored)
    with pytest.raises(NotStored):
        append("y")
    monkeypatch.setattr(os, "fsync", real)
    append("z")
    assert (tmp_path / "a").read_text() == "xyz"  # at least once: who failed will come again


def test_what_a_part_of_a_message_records_waits_for_the_disk_too(append, monkeypatch):
    def broken(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    recorded, settled = [], []
    whole = UnitOfWork(lambda unit: settled.append(unit.error))
    part = UnitOfWork(parent=whole)
    part.before_delivered(lambda unit: recorded.append(unit.error))
    append("x", part)
    append("y", part)
    part.release()
    whole.release()
    until(lambda: settled)
    assert [type(error) for error in (*recorded, *settled)] == [NotStored, NotStored]


def test_who_appends_when_a_unit_has_settled_waits_for_the_disk_and_not_for_himself(append, tmp_path):
    done = threading.Event()

    def settled(unit):
        append("y", unit)  # runs in the thread that syncs
        done.set()

    unit = UnitOfWork(settled)
    append("x", unit)
    unit.release()
    assert done.wait(10)
    assert (tmp_path / "a").read_text() == "xy"


def test_without_force_nobody_waits_for_the_disk(append, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("no fsync was asked for"))
    settled = []
    unit = UnitOfWork(settled.append)
    append("x", unit, force=False)
    unit.release()
    assert settled == [unit]


def test_a_file_that_was_taken_away_is_made_anew(append, tmp_path):
    append("x")
    (tmp_path / "a").rename(tmp_path / "rotated")
    append("y")
    assert (tmp_path / "rotated").read_text() == "x"
    assert (tmp_path / "a").read_text() == "y"


def test_more_files_than_are_kept_open_can_be_appended_to(append, tmp_path, appender):
    for _ in range(2):
        for number in range(150):
            append("x", UnitOfWork(), name=str(number))
    appender.close()
    assert {path.read_text() for path in tmp_path.iterdir()} == {"xx"}
    assert len(list(tmp_path.iterdir())) == 150


def test_nothing_stays_open_after_closing(append, appender):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(10):
        append("x", UnitOfWork(), name=str(number))
    appender.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    append("y")  # and it works on
    appender.close()


def test_a_route_may_append_to_the_very_file_it_reads(files):
    files.write("in/a", "x")
    exchange = files.endpoint("in").poll(0)
    files.send("file:in?fileName=a&fileExist=Append", "y")
    exchange.unit.release()
    assert files.tree() == {"in/.camel/a": "xy"}


def test_a_hundred_thousand_parts_do_not_cost_as_many_fsyncs(files, monkeypatch):
    count = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (count.append(1), real(handle)))
    producer = files.context.endpoint(r"file:out?fileName=a&fileExist=Append&appendChars=\n").producer()
    whole = UnitOfWork()
    for number in range(5000):
        part = Exchange(str(number))
        part.unit = UnitOfWork(parent=whole)
        producer.send(part)
        part.unit.release()
    assert len(count) < 2500
    assert len((files.folder / "out/a").read_text().splitlines()) == 5000
