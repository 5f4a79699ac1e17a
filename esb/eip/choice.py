"""``choice``: the first branch whose condition holds (Camel's Content-Based Router, its Choice EIP)."""

from __future__ import annotations

from esb.eip._told import told
from esb.exchange import Exchange
from esb.expression import Predicate
from esb.fields import Kind, Spec, field
from esb.program import Program, Step
from esb.step import Builder, StepSpec


class WhenSpec(Spec):
    """A branch of a choice."""

    name = "when"
    id = field(Kind.TEXT, None, doc="Name of the branch.")
    description = field(Kind.TEXT, None, doc="What the branch is for.")
    note = field(Kind.TEXT, None, doc="A remark for people.")
    disabled = field(Kind.BOOL, False, doc="Leave the branch out.")
    expression = field(
        Kind.EXPRESSION, inline=True, doc="The condition.", example="simple: \"${header.kind} == 'order'\""
    )
    steps = field(Kind.STEPS, (), doc="What is done if it holds.")


class OtherwiseSpec(Spec):
    """The branch of a choice that is taken when no other is."""

    name = "otherwise"
    id = field(Kind.TEXT, None, doc="Name of the branch.")
    description = field(Kind.TEXT, None, doc="What the branch is for.")
    note = field(Kind.TEXT, None, doc="A remark for people.")
    disabled = field(Kind.BOOL, False, doc="Leave the branch out.")
    steps = field(Kind.STEPS, (), doc="What is done if no condition holds.")


class ChoiceSpec(StepSpec):
    """Take the first branch whose condition holds, or ``otherwise``; without one the message goes on unchanged."""

    name = "choice"
    when = field(Kind.SPECS, (), spec=WhenSpec, doc="The branches, in order.")
    otherwise = field(Kind.SPEC, None, spec=OtherwiseSpec, doc="The branch for all the rest.")
    precondition = field(
        Kind.BOOL,
        False,
        doc="Choose once, when the route is loaded, by conditions over placeholders; other branches are left out.",
    )

    def build(self, builder: Builder) -> Step | None:
        branches = [branch for branch in self.when if not branch.disabled]
        otherwise = self.otherwise if self.otherwise and not self.otherwise.disabled else None
        if self.precondition:
            nothing = Exchange()
            chosen = next((branch for branch in branches if builder.predicate(branch.expression)(nothing)), otherwise)
            return builder.program(chosen.steps, tail=builder.tail) if chosen else None
        compiled = tuple(
            (builder.predicate(branch.expression), builder.program(branch.steps, tail=builder.tail))
            for branch in branches
        )
        rest = builder.program(otherwise.steps, tail=builder.tail) if otherwise else None
        if len(compiled) == 1:
            return _one(*compiled[0], rest)

        def choose(exchange: Exchange) -> None:
            for holds, program in compiled:
                if holds(exchange):
                    program(exchange)
                    return
            if rest is not None:
                rest(exchange)

        return choose

    def sentence(self) -> str:
        words = [f"if {told(branch.expression)}" for branch in self.when]
        return "; else ".join(words) + ("; otherwise the rest" if self.otherwise else "")


def _one(holds: Predicate, program: Program, rest: Program | None) -> Step:
    def choose(exchange: Exchange) -> None:
        if holds(exchange):
            program(exchange)
        elif rest is not None:
            rest(exchange)

    return choose
