"""How benchmarks put their rounds together and tell them; what they measure is another matter."""

from __future__ import annotations

import os

from tests.benchmarks import data, machine, report
from tests.benchmarks.table import Column, Contender, Table


def scripted(*rates: float):
    waiting = list(rates)

    def run() -> dict[str, float]:
        rate = waiting.pop(0)
        if rate < 0:
            raise RuntimeError("broken")
        return {"rate": rate}

    return run


def measured() -> Table:
    table = Table("W9", "a title", (Column("rate", "msg/s"),), "goal ≥ 2 x peer", against=("peer",))
    return table.measure([Contender("bus", scripted(30, -1, 10, 50)), Contender("peer", scripted(10, 20, 15, 15))], 4)


def test_a_figure_is_the_median_of_the_rounds_that_gave_one() -> None:
    table = measured()
    assert (table.median("bus", "rate"), table.median("peer", "rate"), table.median("bus", "absent")) == (30, 15, None)


def test_a_row_tells_spread_rounds_and_the_ratio_to_the_peer() -> None:
    assert measured().rows == [["bus", "30", "10-50", "3", "2.00"], ["peer", "15", "10-20", "4", "1.00"]]


def test_a_contender_that_fails_is_named_with_the_reason() -> None:
    table = measured()
    assert table.failures == {"bus": "broken"}
    assert "bus failed: broken" in report.text(table)


def test_without_the_peer_there_is_no_ratio() -> None:
    table = Table("W9", "t", (Column("rate", "msg/s"),), "", against=("peer",))
    table.measure([Contender("bus", scripted(1))], 1)
    assert table.heading == ["contender", "msg/s", "min-max", "rounds"]
    assert table.rows == [["bus", "1", "1-1", "1"]]


def test_the_page_holds_a_table_for_each_benchmark_and_says_what_was_skipped() -> None:
    table = measured()
    table.skipped.append("Camel: there is no java on this machine")
    page = report.markdown([table], "python -m tests.benchmarks W9")
    assert "| bus | 30 | 10-50 | 3 | 2.00 |" in page
    assert "skipped: Camel: there is no java" in page
    assert "machine load" in page


def test_data_are_the_same_in_each_run_and_about_a_kilobyte() -> None:
    made = data.bodies(50)
    assert made == data.bodies(50)
    assert all(850 <= len(body) <= 1100 for body in made)


def test_a_process_has_memory_and_processor_time() -> None:
    assert machine.memory(os.getpid()) > 1
    assert machine.cpu(os.getpid()) > 0
    assert os.getpid() in machine.tree(os.getppid())
