"""How benchmarks put their rounds together and tell them; what they measure is another matter."""

from __future__ import annotations

import os
import time

from tests.benchmarks import data, figures, machine, report
from tests.benchmarks.run import interleaved
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
    table.contenders = [Contender("bus", scripted(30, -1, 10, 50)), Contender("peer", scripted(10, 20, 20, 10))]
    interleaved([table], 4, 0, lambda: None)
    return table


def test_a_figure_is_the_median_of_the_rounds_that_gave_one() -> None:
    table = measured()
    assert (table.median("bus", "rate"), table.median("peer", "rate"), table.median("bus", "absent")) == (30, 15, None)


def test_a_ratio_is_the_median_of_what_each_round_gave_not_of_the_rates_medians() -> None:
    assert measured().ratios("bus", "peer", "rate") == [3, 0.5, 5]
    assert measured().rows == [
        ["bus", "30", "10-50", "3", "3.00 (0.50-5.00)"],
        ["peer", "15", "10-20", "4", ""],
    ]


def test_each_round_begins_with_another_contender() -> None:
    begun = []
    table = Table("W9", "t", (Column("rate", "msg/s"),))
    table.contenders = [Contender(name, lambda name=name: begun.append(name) or {"rate": 1}) for name in "abc"]
    interleaved([table], 3, 0, lambda: None)
    assert "".join(begun) == "abcbcacab"


def test_all_benchmarks_do_their_first_round_before_one_does_its_second() -> None:
    begun = []

    def table(name: str, most: int = 0) -> Table:
        made = Table(name, "t", (Column("rate", "msg/s"),), most=most)
        made.contenders = [Contender("bus", lambda: begun.append(name) or {"rate": 1})]
        return made

    once = table("once", most=1)
    interleaved([table("a"), once, table("b")], 2, 0, lambda: None)
    assert begun == ["a", "once", "b", "a", "b"]
    assert not once.short


def test_a_run_that_is_interrupted_says_so_and_keeps_what_was_done(tmp_path) -> None:
    def stopped() -> dict[str, float]:
        raise KeyboardInterrupt

    begun, cut = measured(), Table("W8", "t", (Column("rate", "msg/s"),))
    cut.contenders = [Contender("bus", scripted(1, 2)), Contender("peer", stopped)]
    told = report.Report("command", ["machine"], [begun, cut])
    interleaved([cut], 3, 0, lambda: report.write(told, tmp_path / "kept.json"))
    page = report.markdown(report.read(tmp_path / "kept.json"))
    assert page == report.markdown(told)
    assert "cut short: 1 of 3 rounds, it was interrupted" in page


def test_no_round_begins_that_would_end_too_late() -> None:
    table = Table("W9", "t", (Column("rate", "msg/s"),))
    table.contenders = [Contender("bus", lambda: time.sleep(0.02) or {"rate": 1})]
    interleaved([table], 1000, 0.03 / 60, lambda: None)
    assert table.done == 1
    assert table.short == "1 of 1000 rounds, the 0.0005 minutes were over"


def test_goals_stand_beside_what_was_measured() -> None:
    table = Table("W1-100k", "t", (Column("steady", "msg/s"),), against=("Camel tuned", "shovel"))
    table.rounds = {
        "bus": [{"steady": 30, "round": 1, "left": 0}],
        "Camel tuned": [{"steady": 10, "round": 1}],
        "shovel": [{"steady": 40, "round": 1}],
    }
    table.columns += (Column("doubled", "doubled"), Column("left", "left"))
    assert figures.verdicts([table]) == [
        ["W1-100k", "bus", "≥ 2.0 x Camel tuned", "3.00", "1", "yes"],
        ["W1-100k", "bus", "≥ 1.0 x shovel", "0.75", "1", "no"],
    ]
    table.rounds["bus"][0]["left"] = 3
    assert figures.verdicts([table])[2] == ["W1-100k", "bus", "left ≤ 0", "3", "1", "no"]


def test_a_contender_that_fails_is_named_with_the_reason() -> None:
    table = measured()
    assert table.failures == {"bus": "round 2: RuntimeError: broken"}
    assert "bus failed: round 2: RuntimeError: broken" in report.text(table)


def test_without_the_peer_there_is_no_ratio() -> None:
    table = Table("W9", "t", (Column("rate", "msg/s"),), "", against=("peer",))
    table.contenders = [Contender("bus", scripted(1))]
    table.measure(1)
    assert table.heading == ["contender", "msg/s", "min-max", "rounds"]
    assert table.rows == [["bus", "1", "1-1", "1"]]


def test_the_page_holds_a_table_for_each_benchmark_and_says_what_was_skipped() -> None:
    table = measured()
    table.skipped.append("Camel: there is no java on this machine")
    page = report.markdown(report.Report("python -m tests.benchmarks W9", ["a machine"], [table]))
    assert "| bus | 30 | 10-50 | 3 | 3.00 (0.50-5.00) |" in page
    assert "skipped: Camel: there is no java" in page
    assert "measured a machine; `python -m tests.benchmarks W9`" in page
    assert "machine load" in page


def test_a_section_that_was_not_measured_again_stays_on_the_page() -> None:
    before = report.markdown(report.Report("one", [], [measured()]))
    other = measured()
    other.name = "W1-100k"
    page = report.markdown(report.Report("two", [], [other]), before)
    assert page.index("## W1-100k") < page.index("## W9")
    assert "`one`" in page
    assert "`two`" in page


def test_data_are_the_same_in_each_run_and_about_a_kilobyte() -> None:
    made = data.bodies(50)
    assert made == data.bodies(50)
    assert all(850 <= len(body) <= 1100 for body in made)


def test_a_process_has_memory_and_processor_time() -> None:
    assert machine.memory(os.getpid()) > 1
    assert machine.cpu(os.getpid()) > 0
    assert os.getpid() in machine.tree(os.getppid())


def test_the_machine_is_busy_at_least_as_long_as_this_process() -> None:
    assert machine.busy() >= machine.cpu(os.getpid())
