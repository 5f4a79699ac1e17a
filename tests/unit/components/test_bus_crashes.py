"""Marks of what a process was working on when it died."""

import os

import pytest

from esb.broker.contract import Delivery
from esb.components.bus.crashes import CrashMarks, key_of


def dies_working_on(folder, *keys):
    """A process that begins these and dies."""
    child = os.fork()
    if not child:
        marks = CrashMarks(folder)
        for key in keys:
            marks.begin(key)
        os._exit(1)
    os.waitpid(child, 0)


def key(name):
    return key_of(Delivery(name, b"", {}, None, "q", 1, True, 1))


def test_what_a_process_was_working_on_when_it_died_is_counted(tmp_path):
    for _ in range(2):
        dies_working_on(tmp_path, key("killer"), key("innocent"))
        dies_working_on(tmp_path, key("killer"))
    marks = CrashMarks(tmp_path)
    assert [marks.count(key(name)) for name in ("killer", "innocent", "other")] == [4, 2, 0]
    assert marks.count(key("killer")) == 4


def test_what_ended_before_the_death_does_not_count(tmp_path):
    child = os.fork()
    if not child:
        marks = CrashMarks(tmp_path)
        done, _ = marks.begin(key("done")), marks.begin(key("running"))
        marks.end(done)
        os._exit(1)
    os.waitpid(child, 0)
    assert [CrashMarks(tmp_path).count(key(name)) for name in ("done", "running")] == [0, 1]


def test_the_marks_of_living_processes_do_not_count(tmp_path):
    one, other = CrashMarks(tmp_path), CrashMarks(tmp_path)
    one.begin(key("m"))
    assert other.count(key("m")) == 0
    one.close()
    assert other.count(key("m")) == 0


def test_a_message_that_was_put_aside_starts_anew(tmp_path):
    dies_working_on(tmp_path, key("m"))
    marks = CrashMarks(tmp_path)
    assert marks.count(key("m")) == 1
    marks.forget(key("m"))
    assert marks.count(key("m")) == 0


def test_slots_are_used_again(tmp_path):
    marks = CrashMarks(tmp_path)
    for _ in range(100):
        marks.end(marks.begin(key("m")))
    [file] = tmp_path.glob("*.marks")
    assert file.stat().st_size == 32
    marks.close()


@pytest.mark.parametrize("content", [b"", b"{", b"null"])
def test_counts_that_cannot_be_read_are_none(tmp_path, content):
    (tmp_path / "counts.json").write_bytes(content)
    assert CrashMarks(tmp_path).count(key("m")) == 0


def test_messages_without_an_id_are_told_apart_by_their_bodies():
    one, other = (Delivery("", body, {}, None, "q", 1, True, 1) for body in (b"a", b"b"))
    assert key_of(one) != key_of(other)
