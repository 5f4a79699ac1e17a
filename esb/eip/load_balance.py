"""loadBalance: each message to one of several branches, or to the next one on failure (Camel's Load Balance EIP)."""

from __future__ import annotations

from typing import Any

from esb.coerce import text
from esb.eip import _balancers
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, Spec, field
from esb.javanames import caught_by
from esb.program import Program, Step
from esb.step import Builder, StepSpec


class FailoverLoadBalancerSpec(Spec):
    """The next branch when one fails, each with the message as it came. The last failure is the message's."""

    name = "failoverLoadBalancer"
    id = field(Kind.TEXT, None)
    exception = field(Kind.NAMES, (), doc="Only these failures lead to the next branch; all unless given.")
    maximum_failover_attempts = field(
        Kind.INT, -1, doc="Tries after the first; -1 is every branch once, and for ever with roundRobin."
    )
    round_robin = field(Kind.BOOL, False, doc="Begin with another branch for each message.")
    sticky = field(Kind.BOOL, False, doc="Begin with the branch that did well last.")
    inherit_error_handler = field(
        Kind.BOOL, True, doc="Whether the route's error handler tries within a branch before the next one's turn."
    )


class RandomLoadBalancerSpec(Spec):
    """Any branch."""

    name = "randomLoadBalancer"
    id = field(Kind.TEXT, None)


class RoundRobinLoadBalancerSpec(Spec):
    """Branches in turn."""

    name = "roundRobinLoadBalancer"
    id = field(Kind.TEXT, None)


class StickyLoadBalancerSpec(Spec):
    """The same branch for the same key; new keys in turn."""

    name = "stickyLoadBalancer"
    id = field(Kind.TEXT, None)
    correlation_expression = field(Kind.EXPRESSION, doc="The key.")


class TopicLoadBalancerSpec(Spec):
    """All branches, each with a copy; the message goes on as it was."""

    name = "topicLoadBalancer"
    id = field(Kind.TEXT, None)


class WeightedLoadBalancerSpec(Spec):
    """Branches by their weight."""

    name = "weightedLoadBalancer"
    id = field(Kind.TEXT, None)
    distribution_ratio = field(Kind.TEXT, doc="A weight for each branch.", example="3,1")
    distribution_ratio_delimiter = field(Kind.TEXT, ",", raw=True, doc="What stands between the weights.")
    round_robin = field(Kind.BOOL, False, doc="In turn, by weight; otherwise at random, by weight.")


class CustomLoadBalancerSpec(Spec):
    """A bean chooses: called with the exchange and the number of branches, it gives the branch's index."""

    name = "customLoadBalancer"
    id = field(Kind.TEXT, None)
    ref = field(Kind.REF, doc="The bean: a callable.")


class LoadBalanceSpec(StepSpec):
    """Gives each message to one of its branches; each nested step is a branch."""

    name = "loadBalance"
    failover_load_balancer = field(Kind.SPEC, None, spec=FailoverLoadBalancerSpec, doc="The next one on failure.")
    random_load_balancer = field(Kind.SPEC, None, spec=RandomLoadBalancerSpec, doc="Any one.")
    round_robin_load_balancer = field(Kind.SPEC, None, spec=RoundRobinLoadBalancerSpec, doc="In turn.")
    sticky_load_balancer = field(Kind.SPEC, None, spec=StickyLoadBalancerSpec, doc="By key.")
    topic_load_balancer = field(Kind.SPEC, None, spec=TopicLoadBalancerSpec, doc="All.")
    weighted_load_balancer = field(Kind.SPEC, None, spec=WeightedLoadBalancerSpec, doc="By weight.")
    custom_load_balancer = field(Kind.SPEC, None, spec=CustomLoadBalancerSpec, doc="By a bean.")
    steps = field(Kind.STEPS, (), doc="The branches.")

    def build(self, builder: Builder) -> Step:
        given = [spec for spec in (getattr(self, name) for name in _KINDS) if spec is not None]
        if len(given) != 1:
            raise OptionError(
                f"'loadBalance' needs one way to choose, {len(given)} given",
                self.at,
                "such as roundRobinLoadBalancer: {}",
            )
        [how] = given
        if isinstance(how, FailoverLoadBalancerSpec):
            return self._failover(builder, how)
        if isinstance(how, TopicLoadBalancerSpec):
            return _balancers.topic(self._branches(builder, tail=False))
        branches = self._branches(builder, tail=builder.tail)
        choose = self._chooser(builder, how, len(branches))

        def balance(exchange: Exchange) -> None:
            branches[choose(exchange)](exchange)

        return balance

    def _branches(self, builder: Builder, *, tail: bool, handled: bool = True) -> list[Program]:
        branches = [builder.program([step], tail=tail, handled=handled) for step in self.steps if not step.disabled]
        if not branches:
            raise OptionError("'loadBalance' has no branches", self.at, "indent them below 'steps:'")
        return branches

    def _failover(self, builder: Builder, how: FailoverLoadBalancerSpec) -> Step:
        catches: list[type[BaseException]] = []
        for name in how.exception:
            classes = caught_by(name)
            if classes is None:
                raise OptionError(f"{name!r} is no exception that is known here", how.at)
            catches += classes
        failover = _balancers.Failover(
            self._branches(builder, tail=False, handled=how.inherit_error_handler),
            catches=tuple(catches) or (Exception,),
            attempts=how.maximum_failover_attempts,
            round_robin=how.round_robin,
            sticky=how.sticky,
        )
        builder.on_stop(failover.stop)
        return failover

    def _chooser(self, builder: Builder, how: Any, count: int) -> _balancers.Choose:
        if isinstance(how, StickyLoadBalancerSpec):
            key_of = builder.expression(how.correlation_expression)
            return _balancers.sticky(count, lambda exchange: text(key_of(exchange)))
        if isinstance(how, WeightedLoadBalancerSpec):
            weights = _weights(how, count)
            return _balancers.weighted_in_turn(weights) if how.round_robin else _balancers.weighted(weights)
        if isinstance(how, CustomLoadBalancerSpec):
            bean: Any = builder.reference(how.ref, how.at)
            if not callable(bean):
                raise OptionError(
                    f"{how.ref!r} cannot be called", how.at, "give (exchange, number_of_branches) -> index"
                )
            return lambda exchange: int(bean(exchange, count)) % count
        return _balancers.in_turn(count) if isinstance(how, RoundRobinLoadBalancerSpec) else _balancers.at_random(count)

    def sentence(self) -> str:
        how = next((yaml for name, yaml in _KINDS.items() if getattr(self, name) is not None), "nothing")
        return f"to one of {len(self.steps)} branches by {how}"


_KINDS = {
    declared.attribute: name
    for name, declared in LoadBalanceSpec.fields.items()
    if declared.kind is Kind.SPEC and declared.spec is not None
}


def _weights(how: WeightedLoadBalancerSpec, count: int) -> list[int]:
    try:
        weights = [int(part) for part in how.distribution_ratio.split(how.distribution_ratio_delimiter)]
    except ValueError:
        weights = []
    if len(weights) != count or min(weights) < 0 or not any(weights):
        raise OptionError(
            f"'distributionRatio' is {how.distribution_ratio!r}: it needs a weight for each of the {count} branches",
            how.at,
        )
    return weights
