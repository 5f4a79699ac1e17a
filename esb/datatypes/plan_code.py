"""Generates one function for a mapping's plan: what the plan's parts do when they are called, as straight code.

Paths, objects, lists and conversions are written out; any other step is called. A failure is explained by the plan itself, in a second run.
"""

from __future__ import annotations

from typing import Final

from esb.datatypes.paths import MISSING, step_into
from esb.datatypes.plans import EachPlan, ObjectPlan, PathStep, Step, Treated
from esb.datatypes.source import Deviation, Source

_DEEPEST: Final = 8
"""Lists in lists written out; Python allows 20 nested blocks."""


def compile_plan(plan: Step) -> Step:
    """The plan as a function of value and root; whatever it raises, the plan raises too."""
    source = Source()
    source.namespace.update(MISSING=MISSING, step_into=step_into, Deviation=Deviation)
    with source.block("def run(v, root):"):
        result = _PlanCode(source).step(plan, "v")
        source.line(f"return {result}")
    return source.function("run", "mapping")


class _PlanCode:
    """Writes steps; each method gives the name that holds the step's value."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._lists = 0

    def step(self, step: Step, value: str) -> str:
        if isinstance(step, PathStep):
            return self._path(step, value)
        result = self.source.name()
        if isinstance(step, ObjectPlan):
            self._object(step, value, result)
        elif isinstance(step, EachPlan) and self._lists < _DEEPEST:
            self._each(step, value, result)
        elif isinstance(step, Treated) and not step.many:
            self._treated(step, value, result)
        else:
            self.source.line(f"{result} = {self.source.bind(step, 'STEP')}({value}, root)")
        return result

    def _path(self, step: PathStep, value: str) -> str:
        if step.from_root:
            value = "root"
        for key in step.keys:
            found = self.source.name()
            self.source.line(
                f"{found} = {value}.get({key!r}, MISSING) if {value}.__class__ is dict else step_into({value}, {key!r})"
            )
            value = found
        return value

    def _object(self, plan: ObjectPlan, value: str, result: str) -> None:
        emit = self.source
        if plan.enter is None:
            self._fields(plan, value, result)
            return
        inside = self.step(plan.enter, value)
        emit.line(f"{result} = {inside}")
        with emit.block(f"if {inside} is not MISSING and {inside} is not None:"):
            self._fields(plan, inside, result)

    def _fields(self, plan: ObjectPlan, value: str, result: str) -> None:
        emit = self.source
        # Under a name of its own: the result's may be the very value that the fields are read from.
        made = emit.name("r")
        emit.line(f"{made} = {{}}")
        for key, step in plan.pairs:
            found = self.step(step, value)
            emit.line(f"if {found} is not MISSING: {made}[{key!r}] = {found}")
        emit.line(f"{result} = {made} or MISSING" if plan.optional else f"{result} = {made}")

    def _each(self, plan: EachPlan, value: str, result: str) -> None:
        emit = self.source
        items, item, made = self.step(plan.enter, value), emit.name("item"), emit.name("r")
        emit.line(f"{result} = {items}")
        with emit.block(f"if {items} is not MISSING and {items} is not None:"):
            emit.line(f"if not isinstance({items}, (list, tuple)): raise Deviation")
            emit.line(f"{made} = []")
            self._lists += 1
            with emit.block(f"for {item} in {items}:"):
                if plan.when is not None:
                    emit.line(f"if not {emit.bind(plan.when, 'WHEN')}(({item}, root)): continue")
                found = self.step(plan.item, item)
                emit.line(f"if {found} is not MISSING: {made}.append({found})")
            self._lists -= 1
            emit.line(f"{result} = {made}")

    def _treated(self, step: Treated, value: str, result: str) -> None:
        emit = self.source
        emit.line(f"{result} = {self.step(step.step, value)}")
        for convert in step.converts:
            # Each may give None: a text that means nothing, a key that a table does not have.
            with emit.block(f"if {result} is not None and {result} is not MISSING:"):
                emit.line(f"{result} = {emit.bind(convert, 'CONVERT')}({result})")
