"""What a message from a file is, and what becomes of the file."""

import itertools
import logging
import os
import threading
import time
import tracemalloc

import pytest

from adapters.file.errors import FileGone, shown
from esb.coerce import Source, octets, text
from esb.errors import ReferenceFault
from esb.testing.process import until


def test_a_message_tells_about_its_file(files):
    path = files.write("in/s/a.tar.gz", "hello")
    exchange = files.endpoint("in", recursive="true").poll(0)
    assert exchange.headers == {
        "CamelFileAbsolute": False,
        "CamelFileAbsolutePath": str(path),
        "CamelFileLastModified": path.stat().st_mtime_ns // 1_000_000,
        "CamelFileLength": 5,
        "CamelFileName": "s/a.tar.gz",
        "CamelFileNameConsumed": "s/a.tar.gz",
        "CamelFileNameOnly": "a.tar.gz",
        "CamelFileParent": "in/s",
        "CamelFilePath": "in/s/a.tar.gz",
        "CamelFileRelativePath": "s/a.tar.gz",
        "CamelMessageTimestamp": path.stat().st_mtime_ns // 1_000_000,
    }
    exchange.unit.release()


def test_the_body_is_a_source_that_opens_from_the_start_each_time(files):
    files.write("in/a", "größe", encoding="latin-1")
    body = files.endpoint("in", charset="ISO-8859-1").poll(0).body
    assert isinstance(body, Source)
    assert [text(body), text(body)] == ["größe", "größe"]
    assert octets(body) == "größe".encode("latin-1")
    assert (body.name, body.length) == ("a", 5)


def test_a_large_file_is_not_held_in_memory(files):
    files.write("in/a", "x" * 5_000_000)
    tracemalloc.start()
    exchange = files.endpoint("in").poll(0)
    with exchange.body.open() as reader:
        while reader.read(65536):
            pass
    exchange.unit.release()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_body_refuses_another_file_under_its_name(files):
    path = files.write("in/a", "mine")
    exchange = files.endpoint("in").poll(0)
    path.unlink()
    files.write("in/b", "foreign").rename(path)
    with pytest.raises(FileGone):
        exchange.body.open()
    path.unlink()
    path.symlink_to(files.write("secret", "secret"))
    with pytest.raises(FileGone):
        exchange.body.open()


def test_a_body_follows_its_file_when_it_is_moved(files):
    files.write("in/a", "x")
    exchange = files.read_one("in", move="done")
    assert text(exchange.body) == "x"


def test_probing_sets_the_content_type(files):
    files.write("in/a.csv")
    assert files.read_one("in", probeContentType="true").headers["CamelFileContentType"] == "text/csv"


# -- what becomes of the file


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "in/s/.camel/a.txt"),
        ({"move": "done"}, "in/s/done/a.txt"),
        ({"move": "done/"}, "in/s/done/a.txt"),
        ({"move": "done/${file:name.noext}-ok.${file:ext}"}, "in/done/s/a-ok.txt"),
        ({"move": "${file:onlyname}.bak"}, "in/s/a.txt.bak"),
        ({"move": "${file:parent}/x/${file:onlyname}"}, "in/s/x/a.txt"),
        ({"move": "../out/${file:onlyname}"}, "out/a.txt"),
        ({"move": "${date:file:yyyy}/${file:onlyname}"}, "in/2020/a.txt"),
        ({"noop": "true"}, "in/s/a.txt"),
        ({"preMove": "work"}, "in/s/work/.camel/a.txt"),
        ({"preMove": "work", "move": "${file:parent}/../done/${file:onlyname}"}, "in/s/done/a.txt"),
    ],
)
def test_a_file_that_is_done_goes_where_the_options_say(files, options, expected):
    os.utime(files.write("in/s/a.txt", "x"), (1_593_000_000,) * 2)
    files.read_one("in", recursive="true", **options)
    assert files.tree() == {expected: "x"}


def test_an_absolute_folder_is_moved_to(files):
    files.write("in/a", "x")
    files.read_one("in", move=str(files.folder / "archive"))
    assert files.tree() == {"archive/a": "x"}


def test_delete_removes_the_file(files):
    files.write("in/a")
    files.read_one("in", delete="true")
    assert files.tree() == {}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "in/a"),
        ({"moveFailed": "bad"}, "in/bad/a"),
        ({"moveFailed": "bad/${file:name}.err"}, "in/bad/a.err"),
        ({"moveFailed": "bad", "delete": "true"}, "in/bad/a"),
        ({"noop": "true", "moveFailed": "bad"}, "in/a"),
        ({"preMove": "work"}, "in/a"),
        ({"preMove": "work", "moveFailed": "${file:parent}/../bad/${file:onlyname}"}, "in/bad/a"),
    ],
)
def test_a_file_that_failed_goes_where_the_options_say(files, options, expected):
    files.write("in/a", "x")
    files.read_one("in", error=ValueError("no"), **options)
    assert files.tree() == {expected: "x"}


def test_a_move_replaces_an_older_file_as_in_camel(files):
    files.write("in/a", "new")
    files.write("in/.camel/a", "old")
    files.read_one("in")
    assert files.tree() == {"in/.camel/a": "new"}


def test_data_cannot_climb_out_by_the_move_expression(files):
    files.write("in/a", "x")
    exchange = files.endpoint("in", move="${header.where}/a").poll(0)
    exchange.headers["where"] = "../../elsewhere"
    exchange.unit.release()
    assert files.tree() == {"in/a": "x"}


def test_a_file_is_not_settled_before_all_that_hold_its_unit(files):
    files.write("in/a")
    exchange = files.endpoint("in").poll(0)
    exchange.unit.hold()
    exchange.unit.release()
    assert list(files.tree()) == ["in/a"]
    exchange.unit.release()
    assert list(files.tree()) == ["in/.camel/a"]


def test_a_file_in_work_is_not_read_again(files):
    files.write("in/a")
    endpoint = files.endpoint("in")
    exchange = endpoint.poll(0)
    assert endpoint.poll(0) is None
    exchange.unit.release()


def test_a_file_that_cannot_be_moved_is_not_read_again_but_moved_later(files):
    files.write("in/a", "x")
    blocker = files.write("in/done")  # a file where the folder should be
    endpoint = files.endpoint("in", move="done", include="a")
    endpoint.poll(0).unit.release()
    assert endpoint.poll(0) is None
    blocker.unlink()
    assert endpoint.poll(0) is None
    assert files.tree() == {"in/done/a": "x"}


def test_a_file_that_is_removed_while_it_is_processed_is_no_trouble(files, caplog):
    path = files.write("in/a")
    endpoint = files.endpoint("in")
    exchange = endpoint.poll(0)
    path.unlink()
    exchange.unit.release()
    assert endpoint.poll(0) is None
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_done_file_goes_with_its_file(files):
    files.write("in/a")
    files.write("in/a.done")
    files.read_one("in", doneFileName="${file:name}.done", delete="true")
    assert files.tree() == {}


def test_a_done_file_stays_when_the_file_failed(files):
    files.write("in/a")
    files.write("in/a.done")
    files.read_one("in", error=ValueError(), doneFileName="${file:name}.done")
    assert set(files.tree()) == {"in/a", "in/a.done"}


def test_a_fixed_done_file_goes_with_the_last_file(files):
    for name in ("a", "b", "go"):
        files.write(f"in/{name}")
    seen = []

    def route(exchange):
        seen.append((exchange.headers["CamelFileName"], (files.folder / "in/go").exists()))

    files.run("in", route, doneFileName="go", delete="true", sortBy="file:name")
    until(lambda: not files.tree())
    assert seen == [("a", True), ("b", True)]


# -- once


def test_noop_reads_each_file_once(files):
    files.write("in/a")
    poller = files.poller("in", noop="true")
    for taken in files.take(poller):
        taken.exchange.unit.release()
    assert files.take(poller) == []


def test_a_failed_file_counts_as_not_read(files):
    files.write("in/a")
    poller = files.poller("in", noop="true", delay=1)
    files.take(poller)[0].exchange.unit.release(ValueError())
    assert len(files.take(poller)) == 1


def test_the_idempotent_key_decides_what_is_the_same_file(files):
    files.write("in/a", "1")
    poller = files.poller("in", noop="true", idempotentKey="${file:name}-${file:size}")
    files.take(poller)[0].exchange.unit.release()
    files.write("in/a", "22")
    assert len(files.take(poller)) == 1


def test_a_repository_on_disk_remembers_over_restarts(files):
    files.write("in/a")
    repository = "#class:org.apache.camel.support.processor.idempotent.FileIdempotentRepository"
    for expected in (1, 0):
        poller = files.poller("in", noop="true", idempotentRepository=repository)
        taken = files.take(poller)
        assert len(taken) == expected
        for one in taken:
            one.exchange.unit.release()
        poller.close()


@pytest.mark.parametrize(("options", "again"), [({}, 0), ({"readLockRemoveOnCommit": "true"}, 1)])
def test_an_idempotent_read_lock_keeps_or_forgets_the_name(files, options, again):
    repository = "#class:org.apache.camel.support.processor.idempotent.MemoryIdempotentRepository"
    poller = files.poller("in", readLock="idempotent", idempotentRepository=repository, **options)
    files.write("in/a")
    files.take(poller)[0].exchange.unit.release()
    files.write("in/a")
    assert len(files.take(poller)) == again


# -- claims


def test_two_readers_never_have_one_file_at_the_same_time(files):
    files.write("in/a")
    first, second = files.poller("in"), files.poller("in", delay=1)
    (taken,) = files.take(first)
    assert files.take(second) == []
    taken.exchange.unit.release(ValueError())
    assert len(files.take(second)) == 1


def test_a_file_that_vanished_between_list_and_claim_is_skipped(files):
    path = files.write("in/a")
    poller = files.poller("in")
    (found,) = poller.poll(0, lambda _: False)
    path.unlink()
    assert poller.take(found) is None


def test_a_link_that_took_the_place_of_a_listed_file_is_not_followed(files):
    path = files.write("in/a")
    poller = files.poller("in")
    (found,) = poller.poll(0, lambda _: False)
    path.unlink()
    path.symlink_to(files.write("secret", "secret"))
    assert poller.take(found) is None


def test_a_folder_that_became_a_link_after_the_listing_is_not_followed(files):
    files.write("in/s/a", "mine")
    files.write("secret/a", "secret")
    poller = files.poller("in", recursive="true")
    (found,) = poller.poll(0, lambda _: False)
    (files.folder / "in/s").rename(files.folder / "in/t")
    (files.folder / "in/s").symlink_to(files.folder / "secret")
    assert poller.take(found) is None


@pytest.mark.parametrize("lock", ["markerFile", "changed", "rename", "fileLock"])
def test_a_marker_file_stands_beside_a_claimed_file(files, lock):
    files.write("in/a")
    poller = files.poller("in", readLock=lock, readLockCheckInterval=0)
    (taken,) = files.take(poller)
    assert set(files.tree()) == {"in/a", "in/a.camelLock"}
    taken.exchange.unit.release()
    assert set(files.tree()) == {"in/.camel/a"}


def test_without_a_read_lock_nothing_is_left_beside_the_file(files):
    files.write("in/a")
    (taken,) = files.take(files.poller("in"))
    assert set(files.tree()) == {"in/a"}
    taken.exchange.unit.release()


@pytest.mark.parametrize(("orphans", "found"), [("true", 1), ("false", 0)])
def test_a_marker_of_camel_from_before_the_start_is_taken_over_or_respected(files, orphans, found):
    files.write("in/a")
    os.utime(files.write("in/a.camelLock", ""), (1, 1))
    poller = files.poller("in", readLock="markerFile", readLockDeleteOrphanLockFiles=orphans)
    assert len(files.take(poller)) == found


def test_a_marker_that_camel_makes_while_we_run_is_respected(files):
    files.write("in/a")
    poller = files.poller("in", readLock="markerFile")
    marker = files.write("in/a.camelLock", "")
    assert files.take(poller) == []
    assert marker.exists()


def test_a_marker_of_ours_that_no_process_holds_is_taken_over(files):
    files.write("in/a")
    poller = files.poller("in", readLock="markerFile", readLockDeleteOrphanLockFiles="false")
    files.write("in/a.camelLock", "esb\n")
    assert len(files.take(poller)) == 1


def test_a_file_that_a_writer_has_locked_is_left_alone(files):
    import fcntl

    path = files.write("in/a")
    with path.open("r+b") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert files.read_one("in") is None
    assert files.read_one("in") is not None


def test_a_file_renamed_before_reading_gets_its_name_back_if_its_reader_died(files):
    files.write("in/work/a", "x")
    files.write("in/a.camelLock", f"esb\n{files.folder / 'in/work/a'}")
    poller = files.poller("in", preMove="work")
    poller.poll(0, lambda _: False)
    assert files.tree("in") == {"a": "x"}


# -- still being written


def test_a_file_that_changes_is_not_read_before_it_stands_still(files):
    path = files.write("in/a", "1")
    poller = files.poller("in", readLock="changed", readLockCheckInterval=1)

    def write_on(_):
        with path.open("a") as more:
            more.write("2")
        return False

    assert poller.poll(0, write_on) == []
    assert [found.name for found in poller.poll(0, threading.Event().wait)] == ["a"]


def test_a_young_or_short_file_is_not_read(files):
    files.write("in/a", "1")
    options = {"readLock": "changed", "readLockCheckInterval": 0}
    assert files.names("in", **options) == ["a"]
    assert files.names("in", **options, readLockMinAge=60_000) == []
    assert files.names("in", **options, readLockMinLength=2) == []


def test_a_file_that_changed_after_it_stood_still_is_not_taken(files):
    path = files.write("in/a", "1")
    poller = files.poller("in", readLock="changed", readLockCheckInterval=0)
    (found,) = poller.poll(0, lambda _: False)
    path.write_text("12")
    assert poller.take(found) is None


def test_many_new_files_are_watched_together(files):
    for number in range(50):
        files.write(f"in/{number}")
    waits = []

    def wait(seconds):
        waits.append(seconds)
        return threading.Event().wait(seconds)

    found = files.poller("in", readLock="changed", readLockCheckInterval=50).poll(0, wait)
    assert (len(found), waits) == (50, [0.05])


# -- the consumer


def test_a_failing_file_is_tried_again_less_and_less_often(files):
    files.write("in/bad")
    tries = []

    def route(exchange):
        tries.append(time.monotonic())
        raise ValueError("no")

    files.run("in", route, delay=20)
    until(lambda: len(tries) >= 5)
    gaps = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert gaps[-1] > 0.14  # 8 times the delay after the fourth failure


def test_a_bad_file_does_not_hold_up_good_ones(files):
    files.write("in/bad")
    done = []

    def route(exchange):
        if exchange.headers["CamelFileName"] == "bad":
            raise ValueError("no")
        done.append(exchange.headers["CamelFileName"])

    files.run("in", route)
    until(lambda: "in/bad" in files.tree())
    files.write("in/good")
    until(lambda: done == ["good"])


def test_two_consumers_on_one_folder_read_each_file_once(files):
    for number in range(200):
        files.write(f"in/{number}")
    seen, lock = [], threading.Lock()

    def route(exchange):
        with lock:
            seen.append(exchange.headers["CamelFileName"])

    for include in ("[0-9]+", "[0-9]*"):
        files.run("in", route, include=include, move="../done")
    until(lambda: len(files.tree("done")) == 200 if (files.folder / "done").exists() else False)
    assert len(seen) == len(set(seen)) == 200


def test_a_folder_that_comes_late_is_read(files):
    seen = []
    files.run("late", seen.append, autoCreate="false")
    files.write("late/a")
    until(lambda: len(seen) == 1)


def test_a_missing_folder_is_made(files):
    files.run("new/in", lambda _: None)
    assert (files.folder / "new/in").is_dir()


def test_a_folder_that_must_exist_is_asked_for_at_start(files):
    with pytest.raises(ReferenceFault, match="does not exist"):
        files.run("none", lambda _: None, autoCreate="false", startingDirectoryMustExist="true")


def test_repeat_count_ends_the_polling(files):
    bodies = []
    files.run("in", lambda exchange: bodies.append(exchange.body), repeatCount=2, sendEmptyMessageWhenIdle="true")
    until(lambda: len(bodies) == 2)
    assert bodies == [None, None]


def test_files_of_one_poll_know_their_place(files):
    for name in "ab":
        files.write(f"in/{name}")
    seen = []

    def route(exchange):
        batch = exchange.properties
        seen.append((batch["CamelBatchIndex"], batch["CamelBatchSize"], batch["CamelBatchComplete"]))

    files.run("in", route, initialDelay=0)
    until(lambda: len(seen) == 2)
    assert seen == [(0, 2, False), (1, 2, True)]


def test_a_suspended_consumer_takes_nothing_until_it_is_resumed(files):
    seen = []
    consumer = files.run("in", lambda exchange: seen.append(exchange.headers["CamelFileName"]))
    files.write("in/a")
    until(lambda: seen == ["a"])
    consumer.suspend()
    consumer.stop(5)  # no poll is under way any more
    files.write("in/b")
    consumer.start()
    until(lambda: seen == ["a", "b"])


def test_stopping_waits_for_the_file_in_hand(files):
    files.write("in/a")
    begun, go = threading.Event(), threading.Event()

    def route(exchange):
        begun.set()
        assert go.wait(10)

    consumer = files.run("in", route)
    assert begun.wait(10)
    threading.Timer(0.05, go.set).start()
    consumer.stop(10)
    assert list(files.tree()) == ["in/.camel/a"]


def test_polling_for_one_file_waits_as_long_as_it_was_told(files):
    (files.folder / "in").mkdir()
    endpoint = files.endpoint("in", delay=10)
    assert endpoint.poll(0.03) is None
    threading.Timer(0.05, files.write, ["in/a"]).start()
    assert endpoint.poll(10).headers["CamelFileName"] == "a"


def test_polling_a_folder_that_is_not_there_finds_nothing(files):
    assert files.endpoint("none").poll(0) is None


# -- hostile names


@pytest.mark.parametrize("name", ["a\nERROR forged line", "a\x1b[31mred", "a\rb", "\udcff"])
def test_names_are_escaped_where_they_are_told(name):
    told = shown(name)
    assert told.isascii()
    assert told.isprintable()


def test_a_name_with_a_newline_writes_no_log_line_of_its_own(files, caplog):
    caplog.set_level(logging.DEBUG)
    path = files.write("in/a\nforged")
    exchange = files.endpoint("in").poll(0)
    path.unlink()
    exchange.unit.release()
    assert caplog.records
    assert not [record for record in caplog.records if "\n" in record.getMessage()]


def test_a_name_that_is_no_utf_8_is_read_and_moved(files):
    (files.folder / "in").mkdir()
    (files.folder / os.fsdecode(b"in/\xff")).write_text("x")
    exchange = files.read_one("in")
    assert text(exchange.body) == "x"
    assert [path.name for path in (files.folder / "in/.camel").iterdir()] == [os.fsdecode(b"\xff")]


def test_a_move_that_nobody_foresaw_to_fail_does_not_give_the_file_back(files):
    files.write("in/a", "x")
    endpoint = files.endpoint("in", move="${body.nope}/a")
    endpoint.poll(0).unit.release()
    assert endpoint.poll(0) is None
