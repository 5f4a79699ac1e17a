"""A file whose route made a call of unknown outcome: it may have had its effect, so nobody makes it again by itself."""

import pytest

from esb.errors import ConnectionLost, RouteError


def unknown():
    error = ConnectionLost("the connection broke")
    error.uncertain = True
    return error


def wrapped():
    try:
        raise RouteError("the route failed") from unknown()
    except RouteError as error:
        return error


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "in/s/.unknown/a.csv"),
        ({"delete": "true"}, "in/s/.unknown/a.csv"),
        ({"preMove": "work"}, "in/s/.unknown/a.csv"),
        ({"moveFailed": "bad"}, "in/s/bad/a.csv"),
    ],
)
def test_a_file_of_unknown_outcome_is_put_aside(files, options, expected):
    files.write("in/s/a.csv", "x")
    files.read_one("in", error=unknown(), recursive="true", **options)
    assert files.tree() == {expected: "x"}


def test_a_cause_of_unknown_outcome_counts_too(files):
    files.write("in/a", "x")
    files.read_one("in", error=wrapped())
    assert files.tree() == {"in/.unknown/a": "x"}


def test_a_call_that_may_be_made_again_leaves_the_file_where_it_is(files):
    files.write("in/a", "x")
    files.read_one("in", error=ConnectionLost("the connection broke"))
    assert files.tree() == {"in/a": "x"}


def test_it_replaces_no_other_file_of_unknown_outcome(files):
    for content in ("monday", "tuesday"):
        files.write("in/a.csv", content)
        files.read_one("in", error=unknown())
    assert files.tree("in/.unknown") == {"a.csv": "monday", "a~1.csv": "tuesday"}


def test_the_log_says_where_it_is_and_why(files, caplog):
    files.write("in/a", "x")
    files.read_one("in", error=unknown())
    (told,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert str(files.folder / "in/.unknown/a") in told
    assert "may have had its effect" in told


def test_it_is_not_read_again_where_hidden_folders_are_read(files):
    files.write("in/a", "x")
    poller = files.poller("in", recursive="true", includeHiddenDirs="true", include="a")
    files.take(poller)[0].exchange.unit.release(unknown())
    assert files.take(poller) == []


@pytest.mark.parametrize("options", [{"noop": "true"}, {"idempotent": "true"}])
def test_its_key_is_kept_so_that_the_same_file_is_not_read_again(files, options):
    files.write("in/a", "x")
    poller = files.poller("in", delay=1, **options)
    files.take(poller)[0].exchange.unit.release(unknown())
    files.write("in/a", "x")
    assert files.take(poller) == []


def test_a_read_lock_that_forgets_its_keys_keeps_this_one(files):
    repository = "#class:org.apache.camel.support.processor.idempotent.MemoryIdempotentRepository"
    options = {"readLock": "idempotent", "idempotentRepository": repository, "readLockRemoveOnCommit": "true"}
    files.write("in/a", "x")
    poller = files.poller("in", noop="true", **options)
    files.take(poller)[0].exchange.unit.release(unknown())
    assert files.take(poller) == []
