"""Ids of steps: one id, one step, in all routes of a load (recorded from Camel 4.17, which refuses the start otherwise).

Branches and expressions may share ids, as may steps of clauses, which are there once for each route they are for, and of two routes made of one
template.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from esb.errors import OptionError, Position
from esb.fields import Kind, Spec
from esb.step import StepSpec

_HINT = "give each step an id of its own: logs, metrics and descriptions name it by that"


class Ids:
    """The ids of one load."""

    def __init__(self) -> None:
        self._taken: dict[str, Position] = {}

    def route(
        self, route_id: str, steps: Iterable[StepSpec], at: Position, *, templated: bool
    ) -> Iterator[OptionError]:
        """Take the ids of a route; what is wrong about them."""
        taken: dict[str, Position] = {} if templated else self._taken
        if route_id in taken:
            yield _twice(route_id, taken[route_id], at)
        taken[route_id] = at
        for step in steps_below(steps):
            if not step.id:
                continue
            place = step.places.get("id", step.at)
            if step.id in taken:
                yield _twice(step.id, taken[step.id], place)
            else:
                taken[step.id] = place


def steps_below(steps: Iterable[Spec]) -> Iterator[StepSpec]:
    """Steps and all steps within them."""
    for step in steps:
        if isinstance(step, StepSpec):
            yield step
        yield from _within(step)


def _within(spec: Spec) -> Iterator[StepSpec]:
    for attribute in _attributes(type(spec)):  # type: ignore[arg-type]  # a class is hashable: mypy asks its instances
        value = getattr(spec, attribute)
        if value:
            yield from steps_below(value if isinstance(value, tuple) else (value,))


@functools.cache
def _attributes(cls: type[Spec]) -> tuple[str, ...]:
    """The options of a class that hold steps, or parts which may."""
    inner = {Kind.STEPS, Kind.SPECS, Kind.SPEC}
    return tuple(declared.attribute for declared in cls.fields.values() if declared.kind in inner)


def _twice(name: str, first: Position, at: Position) -> OptionError:
    told = f", first at {first}" if first.line else ""
    return OptionError(f"the id {name!r} is given twice{told}", at, _HINT)
