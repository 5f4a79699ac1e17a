"""split: one message into its parts, each run through the nested steps (Camel's Split EIP)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any

from esb.eip._gathering import Gathering, GatheringSpec
from esb.eip._parts import cutter, parts
from esb.eip._processors import processor
from esb.exchange import Exchange, Message
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder

INDEX = "CamelSplitIndex"
SIZE = "CamelSplitSize"
COMPLETE = "CamelSplitComplete"


class SplitSpec(GatheringSpec):
    """Cuts the message into parts and runs the steps for each.

    Each part is a message of its own with the headers, properties and variables of the whole, and the properties ``CamelSplitIndex``,
    ``CamelSplitComplete`` and ``CamelSplitSize`` (with ``streaming`` on the last part only). Without a strategy the message goes on as it was. A part
    that fails lets the others run, and the message fails at the end, unless ``stopOnException``. The delivery that brought the message is
    acknowledged after all parts have been done.

    Parts are read as they are needed when the expression gives an iterator (tokenize, a lazy csv) and ``streaming`` is set: memory stays flat.
    """

    name = "split"
    expression = field(Kind.EXPRESSION, inline=True, doc="What gives the parts: a list, an iterator, a map, a text.")
    delimiter = field(
        Kind.TEXT, ",", raw=True, doc="Where plain text is cut; 'false' not to cut it.", example="delimiter: ';'"
    )
    streaming = field(
        Kind.BOOL, False, doc="Read parts as they are needed; with parallelProcessing, take results as they come."
    )
    steps = field(Kind.STEPS, (), doc="What is done with each part.")

    def build(self, builder: Builder) -> Step:
        evaluate = builder.expression(self.expression)
        prepare = processor(builder, self.on_prepare, self.at) if self.on_prepare else None
        cut = cutter(self.delimiter)
        streaming: bool = self.streaming
        # What runs on this part's end may be pipelined, as this step waits for the parts' units; not where the first failure must be seen at once.
        program = builder.program(self.steps, tail=not self.stop_on_exception and not builder.in_try).step
        gathering = Gathering(builder, self, keeps_original=True)

        def split(exchange: Exchange) -> None:
            found = parts(evaluate(exchange), cut)
            items, count, messages = found
            if count is None and not streaming:
                items = list(items)
                count = len(items)
            if count == 0:
                return
            children = _streamed(exchange, items) if streaming else _sized(exchange, items, count)
            if messages:
                children = _unwrapped(children)
            if prepare is not None:
                children = _prepared(children, prepare)
            gathering.run(exchange, zip(children, repeat(program)))

        return split

    def sentence(self) -> str:
        how = ["as they are read"] if self.streaming else []
        how += ["in parallel"] if self.parallel_processing else []
        how += [f"gathered by {self.aggregation_strategy}"] if self.aggregation_strategy else []
        return f"split by {self.expression.name} {self.expression.text!r}{', ' + ', '.join(how) if how else ''}"


def _template(exchange: Exchange) -> Exchange:
    """What all parts have in common, copied for each: cheaper than asking the parent every time."""
    template = exchange.derive()
    template.message.body = None
    template.properties["CamelCorrelationId"] = exchange.id
    return template


def _sized(exchange: Exchange, items: Iterable[Any], count: int | None) -> Iterator[Exchange]:
    derive = _prepared_template(exchange, count).derive
    last = (count or 0) - 1
    for index, item in enumerate(items):
        child = derive()
        child.message.body = item
        child.properties[INDEX] = index
        if index == last:
            child.properties[COMPLETE] = True
        yield child


def _prepared_template(exchange: Exchange, count: int | None) -> Exchange:
    template = _template(exchange)
    template.properties[SIZE] = count
    template.properties[COMPLETE] = False
    return template


def _streamed(exchange: Exchange, items: Iterable[Any]) -> Iterator[Exchange]:
    template = _template(exchange)
    template.properties[COMPLETE] = False
    derive = template.derive
    index = -1
    ahead: list[Any] = []  # one item is read ahead: only so is it known which one is the last
    for item in items:
        if ahead:
            child = derive()
            child.message.body = ahead.pop()
            child.properties[INDEX] = index
            yield child
        ahead.append(item)
        index += 1
    if ahead:
        child = derive()
        child.message.body = ahead.pop()
        child.properties.update({INDEX: index, SIZE: index + 1, COMPLETE: True})
        yield child


def _unwrapped(children: Iterator[Exchange]) -> Iterator[Exchange]:
    for child in children:
        if isinstance(child.message.body, Message):
            child.message = child.message.body.copy()
        yield child


def _prepared(children: Iterator[Exchange], prepare: Step) -> Iterator[Exchange]:
    for child in children:
        prepare(child)
        yield child
