import threading

import pytest

from esb.workers import WorkerPool


@pytest.fixture
def pool_of():
    pools = []

    def make(threads, run):
        pool = WorkerPool(threads, run, name="test")
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        pool.stop(5.0)


class Count:
    def __init__(self, wanted):
        self.items = []
        self.done = threading.Event()
        self._wanted = wanted

    def __call__(self, item):
        self.items.append(item)
        if len(self.items) >= self._wanted:
            self.done.set()


def test_one_thread_runs_items_in_order(pool_of):
    count = Count(100)
    pool = pool_of(1, count)
    pool.put(range(50))
    pool.start()
    pool.put(range(50, 100))
    assert count.done.wait(5.0)
    assert count.items == list(range(100))


def test_all_threads_work_at_the_same_time(pool_of):
    meeting = threading.Barrier(4)
    done = Count(4)

    def run(item):
        meeting.wait(5.0)
        done(item)

    pool = pool_of(4, run)
    pool.start()
    pool.put([1, 2, 3, 4])
    assert done.done.wait(5.0)


def test_a_failing_item_does_not_end_its_thread(pool_of, caplog):
    done = Count(1)

    def run(item):
        if item == "bad":
            raise ValueError(item)
        done(item)

    pool = pool_of(1, run)
    pool.start()
    pool.put(["bad", "good"])
    assert done.done.wait(5.0)
    assert "failed outside of any route" in caplog.text


def test_what_nobody_has_begun_can_be_taken_back(pool_of):
    begun, go_on = threading.Event(), threading.Event()
    items = []

    def run(item):
        items.append(item)
        begun.set()
        go_on.wait(5.0)

    pool = pool_of(1, run)
    pool.start()
    pool.put([1, 2, 3])
    assert begun.wait(5.0)
    assert pool.take_back() == [2, 3]
    go_on.set()
    assert pool.stop(5.0)
    assert items == [1]


def test_a_stop_says_whether_all_threads_have_ended(pool_of):
    begun, go_on = threading.Event(), threading.Event()

    def run(_item):
        begun.set()
        go_on.wait(5.0)

    pool = pool_of(1, run)
    pool.start()
    pool.put([1])
    assert begun.wait(5.0)
    assert not pool.stop(0.0)
    go_on.set()


def test_a_pool_that_is_started_again_has_its_number_of_threads_even_if_an_old_one_lingers(pool_of):
    begun, go_on = threading.Event(), threading.Event()
    running = []

    def run(item):
        running.append(threading.current_thread())
        if item == "long":
            begun.set()
            go_on.wait(5.0)

    pool = pool_of(1, run)
    pool.start()
    pool.put(["long"])
    assert begun.wait(5.0)
    pool.stop(0.0)
    pool.start()
    done = threading.Event()
    pool.put(["next"])
    go_on.set()
    running[0].join(5.0)
    assert not running[0].is_alive()
    pool.put(["last"])
    while len(running) < 3 and not done.wait(0.002):
        pass
    assert set(running[1:]) == {running[1]}


def test_a_worker_may_stop_its_own_pool(pool_of):
    stopped = threading.Event()

    def run(_item):
        pool.stop(5.0)
        stopped.set()

    pool = pool_of(1, run)
    pool.start()
    pool.put([1])
    assert stopped.wait(5.0)
