"""``choice``: the first branch whose condition holds (Camel's Content-Based Router, its Choice EIP)."""

from __future__ import annotations

from collections.abc import Sequence

from esb.eip._told import told
from esb.exchange import Exchange
from esb.expression import Predicate
from esb.fields import Kind, Spec, field
from esb.program import Step
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

    def sentence(self) -> str:
        """The branch in a line."""
        return f"if {told(self.expression)}"


class OtherwiseSpec(Spec):
    """The branch of a choice that is taken when no other is."""

    name = "otherwise"
    id = field(Kind.TEXT, None, doc="Name of the branch.")
    description = field(Kind.TEXT, None, doc="What the branch is for.")
    note = field(Kind.TEXT, None, doc="A remark for people.")
    disabled = field(Kind.BOOL, False, doc="Leave the branch out.")
    steps = field(Kind.STEPS, (), doc="What is done if no condition holds.")

    def sentence(self) -> str:
        """The branch in a line."""
        return "if none of them holds"


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
            (builder.predicate(branch.expression), builder.program(branch.steps, tail=builder.tail).step)
            for branch in branches
        )
        rest = builder.program(otherwise.steps, tail=builder.tail).step if otherwise else None
        if len(compiled) == 1:
            return _one(*compiled[0], rest)

        in_turn = _in_turn(compiled, rest)
        return _by_value(compiled, rest, in_turn) or in_turn

    def sentence(self) -> str:
        return "take the first branch that holds"


def _one(holds: Predicate, program: Step, rest: Step | None) -> Step:
    def choose(exchange: Exchange) -> None:
        if holds(exchange):
            program(exchange)
        elif rest is not None:
            rest(exchange)

    return choose


def _in_turn(compiled: Sequence[tuple[Predicate, Step]], rest: Step | None) -> Step:
    def choose(exchange: Exchange) -> None:
        for holds, program in compiled:
            if holds(exchange):
                program(exchange)
                return
        if rest is not None:
            rest(exchange)

    return choose


def _by_value(compiled: Sequence[tuple[Predicate, Step]], rest: Step | None, in_turn: Step) -> Step | None:
    """A look-up instead of a walk, where every branch compares the same header or property with a text; None where that is not so."""
    cases = [case for predicate, _ in compiled if (case := getattr(predicate, "case", None)) is not None]
    if not cases or len(cases) < len(compiled) or len({case.named for case in cases}) > 1:
        return None
    branches: dict[str, Step] = {}
    for case, (_, program) in zip(cases, compiled, strict=True):
        branches.setdefault(case.text, program)  # the first one wins, as in turn
    value_of = cases[0].value

    def choose(exchange: Exchange) -> None:
        value = value_of(exchange)
        if type(value) is not str:  # a number, a flag, nothing: compared by the language's rules
            in_turn(exchange)
            return
        program = branches.get(value, rest)
        if program is not None:
            program(exchange)

    return choose
