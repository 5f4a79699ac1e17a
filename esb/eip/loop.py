"""``loop``: repeats steps (Camel's Loop EIP)."""

from __future__ import annotations

from esb.coerce import NoConversion, integer, text
from esb.eip._blocks import inside
from esb.eip._processors import processor
from esb.eip._told import told
from esb.exchange import SENT, Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec

INDEX = "CamelLoopIndex"
SIZE = "CamelLoopSize"


class LoopSpec(StepSpec):
    """Repeat steps a number of times, or while a condition holds. The exchange property ``CamelLoopIndex`` counts from zero."""

    name = "loop"
    expression = field(
        Kind.EXPRESSION, inline=True, doc="The number, or with doWhile the condition.", example='constant: "3"'
    )
    copy = field(Kind.BOOL, False, doc="Whether each turn starts from the message as it was before the loop.")
    do_while = field(Kind.BOOL, False, doc="Whether the expression is a condition, asked before each turn.")
    break_on_shutdown = field(Kind.BOOL, False, doc="Whether a stop of the bus ends the loop after the current turn.")
    on_prepare = field(Kind.REF, None, doc="A processor called with the message before each turn.")
    steps = field(Kind.STEPS, (), doc="What is repeated.")

    def build(self, builder: Builder) -> Step:
        program = inside(builder, self.name, self.steps, self.at, tail=False)
        prepare = processor(builder, self.on_prepare, self.at) if self.on_prepare else None
        stopping = builder.context.stopping if self.break_on_shutdown else None
        holds = builder.predicate(self.expression) if self.do_while else None
        count = builder.expression(self.expression) if not self.do_while else None
        copy = self.copy

        def loop(exchange: Exchange) -> None:
            turns = -1
            if count is not None:
                exchange.properties[SIZE] = turns = _turns(count(exchange))
                turns = max(turns, 0)
            current = exchange
            index = 0
            try:
                while index != turns and not (stopping is not None and stopping.is_set()):
                    if holds is not None and not holds(current):
                        break
                    if copy:
                        current = _copy(exchange, current)
                    if prepare is not None:
                        prepare(current)
                    current.properties[INDEX] = index
                    program(current)
                    if current.halted:
                        return
                    index += 1
            finally:
                if current is not exchange:
                    _take(exchange, current)

        return loop

    def sentence(self) -> str:
        return f"repeat while {told(self.expression)}" if self.do_while else f"repeat {told(self.expression)} times"


def _turns(value: object) -> int:
    # Camel reads the number from its text, so that 2.0 and true are no numbers of turns.
    turns = integer(text(value))
    if turns is None:
        raise NoConversion("the number of turns came to nothing")
    return turns


def _copy(exchange: Exchange, before: Exchange) -> Exchange:
    current = exchange.derive()
    if SENT in before.properties:  # the turns share an id; without the count their messages would, too
        current.properties[SENT] = before.properties[SENT]
    current.id = exchange.id
    current.unit = exchange.unit
    current.waits, current.guards = exchange.waits, exchange.guards
    return current


def _take(exchange: Exchange, last: Exchange) -> None:
    """The outcome of the last turn is that of the loop, with what it left: only the unit and the identity are the same all along."""
    exchange.message = last.message
    exchange.properties = last.properties
    exchange.variables = last.variables
    exchange.halted, exchange.handled = last.halted, last.handled
    exchange.exhausted, exchange.error = last.exhausted, last.error
