from __future__ import annotations

import threading

from esb.compiler.counts import Counts, Tally


def test_looking_at_a_tally_does_not_change_it() -> None:
    tally = Tally()
    seen = [tally.value, tally.value]
    tally.add()
    tally.add()
    assert [*seen, tally.value, tally.value] == [0, 0, 2, 2]


def test_a_tally_misses_nothing_of_many_threads_that_others_look_at() -> None:
    tally = Tally()
    begin = threading.Barrier(5)

    def add() -> None:
        begin.wait()
        for _ in range(2000):
            tally.add()

    def look() -> None:
        begin.wait()
        seen = 0
        while seen < 8000:
            now = tally.value
            assert now >= seen
            seen = now

    threads = [threading.Thread(target=add) for _ in range(4)] + [threading.Thread(target=look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert tally.value == 8000


def test_counts_tell_what_is_under_way_done_and_failed() -> None:
    counts = Counts()
    for _ in range(3):
        counts.begin()
    counts.end()
    counts.fail(OSError("down"))
    counts.end()
    assert (counts.inflight, counts.completed, counts.failed, counts.last_error) == (1, 1, 1, "OSError: down")


def test_a_failure_after_the_end_is_counted_and_takes_nothing_back():
    counts = Counts()
    counts.begin()
    counts.end()
    assert (counts.completed, counts.failed) == (1, 0)
    counts.fail_late(ValueError("not confirmed"))
    assert (counts.completed, counts.failed, counts.last_error) == (1, 1, "ValueError: not confirmed")
