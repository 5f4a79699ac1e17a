import threading
from concurrent.futures import Future

import pytest

from esb.eip._children import Children, Failures
from esb.eip.multicast import MulticastSpec
from esb.errors import ConnectionLost, NotConnected, OptionError, unknown_outcome
from esb.exchange import Exchange
from esb.javanames import CamelExchangeException
from esb.testing.process import until

from .support import Bench, Later, do, fail, stop

GROUPED = "#class:org.apache.camel.processor.aggregate.GroupedBodyAggregationStrategy"
ORIGINAL = "#class:org.apache.camel.processor.aggregate.UseOriginalAggregationStrategy"


def multicast(*steps, **options):
    return MulticastSpec(steps=steps, **options)


def becomes(value):
    return do(lambda exchange: setattr(exchange, "body", value))


def test_each_step_is_a_branch_and_the_last_ones_message_goes_on():
    seen = []
    bench = Bench(multicast(becomes("one"), do(lambda e: seen.append(e.body)), becomes("three")))
    assert bench.send("x").body == "three"
    assert seen == ["x"]


def test_branches_share_the_body_and_not_the_headers():
    seen = []
    body = {"a": 1}
    bench = Bench(multicast(do(lambda e: e.headers.update(h="one")), do(seen.append)))
    bench.send(body, h="zero")
    assert seen[0].headers["h"] == "zero"
    assert seen[0].body is body


def test_branches_know_their_place():
    seen = []
    bench = Bench(multicast(do(seen.append), do(seen.append)))
    bench.send("x")
    assert [(e.properties["CamelMulticastIndex"], e.properties["CamelMulticastComplete"]) for e in seen] == [
        (0, False),
        (1, True),
    ]


def test_without_branches_the_message_goes_on():
    assert Bench(multicast()).send("x").body == "x"


def test_a_failing_branch_lets_the_others_run_and_fails_the_message():
    seen = []
    bench = Bench(multicast(fail(ValueError("1")), fail(KeyError("2")), do(seen.append)))
    outer = bench.send("x")
    assert isinstance(outer.error, KeyError)
    assert len(seen) == 1


def test_stop_on_exception_skips_later_branches():
    seen = []
    bench = Bench(multicast(fail(ValueError("1")), do(seen.append), stop_on_exception=True))
    assert isinstance(bench.send("x").error, CamelExchangeException)
    assert not seen


def test_a_stop_in_the_last_branch_ends_the_route_one_before_does_not():
    assert Bench(multicast(becomes("a"), stop(lambda _: True))).send("x").halted
    assert not Bench(multicast(stop(lambda _: True), becomes("a"))).send("x").halted


def test_a_failure_that_was_handled_in_any_branch_ends_the_route_with_that_message():
    def handled(exchange):
        exchange.body = "handled"
        exchange.halted = exchange.handled = True

    outer = Bench(multicast(do(handled), becomes("second"))).send("x")
    assert (outer.body, outer.halted, outer.handled) == ("handled", True, True)


def test_the_original_can_be_the_outcome():
    assert Bench(multicast(becomes("a"), aggregation_strategy=ORIGINAL)).send("x").body == "x"


def test_parallel_branches_run_at_once_and_are_gathered_in_order():
    quick_done = threading.Event()

    def slow(exchange):
        assert quick_done.wait(5)
        exchange.body = "slow"

    def quick(exchange):
        exchange.body = "quick"
        quick_done.set()

    bench = Bench(multicast(do(slow), do(quick), parallel_processing=True, aggregation_strategy=GROUPED))
    assert bench.send("x").body == ["slow", "quick"]
    bench.stop()


def test_with_streaming_parallel_results_come_as_they_end():
    quick_gathered = threading.Event()

    class Watched:
        def aggregate(self, old, new):
            if new.body == "quick":
                quick_gathered.set()
            new.body = [*(old.body if old else []), new.body]
            return new

    def slow(exchange):
        assert quick_gathered.wait(5)
        exchange.body = "slow"

    bench = Bench(
        multicast(becomes("quick"), do(slow), parallel_processing=True, streaming=True, aggregation_strategy="watched"),
        beans={"watched": Watched()},
    )
    assert bench.send("x").body == ["quick", "slow"]
    bench.stop()


def test_what_exceeds_the_timeout_is_left_out_and_the_strategy_is_told():
    told = []

    class Told:
        def aggregate(self, old, new):
            new.body = [*(old.body if old else []), new.body]
            return new

        def timeout(self, exchange, index, total, seconds):
            told.append((index, total, seconds))

    hang = threading.Event()
    bench = Bench(
        multicast(
            do(lambda _: hang.wait(5)),
            becomes("quick"),
            parallel_processing=True,
            timeout=0.1,
            aggregation_strategy="told",
        ),
        beans={"told": Told()},
    )
    outer = bench.send("x")
    hang.set()
    assert outer.body == ["quick"]
    assert told == [(0, 2, 0.1)]
    bench.stop()


def test_branches_that_no_thread_began_in_time_are_no_results(caplog):
    hang = threading.Event()
    ran = []

    def slow(exchange):
        ran.append(exchange)
        hang.wait(5)
        exchange.body = "done"

    bench = Bench(
        multicast(*[do(slow)] * 60, parallel_processing=True, timeout=0.1, streaming=True, aggregation_strategy=GROUPED)
    )
    outer = bench.send("x")
    assert (len(ran) < 60, outer.body) == (True, "x")  # none ended in time
    assert "60 of 60 parts did not end within 0.1 s" in caplog.text
    hang.set()
    bench.stop()


def test_a_failure_under_way_counts_more_than_a_stop_that_ends_the_message():
    begun, hang = threading.Event(), threading.Event()

    def late(_):
        begun.set()
        hang.wait(5)
        raise ValueError("late")

    def halt(exchange):
        begun.wait(5)
        threading.Timer(0.05, hang.set).start()
        exchange.halted = True

    bench = Bench(multicast(do(late), do(halt), parallel_processing=True, streaming=True, stop_on_exception=True))
    assert isinstance(bench.send("x").error, CamelExchangeException)
    bench.stop()


def test_parallel_with_stop_on_exception_fails_without_waiting_for_the_rest():
    hang = threading.Event()
    bench = Bench(
        multicast(fail(ValueError("bad")), do(lambda _: hang.wait(5)), parallel_processing=True, stop_on_exception=True)
    )
    outer = bench.send("x")
    assert isinstance(outer.error, CamelExchangeException)
    hang.set()
    bench.stop()


def unknown():
    """What a call that may not be made twice ends with when nobody knows whether it had its effect."""
    error = ConnectionLost("gone")
    error.uncertain = True
    return error


@pytest.mark.parametrize("options", [{}, {"parallel_processing": True}])
@pytest.mark.parametrize("unknown_first", [True, False])
def test_a_branch_of_unknown_outcome_outweighs_one_that_may_be_tried_again(unknown_first, options):
    branches = [fail(unknown()), fail(NotConnected("away"))]
    bench = Bench(multicast(*(branches if unknown_first else reversed(branches)), **options))
    outer = bench.send("x")
    assert (type(outer.error), unknown_outcome(outer.error), outer.exhausted) == (ConnectionLost, True, True)
    bench.stop()


@pytest.mark.parametrize("unknown_first", [True, False])
def test_a_branch_of_unknown_outcome_outweighs_the_one_that_stopped_the_others(unknown_first):
    class BothAtOnce:
        """A pool whose threads have run both branches before anybody looks."""

        def __init__(self):
            self.calls = []

        def submit(self, call, *arguments):
            self.calls.append((call, arguments))
            if len(self.calls) == 2:
                for given, told in self.calls:
                    given(*told)
            done = Future()
            done.set_result(None)
            return done

    def failing(error):
        def step(_):
            raise error

        return step

    outer = Exchange("x")
    children = Children(outer, Failures(outer), stop_on_exception=True)
    errors = [unknown(), NotConnected("away")]
    pairs = [(Exchange("x"), failing(error)) for error in (errors if unknown_first else reversed(errors))]
    children.run_parallel(pairs, BothAtOnce())
    with pytest.raises(CamelExchangeException) as caught:
        children.finish()
    assert unknown_outcome(caught.value)


def test_a_strategy_that_fails_does_not_hide_a_branch_of_unknown_outcome():
    class Broken:
        def aggregate(self, old, new):
            if old is not None:
                raise ValueError("no")
            return new

    bench = Bench(multicast(fail(unknown()), becomes("b"), aggregation_strategy="broken"), beans={"broken": Broken()})
    outer = bench.send("x")
    assert (unknown_outcome(outer.error), outer.exhausted) == (True, True)


@pytest.mark.parametrize("unknown_first", [True, False])
def test_of_sends_that_fail_after_the_step_one_of_unknown_outcome_outweighs_the_others(unknown_first):
    sent = []
    bench = Bench(multicast(Later(sent=sent), Later(sent=sent)))
    outer = bench.send("x")
    errors = [unknown(), NotConnected("away")]
    for (_, confirm), error in zip(sent, errors if unknown_first else reversed(errors), strict=True):
        confirm(error)
    assert bench.settled.wait(5)
    assert unknown_outcome(outer.unit.error)
    bench.stop()


def test_a_timeout_without_parallel_processing_is_refused():
    with pytest.raises(OptionError):
        Bench(multicast(becomes("a"), timeout=1.0))


def test_last_sends_of_all_branches_are_under_way_at_once_at_the_end_of_a_route():
    sent = []
    bench = Bench(multicast(Later(sent=sent), Later(sent=sent)))
    bench.send("x")
    assert len(sent) == 2
    assert not bench.settled.is_set()
    for _, confirm in sent:
        confirm()
    assert bench.settled.is_set()


def test_a_caller_that_waits_gets_the_message_after_the_confirms():
    sent = []
    bench = Bench(multicast(Later(sent=sent)))
    outer = Exchange("x")
    thread = threading.Thread(target=bench.run, args=(outer,), kwargs={"waits": True})
    thread.start()
    until(lambda: sent)
    assert thread.is_alive()
    sent[0][1]()
    thread.join(5)
    assert bench.settled.is_set()
