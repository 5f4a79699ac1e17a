import datetime as dt
import decimal
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.errors import ConversionFailed, NotConnected
from esb.exchange import Exchange, Message
from esb.stores.codec import decode, encode
from esb.stores.contract import Group, Standing
from esb.stores.memory import MemoryAggregationRepository, MemoryIdempotentRepository
from esb.stores.sagas import SqliteSagaLog
from esb.stores.sqlite import SqliteAggregationRepository, SqliteIdempotentRepository
from esb.testing.store_suite import AGGREGATION, IDEMPOTENT


@contextmanager
def opened(repository, folder, scope="s"):
    repository.open(folder, scope)
    try:
        yield repository
    finally:
        repository.close()


@pytest.mark.parametrize("behaviour", IDEMPOTENT, ids=lambda behaviour: behaviour.__name__)
def test_the_idempotent_repository_in_memory(behaviour):
    behaviour(MemoryIdempotentRepository())


@pytest.mark.parametrize("behaviour", IDEMPOTENT, ids=lambda behaviour: behaviour.__name__)
def test_the_idempotent_repository_in_a_file(behaviour, tmp_path):
    with opened(SqliteIdempotentRepository(), tmp_path) as repository:
        behaviour(repository)


@pytest.mark.parametrize("behaviour", AGGREGATION, ids=lambda behaviour: behaviour.__name__)
def test_the_aggregation_repository_in_memory(behaviour):
    behaviour(MemoryAggregationRepository())


@pytest.mark.parametrize("behaviour", AGGREGATION, ids=lambda behaviour: behaviour.__name__)
def test_the_aggregation_repository_in_a_file(behaviour, tmp_path):
    with opened(SqliteAggregationRepository(), tmp_path) as repository:
        behaviour(repository)


def test_keys_that_are_completed_later_are_there_when_it_is_told(tmp_path):
    told = threading.Semaphore(0)
    errors = []
    with (
        opened(SqliteIdempotentRepository(), tmp_path) as repository,
        opened(SqliteIdempotentRepository(), tmp_path) as other,
    ):

        def done(key, error):
            errors.append(error)
            assert other.standing(key) is Standing.DONE
            repository.complete(f"{key} too")  # whoever is told may do as he likes
            told.release()

        for n in range(50):
            repository.complete_later(f"k{n}", partial(done, f"k{n}"))
        assert all(told.acquire(timeout=60) for _ in range(50))
        assert errors == [None] * 50
        assert other.standing("k49 too") is Standing.DONE


def test_a_key_that_cannot_be_completed_is_told_with_its_failure(tmp_path):
    told = threading.Event()
    errors = []

    def done(error):
        errors.append(error)
        told.set()

    with opened(SqliteIdempotentRepository(), tmp_path) as repository:
        pass
    repository.complete_later("k", done)
    assert told.wait(60)
    assert isinstance(errors[0], NotConnected)


def no_room(connection):
    """No page more for the file: SQLite undoes the transaction by itself."""
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")
    yield
    connection.execute("PRAGMA max_page_count = 1000000")


def no_commit(connection):
    """The commit fails, and leaves the transaction open."""
    connection.set_authorizer(lambda _action, what, *_: sqlite3.SQLITE_DENY if what == "COMMIT" else sqlite3.SQLITE_OK)
    yield
    connection.set_authorizer(None)


@contextmanager
def keys(folder):
    with opened(SqliteIdempotentRepository(), folder) as repository:
        yield repository._file._connection, repository.complete


@contextmanager
def groups(folder):
    with opened(SqliteAggregationRepository(), folder) as repository:

        def put(key):
            with repository.lock():
                repository.put(key, Group(Exchange()))

        yield repository._file._connection, put


@contextmanager
def sagas(folder):
    log = SqliteSagaLog()
    log.open(folder)
    saga = log.begin(automatic=False)
    yield log._connection, lambda step: log.enlist(saga, step, {}, None)
    log.close()


@pytest.mark.parametrize("store", [keys, groups, sagas])
@pytest.mark.parametrize(("broken", "why"), [(no_room, "full"), (no_commit, "not authorized")])
def test_a_store_that_failed_says_why_and_goes_on_afterwards(tmp_path, store, broken, why):
    with store(tmp_path) as (connection, use):
        trouble = broken(connection)
        next(trouble)
        with pytest.raises(NotConnected, match=why):
            use("x" * 100_000)
        assert list(trouble) == []
        use("k")


def test_the_memory_forgets_the_oldest_key_beyond_its_size():
    repository = MemoryIdempotentRepository(2)
    for key in "abc":
        repository.complete(key)
    assert [repository.standing(key) for key in "abc"] == [Standing.NEW, Standing.DONE, Standing.DONE]


def test_a_file_remembers_what_is_done_and_forgets_what_was_started(tmp_path):
    with opened(SqliteIdempotentRepository(), tmp_path) as repository:
        repository.begin("started")
        repository.complete("done")
    with opened(SqliteIdempotentRepository(), tmp_path) as repository:
        assert repository.begin("started") is Standing.NEW
        assert repository.begin("done") is Standing.DONE


_CHILD = """
import sys, time
from pathlib import Path
from esb.exchange import Exchange
from esb.stores.contract import Group
from esb.stores.sqlite import SqliteAggregationRepository, SqliteIdempotentRepository
folder = Path(sys.argv[1])
seen = SqliteIdempotentRepository(); seen.open(folder, "s")
groups = SqliteAggregationRepository(); groups.open(folder, "s")
seen.begin("k"); seen.complete("done")
with groups.lock():
    groups.put("open", Group(Exchange("half")))
    groups.complete("full", Group(Exchange("whole")))
print("ready", flush=True)
time.sleep(60)
"""


def test_what_a_killed_process_had_started_is_new_and_its_outcomes_are_recovered(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(tmp_path)], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    with (
        opened(SqliteIdempotentRepository(), tmp_path) as seen,
        opened(SqliteAggregationRepository(), tmp_path) as groups,
    ):
        assert seen.begin("k") is Standing.STARTED
        assert groups.recover() == []
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert seen.begin("k") is Standing.NEW
        assert seen.begin("done") is Standing.DONE
        [(outcome, key, exchange)] = groups.recover()
        assert (key, exchange.body) == ("full", "whole")
        assert groups.recover() == []
        groups.confirm(outcome)
        with groups.lock():
            assert groups.get("open").exchange.body == "half"


def test_a_released_outcome_is_recovered(tmp_path):
    with opened(SqliteAggregationRepository(), tmp_path) as groups:
        with groups.lock():
            outcome = groups.complete("k", Group(Exchange("x")))
        groups.release(outcome)
        assert [found[0] for found in groups.recover()] == [outcome]


def test_a_failure_inside_the_lock_changes_nothing(tmp_path):
    with opened(SqliteAggregationRepository(), tmp_path) as groups:

        def break_off():
            with groups.lock():
                groups.put("k", Group(Exchange("x")))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            break_off()
        assert groups.open_keys() == []


def test_scopes_do_not_see_each_other_and_a_named_one_is_shared(tmp_path):
    with (
        opened(SqliteIdempotentRepository(), tmp_path, "one") as one,
        opened(SqliteIdempotentRepository(), tmp_path, "two") as two,
        opened(SqliteIdempotentRepository(scope="one"), tmp_path, "three") as three,
    ):
        one.complete("k")
        assert two.standing("k") is Standing.NEW
        assert three.standing("k") is Standing.DONE


def test_done_keys_go_after_the_retention(tmp_path):
    with opened(SqliteIdempotentRepository(), tmp_path) as repository:
        repository.complete("k")
    with opened(SqliteIdempotentRepository(retention=-1), tmp_path) as repository:
        assert repository.standing("k") is Standing.NEW


def test_a_file_that_fails_is_said_to_be_unavailable(tmp_path):
    with opened(SqliteIdempotentRepository(), tmp_path) as repository:
        repository._file.execute("DROP TABLE seen")
        with pytest.raises(NotConnected):
            repository.begin("k")
        with pytest.raises(NotConnected):
            repository.complete("k")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.datetimes()
    | st.dates()
    | st.times(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_what_can_be_written_is_read_as_it_was(value):
    exchange = Exchange(value)
    read = decode(encode(exchange)).body
    assert read == value
    assert type(read) is type(value)


def test_nested_exchanges_and_messages_are_kept():
    outer = Exchange([Exchange("a", {"n": 1}), Message("b")])
    outer.message.attachments = {"file": b"\x00"}
    outer.properties["tuple"] = (1, decimal.Decimal("1.50"), dt.date(2024, 2, 29), {1})
    read = decode(encode(outer))
    assert [read.body[0].body, read.body[0].headers["n"], read.body[1].body] == ["a", 1, "b"]
    assert read.message.attachments == {"file": b"\x00"}
    assert read.properties["tuple"] == (1, decimal.Decimal("1.50"), dt.date(2024, 2, 29), {1})
    assert read.id == outer.id


def test_a_body_without_a_form_in_json_is_refused_and_such_a_property_left_out():
    exchange = Exchange("x")
    exchange.properties["CamelExceptionCaught"] = ValueError("x")
    assert decode(encode(exchange)).properties == {}
    with pytest.raises(ConversionFailed, match="marshal it"):
        encode(Exchange(object()))


def test_a_group_with_such_a_body_is_refused_by_the_file(tmp_path):
    with opened(SqliteAggregationRepository(), tmp_path) as groups, pytest.raises(ConversionFailed), groups.lock():
        groups.put("k", Group(Exchange(object())))


def test_a_key_that_another_process_did_between_look_and_mark_is_done(tmp_path, monkeypatch):
    ours, theirs = SqliteIdempotentRepository(), SqliteIdempotentRepository()
    ours.open(tmp_path, "s")
    theirs.open(tmp_path, "s")
    look = ours._look

    def overtaken(file, key):
        seen = look(file, key)
        monkeypatch.undo()
        assert theirs.begin(key) is Standing.NEW
        theirs.complete(key)
        return seen

    monkeypatch.setattr(ours, "_look", overtaken)
    try:
        assert ours.begin("k") is Standing.DONE
    finally:
        ours.close()
        theirs.close()
