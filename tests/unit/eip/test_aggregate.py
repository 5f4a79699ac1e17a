import threading
import time

import pytest

from esb.eip.aggregate import AggregateSpec
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.javanames import CamelExchangeException, ClosedCorrelationKeyException
from esb.stores.memory import MemoryAggregationRepository
from esb.stores.sqlite import SqliteAggregationRepository
from esb.testing.process import until
from esb.unit import UnitOfWork

from .support import Asked, Bench, Later, do, fail, header

CAMEL = "#class:org.apache.camel.processor.aggregate."
BODIES = CAMEL + "GroupedBodyAggregationStrategy"
LATEST = CAMEL + "UseLatestAggregationStrategy"


class Groups:
    """A bench with one aggregate, and what came out of it."""

    def __init__(self, *steps, after=(), beans=None, **options):
        self.outcomes: list[Exchange] = []
        options.setdefault("correlation_expression", header("key"))
        options.setdefault("aggregation_strategy", BODIES)
        spec = AggregateSpec(id="groups", steps=[do(self.outcomes.append), *steps], **options)
        self.bench = Bench(spec, *after, beans=beans)
        self.send = self.bench.send

    @property
    def bodies(self):
        return [outcome.body for outcome in self.outcomes]

    def by(self):
        return [outcome.properties["CamelAggregatedCompletedBy"] for outcome in self.outcomes]


def test_a_group_is_complete_at_its_size_and_messages_go_on_at_once():
    after = []
    groups = Groups(completion_size=2, after=[do(after.append)])
    for body, key in (("a", 1), ("b", 2), ("c", "1"), ("d", 2)):
        groups.send(body, key=key)
    assert groups.bodies == [["a", "c"], ["b", "d"]]
    assert [exchange.body for exchange in after] == ["a", "b", "c", "d"]
    first = groups.outcomes[0].properties
    assert (first["CamelAggregatedSize"], first["CamelAggregatedCompletedBy"]) == (2, "size")
    assert first["CamelAggregatedCorrelationKey"] == "1"


def test_the_outcome_has_the_first_messages_headers_and_variables():
    groups = Groups(completion_size=2)
    groups.send("a", key=1, n="first")
    groups.send("b", key=1, n="second", more=1)
    assert dict(groups.outcomes[0].headers) == {"key": 1, "n": "first"}


def test_lists_of_exchanges_and_messages_come_without_headers():
    for strategy in ("GroupedExchangeAggregationStrategy", "GroupedMessageAggregationStrategy"):
        groups = Groups(completion_size=2, aggregation_strategy=CAMEL + strategy)
        groups.send("a", key=1)
        groups.send("b", key=1)
        [outcome] = groups.outcomes
        assert [held.body for held in outcome.body] == ["a", "b"]
        assert dict(outcome.headers) == {}


def test_the_size_may_come_from_the_message():
    groups = Groups(completion_size_expression=header("n"))
    for body, n in (("a", 2), ("b", "2"), ("c", 1)):
        groups.send(body, key="all", n=n)
    assert groups.bodies == [["a", "b"], ["c"]]


def test_a_predicate_sees_the_first_body_of_a_list_that_is_not_complete():
    groups = Groups(completion_predicate=Asked(ask=lambda e: e.body == "end"))
    groups.send("a", key=1)
    groups.send("end", key=1)
    assert groups.bodies == []
    groups.send("end", key=2)
    assert groups.bodies == [["end"]]


def test_an_eager_predicate_sees_the_message():
    groups = Groups(completion_predicate=Asked(ask=lambda e: e.body == "end"), eager_check_completion=True)
    for body in ("a", "b", "end", "end"):
        groups.send(body, key=1)
    assert groups.bodies == [["a", "b", "end"], ["end"]]
    assert groups.by() == ["predicate", "predicate"]
    assert [outcome.properties["CamelAggregatedSize"] for outcome in groups.outcomes] == [3, 1]


def test_a_group_without_messages_times_out():
    groups = Groups(completion_timeout=0.05, completion_size=10)
    groups.send("a", key=1)
    until(lambda: groups.outcomes)
    assert (groups.bodies, groups.by()) == ([["a"]], ["timeout"])
    groups.bench.stop()


def test_the_timeout_may_come_from_the_message_and_the_shorter_one_is_first():
    groups = Groups(completion_timeout_expression=header("wait"))
    groups.send("slow", key=1, wait=300)
    groups.send("quick", key=2, wait=20)
    until(lambda: len(groups.outcomes) == 2)
    assert groups.bodies == [["quick"], ["slow"]]
    groups.bench.stop()


def test_a_group_that_timed_out_can_be_dropped():
    groups = Groups(completion_timeout=0.02, discard_on_completion_timeout=True)
    outer = groups.send("a", key=1)
    assert groups.bench.settled.wait(5)
    assert groups.outcomes == []
    assert outer.unit.error is None
    groups.bench.stop()


def test_an_interval_completes_all_groups():
    groups = Groups(completion_interval=0.05)
    groups.send("a", key=1)
    groups.send("b", key=2)
    until(lambda: len(groups.outcomes) == 2)
    assert set(groups.by()) == {"interval"}
    groups.bench.stop()


def test_the_end_of_a_batch_completes_its_groups():
    groups = Groups(completion_from_batch_consumer=True)
    for body, key in (("a", 1), ("b", 2), ("c", 1)):
        message = Exchange(body, {"key": key})
        message.properties["CamelBatchSize"] = 3
        groups.bench.run(message)
    assert groups.bodies == [["a", "c"], ["b"]]
    assert groups.by() == ["consumer", "consumer"]


def test_a_new_group_completes_the_others():
    groups = Groups(completion_size=9, completion_on_new_correlation_group=True)
    for body, key in (("a", 1), ("b", 1), ("c", 2)):
        groups.send(body, key=key)
    assert groups.bodies == [["a", "b"]]


def test_headers_complete_all_groups():
    groups = Groups(completion_size=9)
    groups.send("a", key=1)
    groups.send("c", key=1, CamelAggregationCompleteAllGroups=True)
    groups.send("d", key=3)
    groups.send("e", key=3, CamelAggregationCompleteAllGroupsInclusive=True)
    assert groups.bodies == [["a"], ["d", "e"]]
    assert groups.by() == ["force", "force"]


def test_a_message_without_key_is_an_error_or_passed_by():
    after = []
    assert isinstance(Groups(completion_size=1).send("a").error, CamelExchangeException)
    lenient = Groups(completion_size=1, ignore_invalid_correlation_keys=True, after=[do(after.append)])
    assert lenient.send("a").error is None
    assert (len(after), lenient.outcomes) == (1, [])


def test_a_closed_key_takes_no_more():
    groups = Groups(completion_size=1, close_correlation_key_on_completion=1)
    groups.send("a", key=1)
    assert isinstance(groups.send("late", key=1).error, ClosedCorrelationKeyException)
    groups.send("b", key=2)
    assert groups.send("forgotten", key=1).error is None


def test_a_failing_outcome_does_not_reach_the_sender_and_gives_deliveries_back():
    groups = Groups(fail(ValueError("later")), completion_size=2)
    first, second = groups.send("a", key=1), groups.send("b", key=1)
    assert (first.error, second.error) == (None, None)
    assert [type(outer.unit.error) for outer in (first, second)] == [ValueError, ValueError]


def test_deliveries_stay_open_until_the_outcome_is_confirmed():
    sent = []
    groups = Groups(Later(sent=sent), completion_size=2)
    first, second = groups.send("a", key=1), groups.send("b", key=1)
    assert (first.unit.open, second.unit.open) == (True, True)
    sent[0][1]()
    assert (first.unit.open, second.unit.open) == (False, False)


def test_a_sender_who_waits_for_an_answer_gets_it_at_once():
    groups = Groups(completion_size=2)
    outer = Exchange("a", {"key": 1}, pattern="InOut")
    groups.bench.run(outer)
    assert not outer.unit.open


def test_open_groups_are_given_back_at_the_stop():
    groups = Groups(completion_size=2)
    outer = groups.send("a", key=1)
    groups.bench.stop()
    assert groups.outcomes == []
    assert outer.unit.error is not None


def test_open_groups_can_be_completed_at_the_stop():
    forced = Groups(completion_size=9, force_completion_on_stop=True)
    waited = Groups(completion_timeout=300.0, complete_all_on_stop=True)
    for groups in (forced, waited):
        groups.send("a", key=1)
        groups.bench.stop()
    assert (forced.bodies, forced.by()) == ([["a"]], ["force"])
    assert (waited.bodies, waited.by()) == ([["a"]], ["timeout"])


def test_outcomes_can_run_on_a_pool():
    here = threading.get_ident()
    threads = []
    groups = Groups(do(lambda _: threads.append(threading.get_ident())), completion_size=1, parallel_processing=True)
    groups.send("a", key=1)
    until(lambda: threads)
    assert threads != [here]
    groups.bench.stop()


def test_a_failing_strategy_fails_the_message_and_keeps_the_group_or_discards_it():
    def only_texts(old, new):
        return old + new

    kept = Groups(completion_size=2, aggregation_strategy="add", beans={"add": only_texts})
    assert isinstance([kept.send(body, key=1) for body in ("a", 1)][1].error, CamelExchangeException)
    kept.send("b", key=1)
    assert kept.bodies == ["ab"]
    dropped = Groups(
        completion_size=3, aggregation_strategy="add", beans={"add": only_texts}, discard_on_aggregation_failure=True
    )
    outers = [dropped.send(body, key=1) for body in ("a", 1, "b", "c", "d")]
    assert dropped.bodies == ["bcd"]
    assert [outer.error for outer in outers] == [None] * 5


def test_a_strategy_may_complete_the_group_before_the_message():
    class Until:
        def aggregate(self, old, new):
            new.body = (old.body if old else "") + new.body
            return new

        def pre_complete(self, old, new):
            return old is not None and new.body == "x"

    groups = Groups(aggregation_strategy="until", beans={"until": Until()})
    for body in ("a", "b", "x", "c"):
        groups.send(body, key=1)
    assert groups.bodies == ["ab"]
    assert groups.by() == ["strategy"]


class First:
    """A strategy that keeps the first message, and fails where its own says so."""

    def __init__(self, **fails):
        for name, when in fails.items():
            setattr(
                self, name, lambda *exchanges, when=when: self._fail(exchanges[-1 if len(exchanges) == 2 else 0], when)
            )

    def _fail(self, exchange, when):
        if when(exchange):
            raise ValueError(exchange.body)

    def aggregate(self, old, new):
        if new.body == "unreadable":
            raise ValueError(new.body)
        return old or new


def bad(exchange):
    return exchange.body == "bad"


def test_a_group_that_a_message_completed_before_it_goes_on_though_the_message_fails():
    strategy = First()
    strategy.pre_complete = lambda old, new: old is not None
    groups = Groups(aggregation_strategy="first", beans={"first": strategy})
    first = groups.send("a", key=1)
    assert isinstance(groups.send("unreadable", key=1).error, CamelExchangeException)
    assert groups.bodies == ["a"]
    assert not first.unit.open


def test_groups_that_a_new_one_completes_go_on_though_the_new_message_fails():
    groups = Groups(
        completion_on_new_correlation_group=True,
        completion_predicate=Asked(ask=lambda exchange: exchange.headers["n"] > 100),
    )
    first = groups.send("a", key=1, n=1)
    assert isinstance(groups.send("b", key=2, n="many").error, TypeError)
    assert groups.bodies == [["a"]]
    assert not first.unit.open


def test_the_message_that_completes_all_groups_is_not_acknowledged_with_those_before_it():
    def latest(old, new):
        new.properties["CamelAggregationCompleteAllGroups"] = new.body == "all"
        return new

    class Latest:
        aggregate = staticmethod(latest)

    groups = Groups(aggregation_strategy="latest", beans={"latest": Latest()}, completion_size=9)
    first, last = groups.send("a", key=1), groups.send("all", key=1)
    assert groups.bodies == ["a"]
    assert (first.unit.open, last.unit.open) == (False, True)
    groups.bench.stop()


def test_a_message_whose_timeout_cannot_be_read_is_given_back_and_is_not_in_its_group():
    groups = Groups(completion_size=2, completion_timeout_expression=header("wait"))
    refused = groups.send("a", key=1, wait="soon")
    assert refused.error is not None
    assert not refused.unit.open
    for body in ("a", "b"):
        groups.send(body, key=1, wait=60000)
    assert groups.bodies == [["a", "b"]]
    groups.bench.stop()


def flaky():
    """A predicate that fails the second time it is asked."""
    asked = []

    def ask(exchange):
        asked.append(exchange)
        if len(asked) == 2:
            raise OSError("the rates are not there just now")
        return False

    return Asked(ask=ask)


def test_after_a_predicate_that_failed_the_whole_group_comes_again_and_no_message_is_in_it_twice():
    groups = Groups(completion_size=2, completion_predicate=flaky())
    first, second = groups.send("a", key=1), groups.send("b", key=1)
    assert isinstance(second.error, OSError)
    assert isinstance(first.unit.error, OSError)
    for body in ("a", "b"):
        groups.send(body, key=1)
    assert groups.bodies == [["a", "b"]]


def test_after_a_predicate_that_failed_a_message_that_does_not_come_again_stays_in_the_group():
    groups = Groups(completion_size=3, completion_predicate=flaky())
    groups.bench.run(Exchange("a", {"key": 1}, pattern="InOut"))
    groups.send("b", key=1)
    groups.send("b", key=1)
    assert groups.bodies == [["a", "b", "b"]]


def test_a_group_whose_strategy_fails_at_its_end_is_given_back_and_the_others_go_on():
    groups = Groups(
        aggregation_strategy="first",
        beans={"first": First(on_completion=bad)},
        completion_size=9,
        force_completion_on_stop=True,
    )
    outers = [groups.send(body, key=body) for body in ("a", "bad", "b")]
    groups.bench.stop()
    assert groups.bodies == ["a", "b"]
    assert [type(outer.unit.error) for outer in outers] == [type(None), ValueError, type(None)]


def test_a_group_to_be_dropped_is_given_back_if_the_strategy_could_not_be_told():
    groups = Groups(
        aggregation_strategy="first",
        beans={"first": First(timeout=bad)},
        completion_timeout=0.02,
        discard_on_completion_timeout=True,
    )
    outer = groups.send("bad", key=1)
    assert groups.bench.settled.wait(5)
    assert isinstance(outer.unit.error, ValueError)
    groups.bench.stop()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"completion_interval": 1.0, "completion_timeout": 1.0},
        {"completion_size": 1, "aggregation_strategy": None},
    ],
)
def test_rules_that_cannot_work_are_refused(options):
    with pytest.raises(OptionError):
        Groups(**options)


def test_a_repository_can_be_shared_by_name():
    groups = Groups(completion_size=2, aggregation_repository="kept", beans={"kept": MemoryAggregationRepository()})
    groups.send("a", key=1)
    groups.send("b", key=1)
    assert groups.bodies == [["a", "b"]]


def durable(tmp_path, *steps, **options):
    options.setdefault("completion_size", 2)
    return Groups(
        *steps,
        aggregation_repository="kept",
        beans={"kept": SqliteAggregationRepository(str(tmp_path / "groups.db"))},
        **options,
    )


def test_a_durable_group_releases_its_messages_and_goes_on_after_a_restart(tmp_path):
    groups = durable(tmp_path)
    outer = groups.send({"n": 1}, key=1)
    assert not outer.unit.open
    groups.bench.stop()
    again = durable(tmp_path)
    again.send({"n": 2}, key=1)
    assert again.bodies == [[{"n": 1}, {"n": 2}]]
    again.bench.stop()


class Unwilling(SqliteAggregationRepository):
    """Refuses a group as often as it is told, after all was done."""

    refusals = 0

    def complete(self, key, group):
        outcome = super().complete(key, group)
        if self.refusals:
            self.refusals -= 1
            raise OSError("the disk is full")
        return outcome


def unwilling(tmp_path, **options):
    store = Unwilling(str(tmp_path / "groups.db"))
    return store, Groups(aggregation_repository="kept", beans={"kept": store}, **options)


def test_a_timeout_that_could_not_be_written_is_tried_again_and_takes_no_other_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr("esb.eip._timeouts._AGAIN", 0.02)
    store, groups = unwilling(tmp_path, completion_timeout=0.1)
    store.refusals = 3
    for key in (1, 2, 3):
        groups.send(key, key=key)
    until(lambda: len(groups.outcomes) == 3)
    assert sorted(groups.bodies) == [[1], [2], [3]]
    groups.bench.stop()


def test_a_group_whose_completion_could_not_be_written_is_open_again_with_its_timeout(tmp_path, monkeypatch):
    monkeypatch.setattr("esb.eip._timeouts._AGAIN", 0.02)
    store, groups = unwilling(
        tmp_path, completion_timeout=0.2, completion_size=2, close_correlation_key_on_completion=10
    )
    store.refusals = 1
    groups.send("a", key=1)
    assert isinstance(groups.send("b", key=1).error, OSError)
    until(lambda: groups.outcomes)
    assert (groups.bodies, groups.by()) == ([["a"]], ["timeout"])
    groups.bench.stop()


def test_a_group_that_was_open_again_after_another_messages_failure_takes_messages_and_has_its_timeout(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("esb.eip._timeouts._AGAIN", 0.02)
    groups = durable(
        tmp_path,
        completion_size=None,
        completion_timeout=0.2,
        completion_on_new_correlation_group=True,
        completion_predicate=Asked(ask=lambda exchange: exchange.headers["n"] > 100),
        close_correlation_key_on_completion=10,
    )
    groups.send("a", key=1, n=1)
    assert isinstance(groups.send("x", key=2, n="many").error, TypeError)
    assert groups.send("b", key=1, n=1).error is None
    assert isinstance(groups.send("x", key=2, n="many").error, TypeError)
    until(lambda: groups.outcomes)
    assert (groups.bodies, groups.by()) == ([["a", "b"]], ["timeout"])
    groups.bench.stop()


def test_a_durable_timeout_goes_on_after_a_restart(tmp_path):
    groups = durable(tmp_path, completion_size=None, completion_timeout=0.1)
    groups.bench.run(Exchange("a", {"key": 1}))
    groups.bench.stop()
    again = durable(tmp_path, completion_size=None, completion_timeout=0.1)
    until(lambda: again.bodies or groups.bodies)
    assert (again.bodies or groups.bodies) == [["a"]]
    again.bench.stop()


def test_a_timeout_is_not_put_off_by_a_clock_that_is_set_back(monkeypatch):
    groups = Groups(completion_timeout=0.05)
    groups.send("a", key=1)
    set_back(monkeypatch)
    until(lambda: groups.outcomes)
    assert groups.by() == ["timeout"]
    groups.bench.stop()


def test_after_a_restart_with_a_clock_set_back_a_group_waits_no_longer_than_its_timeout(tmp_path, monkeypatch):
    groups = durable(tmp_path, completion_size=None, completion_timeout=0.3)
    groups.bench.run(Exchange("a", {"key": 1}))
    groups.bench.stop()
    set_back(monkeypatch)
    again = durable(tmp_path, completion_size=None, completion_timeout=0.3)
    until(lambda: again.bodies or groups.bodies)
    assert (again.bodies or groups.bodies) == [["a"]]
    again.bench.stop()


def set_back(monkeypatch):
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)


def test_an_outcome_that_failed_comes_again_at_the_next_start(tmp_path):
    groups = durable(tmp_path, fail(ValueError("later")))
    groups.send("a", key=1)
    groups.send("b", key=1)
    groups.bench.stop()
    again = durable(tmp_path)
    until(lambda: again.outcomes)
    assert again.bodies == [["a", "b"]]
    assert again.outcomes[0].headers["CamelRedelivered"] is True
    again.bench.stop()
    third = durable(tmp_path)
    third.bench.stop()
    assert third.outcomes == []


def test_a_part_of_a_split_holds_the_delivery_it_came_with():
    groups = Groups(completion_size=2)
    delivery = UnitOfWork()
    part = Exchange("a", {"key": 1})
    part.unit = UnitOfWork(parent=delivery)
    groups.bench.run(part)
    delivery.release()
    assert (part.unit.open, delivery.open) == (False, True)
    groups.send("b", key=1)
    assert not delivery.open
