import threading

import pytest

from esb.eip._once import Once
from esb.eip.idempotent_consumer import IdempotentConsumerSpec
from esb.errors import NotConnected, OptionError, StepFailed
from esb.exchange import Exchange
from esb.javanames import NoMessageIdException
from esb.stores.contract import Standing
from esb.stores.memory import MemoryIdempotentRepository
from esb.stores.sqlite import SqliteIdempotentRepository
from esb.testing.process import until
from esb.unit import UnitOfWork

from .support import Bench, Later, do, fail, header


@pytest.fixture
def keys():
    return MemoryIdempotentRepository()


def bench(keys, *steps, after=(), **options):
    spec = IdempotentConsumerSpec(expression=header("id"), idempotent_repository="#bean:keys", steps=steps, **options)
    return Bench(spec, *after, beans={"keys": keys})


def test_a_repeated_key_is_kept_out_and_goes_on_after_the_block(keys):
    inside, after = [], []
    one = bench(keys, do(inside.append), after=[do(after.append)])
    outers = [one.send(body, id=key) for body, key in (("a", 1), ("b", 1), ("c", 2), ("d", "1"))]
    assert [exchange.body for exchange in inside] == ["a", "c"]
    assert [exchange.body for exchange in after] == ["a", "b", "c", "d"]
    assert [outer.properties.get("CamelDuplicateMessage") for outer in outers] == [None, True, None, True]


def test_a_failure_anywhere_in_the_delivery_makes_the_key_new_again(keys):
    inside = []
    one = bench(keys, do(inside.append), after=[fail(ValueError("x"), lambda e: e.body == "a")])
    one.send("a", id=1)
    one.send("b", id=1)
    assert [exchange.body for exchange in inside] == ["a", "b"]
    assert keys.standing("1") is Standing.DONE


def test_a_handled_failure_makes_the_key_new_again(keys):
    def handled(exchange):
        exchange.halted = exchange.handled = True

    bench(keys, do(handled)).send("a", id=1)
    assert keys.standing("1") is Standing.NEW


def test_the_key_can_stay_after_a_failure(keys):
    bench(keys, fail(ValueError("x")), remove_on_failure=False).send("a", id=1)
    assert keys.standing("1") is Standing.DONE


@pytest.mark.parametrize(("eager", "times"), [(True, 1), (False, 2)])
def test_eager_keeps_a_nested_repeat_out(keys, eager, times):
    inside = []

    def call_again(exchange):
        inside.append(exchange)
        if len(inside) == 1:
            one.program(exchange)

    one = bench(keys, do(call_again), eager=eager)
    one.send("a", id=1)
    assert len(inside) == times
    assert keys.standing("1") is Standing.DONE


def test_repeats_can_be_let_in_marked(keys):
    inside = []
    one = bench(keys, do(lambda e: inside.append(e.properties.get("CamelDuplicateMessage"))), skip_duplicate=False)
    one.send("a", id=1)
    one.send("b", id=1)
    assert inside == [None, True]


def test_a_message_without_key_is_an_error(keys):
    assert isinstance(bench(keys).send("a").error, NoMessageIdException)


def test_without_a_repository_the_route_is_refused():
    with pytest.raises(OptionError):
        Bench(IdempotentConsumerSpec(expression=header("id")))


def test_the_key_is_done_when_the_last_send_is_confirmed_and_not_before(keys):
    sent = []
    one = bench(keys, Later(sent=sent))
    one.send("a", id=1)
    assert keys.standing("1") is Standing.STARTED
    sent[0][1]()
    assert keys.standing("1") is Standing.DONE


def test_completion_eager_counts_the_end_of_the_block(keys):
    one = bench(keys, after=[fail(ValueError("x"))], completion_eager=True)
    one.send("a", id=1)
    assert keys.standing("1") is Standing.DONE


def test_a_message_tried_again_from_outside_gets_in_again(keys):
    inside = []
    one = bench(keys, do(inside.append), fail(ValueError("x"), lambda _: len(inside) == 1))
    outer = Exchange("a", {"id": 1})
    with pytest.raises(ValueError, match="x"):
        run_open(one, outer)
    outer.exhausted = False
    run_open(one, outer)
    outer.unit.release()
    assert len(inside) == 2
    assert keys.standing("1") is Standing.DONE


def run_open(one, exchange):
    from esb.unit import UnitOfWork

    exchange.unit = exchange.unit or UnitOfWork()
    one.program(exchange)


@pytest.mark.parametrize(("outcome", "times"), [(None, 1), (ValueError("x"), 2)])
def test_a_repeat_waits_for_the_message_that_has_its_key(keys, outcome, times):
    inside, sent = [], []
    one = bench(keys, do(inside.append), Later(sent=sent))
    first = one.send("a", id=1)
    repeat = threading.Thread(target=one.send, args=("b",), kwargs={"id": 1})
    repeat.start()
    first.unit.hold()
    first.unit.release(outcome)
    sent[0][1]()
    if times == 2:
        until(lambda: len(sent) == 2)
        sent[1][1]()
    repeat.join(5)
    assert len(inside) == times
    assert keys.standing("1") is Standing.DONE


def test_a_repeat_does_not_wait_for_ever(keys, monkeypatch):
    monkeypatch.setattr("esb.eip._once._PATIENCE", 0.01)
    keys.begin("1")
    assert isinstance(bench(keys).send("a", id=1).error, StepFailed)


def test_two_steps_with_one_repository_see_each_others_keys_at_once(keys):
    inside = []
    inner = IdempotentConsumerSpec(
        expression=header("id"), idempotent_repository="#bean:keys", steps=[do(inside.append)]
    )
    outer = bench(keys, inner).send("a", id=1)
    assert (outer.properties.get("CamelDuplicateMessage"), inside) == (True, [])


def test_a_file_remembers_over_a_restart(tmp_path):
    def run():
        inside = []
        spec = IdempotentConsumerSpec(
            id="once", expression=header("id"), idempotent_repository="#bean:keys", steps=[do(inside.append)]
        )
        one = Bench(spec, beans={"keys": SqliteIdempotentRepository(str(tmp_path / "keys.db"))})
        one.send("a", id=1)
        one.stop()
        return len(inside)

    assert [run(), run()] == [1, 0]


def test_a_bean_knows_its_keys_when_the_steps_that_share_it_change(tmp_path):
    inside = []

    def run(step):
        spec = IdempotentConsumerSpec(
            id=step, expression=header("id"), idempotent_repository="keys", steps=[do(inside.append)]
        )
        one = Bench(spec, beans={"keys": SqliteIdempotentRepository(str(tmp_path / "keys.db"))})
        one.send("a", id=1)
        one.stop()
        return len(inside)

    assert [run("first"), run("another")] == [1, 1]


class Full(MemoryIdempotentRepository):
    """A repository whose disk is full for a while."""

    def __init__(self, failures):
        super().__init__()
        self.failures = failures

    def fails(self):
        if self.failures:
            self.failures -= 1
            raise NotConnected("the disk is full")

    def complete(self, key):
        self.fails()
        super().complete(key)

    def abandon(self, key):
        self.fails()
        super().abandon(key)


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize(("outcome", "standing"), [(ValueError("x"), Standing.NEW), (None, Standing.DONE)])
def test_an_outcome_that_cannot_be_recorded_is_recorded_later(monkeypatch, outcome, standing, at_end):
    monkeypatch.setattr("esb.eip._once._PAUSES", (0.001, 0.002))
    keys = Full(3)
    one = bench(keys, *([fail(outcome)] if outcome else []), completion_eager=at_end)
    assert one.send("a", id=1).error is outcome  # what became of the message is not changed by it
    until(lambda: keys.standing("1") is standing)
    assert keys.failures == 0
    one.stop()


def test_after_a_stop_an_outcome_is_not_recorded_any_more():
    put_off, keys = [], Full(1)
    once = Once(keys, None, lambda _delay, call: put_off.append(call), remove_on_failure=True)
    exchange = Exchange("a")
    assert once.enters(exchange, "1")
    with pytest.raises(ValueError, match="x"):
        once.until_end(exchange, "1", fail(ValueError("x")).call)
    once.stop()
    [again] = put_off
    again()
    assert keys.standing("1") is Standing.STARTED


_LATEST = "#class:org.apache.camel.processor.aggregate.UseLatestAggregationStrategy"
_OUTLIVE = {
    "seda": "to: seda:work",
    "aggregate": f'aggregate: {{correlationExpression: {{simple: "${{body}}"}}, aggregationStrategy: "{_LATEST}", completionSize: 1,'
    " steps: [{to: seda:work}]}",
    "resequence": 'resequence: {simple: "${body}", steps: [{to: seda:work}]}',
}


@pytest.mark.parametrize("step", _OUTLIVE.values(), ids=list(_OUTLIVE))
def test_a_part_whose_work_failed_after_it_gets_in_when_its_delivery_comes_again_and_the_others_do_not(bus, keys, step):
    broken, done = ["b"], []

    def work(exchange):
        if exchange.body in broken:
            raise OSError("the target is down")
        done.append(exchange.body)

    bus.bind("keys", keys)
    bus.bind("work", work)
    bus.route(
        f"""
        - split:
            simple: "${{body}}"
            steps:
              - idempotentConsumer:
                  simple: "${{body}}"
                  idempotentRepository: keys
                  steps: [{{{step}}}]
        """,
        """
        - from: {uri: "seda:work", steps: [process: {ref: work}]}
        """,
    )
    assert isinstance(delivered(bus, ["a", "b", "c"]), OSError)
    assert sorted(done) == ["a", "c"]
    broken.clear()
    assert delivered(bus, ["a", "b", "c"]) is None
    assert sorted(done) == ["a", "b", "c"]


def delivered(bus, body):
    """Send a message; what its unit settled with."""
    settled = threading.Event()
    exchange = Exchange(body)
    unit = exchange.unit = UnitOfWork(lambda _: settled.set())
    bus.context.send("direct:start", exchange)
    assert settled.wait(5)
    return unit.error
