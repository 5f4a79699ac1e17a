import threading
import weakref

import pytest

from esb.eip._parts import Entry
from esb.eip.split import SplitSpec
from esb.errors import ConnectionLost, OptionError
from esb.exchange import Exchange
from esb.javanames import CamelExchangeException
from esb.step import StepSpec
from esb.testing.process import until

from .support import Asked, Bench, Do, Later, body, do, fail, stop

GROUPED = "#class:org.apache.camel.processor.aggregate.GroupedBodyAggregationStrategy"


def split(*steps: StepSpec, **options):
    options.setdefault("expression", body())
    return SplitSpec(steps=steps, **options)


def collected(*steps, **options):
    """A bench that splits, and the list its parts end in."""
    seen: list[Exchange] = []
    return Bench(split(*steps, do(seen.append), **options)), seen


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, "two", None, [3, 4]], [1, "two", [3, 4]]),
        ("a,b", ["a", "b"]),
        (5, [5]),
        ({"a": 1, "b": 2}, [Entry("a", 1), Entry("b", 2)]),
        ([], []),
        (None, []),
        ("", []),
        (",,a,,b,,", ["", "a", "", "b", ""]),
        ("a(b,c),d", ["a(b,c)", "d"]),
        (b"a,b", [b"a,b"]),
    ],
)
def test_parts_are_what_camel_takes_for_parts(given, expected):
    bench, seen = collected()
    assert bench.send(given).error is None
    assert [part.body for part in seen] == expected


def test_a_delimiter_is_literal_and_false_does_not_cut():
    bench, seen = collected(delimiter="|")
    bench.send("a|b,c")
    whole, all_of_it = collected(delimiter="false")
    whole.send("a|b,c")
    assert [part.body for part in seen] == ["a", "b,c"]
    assert [part.body for part in all_of_it] == ["a|b,c"]


def test_without_a_strategy_the_message_stays_as_it_was():
    def spoil(part):
        part.body = "changed"
        part.headers["h"] = "changed"
        part.properties["p"] = "changed"
        part.variables["v"] = "changed"

    bench = Bench(split(do(spoil)))
    outer = Exchange("a,b", {"h": "outer"})
    outer.properties["p"] = outer.variables["v"] = "outer"
    bench.run(outer)
    assert (outer.body, outer.headers["h"], outer.properties["p"], outer.variables["v"]) == ("a,b", *["outer"] * 3)
    assert "CamelSplitIndex" not in outer.properties


def test_parts_know_their_place_and_how_many_there_are():
    bench, seen = collected()
    bench.send("a,b")
    assert [
        (p.properties["CamelSplitIndex"], p.properties["CamelSplitSize"], p.properties["CamelSplitComplete"])
        for p in seen
    ] == [(0, 2, False), (1, 2, True)]


def test_with_streaming_the_size_is_known_at_the_last_part_only():
    bench, seen = collected(streaming=True)
    bench.send(["a", "b"])
    assert [
        (p.properties.get("CamelSplitSize"), p.properties["CamelSplitComplete"], p.properties["CamelSplitIndex"])
        for p in seen
    ] == [(None, False, 0), (2, True, 1)]


def test_streaming_reads_one_part_ahead_and_no_more():
    read = []

    def rows():
        for number in range(3):
            read.append(number)
            yield number

    bench, seen = collected(do(lambda part: part.headers.update(read=len(read))), streaming=True)
    bench.send(rows())
    assert [part.headers["read"] for part in seen] == [2, 3, 3]


def test_a_streaming_split_keeps_no_part_that_is_done():
    class Row:
        pass

    alive = weakref.WeakSet()
    most = []

    def rows():
        for _ in range(1000):
            row = Row()
            alive.add(row)
            yield row

    Bench(split(do(lambda _: most.append(len(alive))), streaming=True)).send(rows())
    assert (len(most), max(most) < 10) == (1000, True)


def test_a_failing_part_lets_the_others_run_and_fails_the_message_with_the_last_failure():
    bench, seen = collected(fail(ValueError("no"), lambda part: part.body != "b"))
    outer = bench.send("a,b,c")
    assert [part.body for part in seen] == ["b"]
    assert isinstance(outer.error, ValueError)
    assert outer.exhausted


def test_a_part_of_unknown_outcome_outweighs_the_last_failure_and_one_of_the_list_itself():
    open_call = ConnectionLost("gone")
    open_call.uncertain = True

    def rows(_):
        yield "a"
        yield "b"
        raise ValueError("the rest cannot be read")

    def send(part):
        raise open_call if part.body == "a" else ValueError("no")

    assert Bench(split(do(send))).send("a,b,c").error is open_call
    assert Bench(split(do(send), expression=Asked(ask=rows), streaming=True)).send("x").error is open_call


def test_stop_on_exception_ends_at_the_failing_part_with_the_cause_wrapped():
    bench, seen = collected(fail(ValueError("no"), lambda part: part.body == "b"), stop_on_exception=True)
    outer = bench.send("a,b,c")
    assert [part.body for part in seen] == ["a"]
    assert isinstance(outer.error, CamelExchangeException)
    assert isinstance(outer.error.__cause__, ValueError)
    assert outer.body == "a,b,c"


def test_a_stop_ends_its_part_only():
    bench, seen = collected(stop(lambda part: part.body == "b"))
    outer = bench.send("a,b,c")
    assert [part.body for part in seen] == ["a", "c"]
    assert not outer.halted


def test_with_stop_on_exception_a_stop_ends_the_message_too():
    bench, seen = collected(stop(lambda part: part.body == "b"), stop_on_exception=True)
    outer = bench.send("a,b,c")
    assert [part.body for part in seen] == ["a"]
    assert (outer.halted, outer.body, outer.error) == (True, "b", None)


def handles(part):
    part.halted = part.handled = True
    part.body = "H" + part.body


def test_a_handled_failure_of_a_later_part_counts_for_a_list_and_the_message_goes_on():
    bench = Bench(split(do(lambda part: handles(part) if part.body == "b" else None), aggregation_strategy=GROUPED))
    outer = bench.send("a,b,c")
    assert (outer.body, outer.halted) == (["a", "Hb", "c"], False)


def test_a_list_is_gathered_on_the_first_part():
    bench = Bench(split(do(lambda part: part.headers.update(last=part.body)), aggregation_strategy=GROUPED))
    outer = bench.send("a,b,c", h=1)
    assert (outer.body, dict(outer.headers)) == (["a", "b", "c"], {"h": 1, "last": "a"})
    assert outer.properties["CamelSplitIndex"] == 0


def test_a_list_swallows_failures_but_the_first_ones():
    bench = Bench(split(fail(ValueError("x"), lambda part: part.body == "b"), aggregation_strategy=GROUPED))
    assert bench.send("a,b").error is None
    assert bench.send("b,a").error is not None


def test_share_unit_of_work_ends_the_message_after_a_handled_failure():
    bench = Bench(split(do(lambda part: handles(part) if part.body == "b" else None), share_unit_of_work=True))
    outer = bench.send("a,b,c")
    assert (outer.body, outer.halted, outer.error) == ("a,b,c", True, None)


def test_a_plain_function_gathers_bodies():
    bench = Bench(split(aggregation_strategy="total"), beans={"total": lambda old, new: old + new})
    assert bench.send([1, 2, 3]).body == 6


def test_a_strategy_that_fails_fails_the_message_and_may_be_tried_again():
    def broken(old, new):
        raise KeyError("broken")

    bench = Bench(split(aggregation_strategy="broken"), beans={"broken": broken}, handled=False)
    outer = bench.send([1, 2, 3])
    assert isinstance(outer.error, KeyError)
    assert not outer.exhausted


def test_on_prepare_changes_each_part_before_its_steps():
    bench = Bench(
        split(do(lambda part: seen.append(part.body)), on_prepare="#bean:shout"),
        beans={"shout": lambda part: setattr(part, "body", part.body + "!")},
    )
    seen = []
    bench.send("a,b")
    assert seen == ["a!", "b!"]


def test_the_step_waits_for_pipelined_sends_where_something_follows():
    sent = []
    after = []
    bench = Bench(split(Later(sent=sent)), do(after.append))
    outer = Exchange("a,b")
    thread = threading.Thread(target=bench.run, args=(outer,))
    thread.start()
    until(lambda: len(sent) == 2)
    assert not after
    for _, confirm in sent:
        confirm()
    thread.join(5)
    assert len(after) == 1
    assert bench.settled.is_set()


def test_at_the_end_of_a_route_the_step_returns_and_the_unit_waits_for_the_confirms():
    sent = []
    bench = Bench(split(Later(sent=sent)))
    outer = bench.send("a,b")
    assert [part.body for part, _ in sent] == ["a", "b"]
    assert not bench.settled.is_set()
    sent[1][1]()
    assert not bench.settled.is_set()
    sent[0][1]()
    assert bench.settled.is_set()
    assert outer.unit.error is None


def test_a_confirm_that_fails_late_fails_the_delivery():
    sent = []
    bench = Bench(split(Later(sent=sent)))
    outer = bench.send("a,b")
    sent[0][1](ConnectionError("gone"))
    sent[1][1]()
    assert bench.settled.wait(5)
    assert isinstance(outer.unit.error, ConnectionError)
    bench.stop()


def test_a_failed_part_is_raised_by_the_step_after_the_sends_under_way():
    sent = []
    bench = Bench(split(fail(ValueError("x"), lambda part: part.body == "b"), Later(sent=sent)))
    outer = Exchange("a,b")
    thread = threading.Thread(target=bench.run, args=(outer,))
    thread.start()
    until(lambda: len(sent) == 1)
    assert not bench.settled.is_set()
    sent[0][1]()
    thread.join(5)
    assert isinstance(outer.error, ValueError)


def test_a_strategy_sees_results_in_order_whenever_their_confirms_come():
    sent = []
    bench = Bench(split(Later(sent=sent), aggregation_strategy=GROUPED))
    outer = Exchange("a,b,c")
    thread = threading.Thread(target=bench.run, args=(outer,))
    thread.start()
    until(lambda: len(sent) == 3)
    for _, confirm in reversed(sent):
        confirm()
    thread.join(5)
    assert outer.body == ["a", "b", "c"]


def test_no_more_than_a_thousand_parts_are_under_way():
    sent = []
    bench = Bench(split(Later(sent=sent), streaming=True))
    thread = threading.Thread(target=bench.send, args=(iter(range(1500)),))
    thread.start()
    until(lambda: len(sent) == 1000)
    sent[0][1]()
    until(lambda: len(sent) == 1001)
    for _, confirm in sent[1:1001]:
        confirm()
    until(lambda: len(sent) == 1500)
    for _, confirm in sent[1001:]:
        confirm()
    thread.join(5)
    assert bench.settled.is_set()


def test_a_failing_iterator_fails_the_message_after_its_parts():
    def rows():
        yield 1
        raise ValueError("line 2")

    bench, seen = collected(streaming=True)
    outer = bench.send(rows())
    assert isinstance(outer.error, ValueError)
    assert not seen  # the first row is given out when the second is known


def test_what_outlives_a_part_holds_the_delivery_and_not_the_split():
    kept = []

    def keep(part):
        part.unit.delivery.hold()
        kept.append(part.unit.delivery)

    after = []
    bench = Bench(split(do(keep)), do(after.append))
    bench.send("a,b")
    assert len(after) == 1
    assert not bench.settled.is_set()
    for unit in kept:
        unit.release()
    assert bench.settled.is_set()


def test_parallel_parts_are_gathered_in_order():
    barrier = threading.Barrier(2, timeout=5)
    bench = Bench(split(do(lambda _: barrier.wait()), parallel_processing=True, aggregation_strategy=GROUPED))
    assert bench.send("a,b,c,d").body == ["a", "b", "c", "d"]
    bench.stop()


def test_nested_parallel_splits_of_one_step_do_not_starve():
    inner = split(do(lambda part: None), parallel_processing=True, aggregation_strategy=GROUPED)
    bench = Bench(split(inner, parallel_processing=True, aggregation_strategy=GROUPED))
    outer = bench.send([list(range(5)) for _ in range(30)])
    assert outer.body == [list(range(5)) for _ in range(30)]
    bench.stop()


def test_a_parallel_streaming_split_keeps_few_parts_in_memory():
    alive = []
    most = []

    def rows():
        for number in range(1000):
            alive.append(number)
            most.append(len(alive))
            yield number

    bench = Bench(split(do(lambda _: alive.pop()), parallel_processing=True, streaming=True))
    assert bench.send(rows()).error is None
    assert max(most) < 150
    bench.stop()


def test_a_timeout_without_parallel_processing_is_refused():
    with pytest.raises(OptionError):
        Bench(split(timeout=1.0))


def test_inside_a_try_the_failure_is_not_final():
    spec = split(fail(ValueError("x")), stop_on_exception=True)
    bench = Bench()
    from esb.compiler.build import StepsBuilder

    program = StepsBuilder(bench.parts, in_try=True).compile([spec], tail=False)
    outer = Exchange("a")
    with pytest.raises(CamelExchangeException):
        program(outer)
    assert not outer.exhausted


def test_an_exchange_without_a_unit_can_be_split():
    bench, seen = collected()
    bench.program(Exchange("a,b"))
    assert len(seen) == 2


def test_the_expression_decides():
    seen = []
    bench = Bench(split(Do(call=seen.append), expression=Asked(ask=lambda e: e.headers["list"])))
    bench.send("x", list="p,q")
    assert [part.body for part in seen] == ["p", "q"]
