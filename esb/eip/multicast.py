"""multicast: the same message to several branches (Camel's Multicast EIP)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esb.eip._gathering import Gathering, GatheringSpec
from esb.eip._processors import processor
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder

INDEX = "CamelMulticastIndex"
COMPLETE = "CamelMulticastComplete"


class MulticastSpec(GatheringSpec):
    """Gives a copy of the message to each nested step; each one is a branch of its own.

    Copies share the body object and have headers, properties and variables of their own (``onPrepare`` may copy the body). Without a strategy
    the last branch's message goes on. A branch that fails lets the others run, and the message fails at the end, unless ``stopOnException``.
    """

    name = "multicast"
    steps = field(Kind.STEPS, (), doc="The branches: each step is one; several steps of one branch go into a pipeline.")

    def build(self, builder: Builder) -> Step | None:
        prepare = processor(builder, self.on_prepare, self.at) if self.on_prepare else None
        tail = not self.stop_on_exception and not builder.in_try
        branches = [builder.program([step], tail=tail) for step in self.steps if not step.disabled]
        gathering = Gathering(builder, self, keeps_original=False)
        if not branches:
            return None

        def multicast(exchange: Exchange) -> None:
            gathering.run(exchange, copies(exchange, branches, prepare))

        return multicast

    def sentence(self) -> str:
        how = ", in parallel" if self.parallel_processing else ""
        return f"multicast to {len(self.steps)} branches{how}"


def copies(
    exchange: Exchange, branches: Sequence[Step], prepare: Step | None = None
) -> Iterator[tuple[Exchange, Step]]:
    """A copy of the message for each branch, made when its turn comes."""
    correlation = exchange.id
    last = len(branches) - 1
    for index, branch in enumerate(branches):
        child = exchange.derive()
        child.properties.update({"CamelCorrelationId": correlation, INDEX: index, COMPLETE: index == last})
        if prepare is not None:
            prepare(child)
        yield child, branch
