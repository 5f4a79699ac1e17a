from collections import Counter

import pytest

from esb.eip.load_balance import (
    CustomLoadBalancerSpec,
    FailoverLoadBalancerSpec,
    LoadBalanceSpec,
    RandomLoadBalancerSpec,
    RoundRobinLoadBalancerSpec,
    StickyLoadBalancerSpec,
    TopicLoadBalancerSpec,
    WeightedLoadBalancerSpec,
)
from esb.errors import OptionError

from .support import Bench, do, fail, header


def becomes(letter):
    return do(lambda exchange: setattr(exchange, "body", letter))


def balance(*branches, beans=None, **how):
    return Bench(LoadBalanceSpec(steps=branches or [becomes(letter) for letter in "abc"], **how), beans=beans)


def sent(bench, count, **headers):
    return "".join(bench.send("x", **headers).body for _ in range(count))


def failover(*branches, **options):
    return balance(*branches, failover_load_balancer=FailoverLoadBalancerSpec(**options))


def test_in_turn():
    assert sent(balance(round_robin_load_balancer=RoundRobinLoadBalancerSpec()), 4) == "abca"


def test_at_random_all_branches_are_used():
    assert set(sent(balance(random_load_balancer=RandomLoadBalancerSpec()), 200)) == {"a", "b", "c"}


def test_the_same_key_goes_to_the_same_branch():
    bench = balance(sticky_load_balancer=StickyLoadBalancerSpec(correlation_expression=header("who")))
    assert [sent(bench, 1, who=who) for who in "xyxzy"] == ["a", "b", "a", "c", "b"]


def test_by_weight_in_turn():
    how = WeightedLoadBalancerSpec(distribution_ratio="3,1", round_robin=True)
    bench = balance(becomes("a"), becomes("b"), weighted_load_balancer=how)
    assert sent(bench, 8) == "abaaabaa"


def test_by_weight_at_random():
    how = WeightedLoadBalancerSpec(distribution_ratio="9;1;0", distribution_ratio_delimiter=";")
    counted = Counter(sent(balance(weighted_load_balancer=how), 500))
    assert counted["a"] > counted["b"] > 0
    assert not counted["c"]


def test_a_bean_may_choose():
    how = CustomLoadBalancerSpec(ref="last")
    assert sent(balance(beans={"last": lambda exchange, count: count - 1}, custom_load_balancer=how), 1) == "c"


def test_a_topic_gives_each_branch_a_copy_and_the_message_stays():
    seen = []
    bench = balance(becomes("a"), do(lambda e: seen.append(e.body)), topic_load_balancer=TopicLoadBalancerSpec())
    assert (bench.send("x").body, seen) == ("x", ["x"])


def test_a_topic_ends_at_the_first_failure():
    seen = []
    bench = balance(fail(ValueError("x")), do(seen.append), topic_load_balancer=TopicLoadBalancerSpec())
    assert isinstance(bench.send("x").error, ValueError)
    assert not seen


def spoils(error=OSError):
    def step(exchange):
        exchange.body = "spoiled"
        raise error("down")

    return do(step)


def test_the_next_branch_gets_the_message_as_it_came():
    seen = []
    assert failover(spoils(), do(lambda e: seen.append(e.body)), becomes("c")).send("x").error is None
    assert seen == ["x"]


def test_when_all_fail_the_last_failure_counts():
    outer = failover(spoils(), spoils(KeyError)).send("x")
    assert isinstance(outer.error, KeyError)
    assert outer.exhausted


def test_only_listed_failures_lead_on():
    bench = failover(spoils(ValueError), becomes("b"), exception=("java.io.IOException",))
    assert isinstance(bench.send("x").error, ValueError)
    assert failover(spoils(OSError), becomes("b"), exception=("java.io.IOException",)).send("x").body == "b"


def test_round_robin_begins_with_another_branch_and_wraps_round_within_the_attempts():
    assert sent(failover(becomes("a"), becomes("b"), round_robin=True), 3) == "aba"
    tried = []

    def failing(letter):
        def step(exchange):
            tried.append(letter)
            raise OSError

        return do(step)

    failover(failing("a"), failing("b"), round_robin=True, maximum_failover_attempts=3).send("x")
    assert tried == ["a", "b", "a", "b"]


def test_sticky_begins_with_the_branch_that_did_well():
    tried = []
    first = do(lambda e: tried.append("a") or (_ for _ in ()).throw(OSError()))
    bench = failover(first, becomes("b"), sticky=True)
    assert (sent(bench, 2), tried) == ("bb", ["a"])


@pytest.mark.parametrize(
    "how",
    [
        {},
        {
            "random_load_balancer": RandomLoadBalancerSpec(),
            "round_robin_load_balancer": RoundRobinLoadBalancerSpec(),
        },
        {"weighted_load_balancer": WeightedLoadBalancerSpec(distribution_ratio="1,2")},
        {"weighted_load_balancer": WeightedLoadBalancerSpec(distribution_ratio="0,0,0")},
        {"failover_load_balancer": FailoverLoadBalancerSpec(exception=("no.such.Thing",))},
    ],
)
def test_what_cannot_work_is_refused(how):
    with pytest.raises(OptionError):
        balance(**how)
