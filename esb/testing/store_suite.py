"""The contract of :mod:`esb.stores.contract`, said once: every implementation passes these.

Bind them by::

    @pytest.mark.parametrize("behaviour", IDEMPOTENT, ids=lambda behaviour: behaviour.__name__)
    def test_my_repository_keeps_the_contract(behaviour):
        behaviour(MyRepository())

A repository is new, and open, for each behaviour.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from esb.exchange import Exchange
from esb.stores.contract import AggregationRepository, Group, IdempotentRepository, Standing

T = TypeVar("T")

IDEMPOTENT: list[Callable[[IdempotentRepository], None]] = []
AGGREGATION: list[Callable[[AggregationRepository], None]] = []


def _idempotent(behaviour: Callable[[IdempotentRepository], None]) -> None:
    IDEMPOTENT.append(behaviour)


def _aggregation(behaviour: Callable[[AggregationRepository], None]) -> None:
    AGGREGATION.append(behaviour)


@_idempotent
def a_key_is_new_then_started_then_done(repository: IdempotentRepository) -> None:
    """The life of a key."""
    assert repository.standing("k") is Standing.NEW
    assert repository.begin("k") is Standing.NEW
    assert repository.standing("k") is Standing.STARTED
    repository.complete("k")
    assert repository.standing("k") is Standing.DONE


@_idempotent
def what_was_begun_is_not_begun_again(repository: IdempotentRepository) -> None:
    """Neither while it is under way nor afterwards."""
    repository.begin("k")
    assert repository.begin("k") is Standing.STARTED
    repository.complete("k")
    assert repository.begin("k") is Standing.DONE


@_idempotent
def an_abandoned_key_is_new_whether_started_or_done(repository: IdempotentRepository) -> None:
    """And abandoning twice is no error."""
    repository.begin("started")
    repository.complete("done")
    for key in ("started", "done", "done", "never"):
        repository.abandon(key)
        assert repository.begin(key) is Standing.NEW
        repository.abandon(key)


@_idempotent
def a_key_can_be_completed_without_having_been_begun(repository: IdempotentRepository) -> None:
    """As the lazy consumer does."""
    repository.complete("k")
    assert repository.standing("k") is Standing.DONE


@_idempotent
def keys_are_told_apart_exactly(repository: IdempotentRepository) -> None:
    """Case, blanks and marks count."""
    for key in ("a", "A", "a ", "ä", "a\x00b", ""):
        assert repository.begin(key) is Standing.NEW


@_idempotent
def a_cleared_repository_knows_nothing(repository: IdempotentRepository) -> None:
    """Started or done."""
    repository.begin("a")
    repository.complete("b")
    repository.clear()
    assert [repository.standing(key) for key in "ab"] == [Standing.NEW, Standing.NEW]


@_idempotent
def of_many_threads_one_begins_a_key(repository: IdempotentRepository) -> None:
    """The others see it started."""
    seen = _at_once(8, lambda _: repository.begin("k"))
    assert sorted(standing.value for standing in seen) == ["new"] + ["started"] * 7


@_idempotent
def completions_of_many_threads_all_count(repository: IdempotentRepository) -> None:
    """Also where they share a flush."""

    def complete(number: int) -> None:
        for index in range(20):
            repository.complete(f"{number}-{index}")

    _at_once(8, complete)
    assert {repository.standing(f"{number}-{index}") for number in range(8) for index in range(20)} == {Standing.DONE}


@_aggregation
def a_group_is_what_was_put(repository: AggregationRepository) -> None:
    """Message, properties, variables and deadline."""
    exchange = Exchange({"a": [1, 2.5, None, True]}, {"Name": "x", "n": 1})
    exchange.properties["p"] = ["listed"]
    exchange.variables["v"] = "w"
    with repository.lock():
        assert repository.get("k") is None
        repository.put("k", Group(exchange, 12.5))
        found = repository.get("k")
    assert found is not None
    assert found.deadline == 12.5
    read = found.exchange
    assert (read.body, dict(read.headers)) == ({"a": [1, 2.5, None, True]}, {"Name": "x", "n": 1})
    assert (read.properties["p"], read.variables) == (["listed"], {"v": "w"})
    assert repository.open_keys() == ["k"]


@_aggregation
def a_completed_group_is_not_open(repository: AggregationRepository) -> None:
    """Its key may start a new one."""
    with repository.lock():
        group = Group(Exchange("x"))
        repository.put("k", group)
        outcome = repository.complete("k", group)
        assert repository.get("k") is None
    assert repository.open_keys() == []
    repository.confirm(outcome)
    repository.confirm(outcome)


@_aggregation
def a_group_of_one_completes_without_having_been_put(repository: AggregationRepository) -> None:
    """CompletionSize 1."""
    with repository.lock():
        repository.confirm(repository.complete("k", Group(Exchange("x"))))
    assert repository.recover() == []


@_aggregation
def what_is_under_way_here_is_not_recovered(repository: AggregationRepository) -> None:
    """Or it would run twice."""
    with repository.lock():
        repository.complete("k", Group(Exchange("x")))
    assert repository.recover() == []


@_aggregation
def the_lock_is_reentrant_and_keeps_others_out(repository: AggregationRepository) -> None:
    """A look-up and its change are one."""

    def count(_: int) -> None:
        for _ in range(10):
            with repository.lock(), repository.lock():
                group = repository.get("k")
                repository.put("k", Group(Exchange(1 if group is None else group.exchange.body + 1)))

    _at_once(4, count)
    with repository.lock():
        group = repository.get("k")
    assert group is not None
    assert group.exchange.body == 40


def _at_once(threads: int, call: Callable[[int], T]) -> list[T]:
    results: list[T] = []

    def work(number: int) -> None:
        results.append(call(number))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    return results
