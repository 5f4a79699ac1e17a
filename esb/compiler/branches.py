"""The steps inside a block as people see them: each under the branch or clause that it belongs to."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import ClassVar, Protocol

from esb.errors import Position
from esb.program import Label
from esb.step import StepSpec


def branched(spec: StepSpec, inner: Sequence[Label]) -> tuple[Label, ...]:
    """The labels of a step's inner steps, those of a part that says what it is (``sentence``) under a label of its own."""
    parts = list(_parts(spec))
    if not parts:
        return tuple(inner)
    places = [({step.at for step in part.steps}, part) for part in parts]
    grouped = {id(label) for label in inner if any(label.at in at for at, _ in places)}
    own = [label for label in inner if id(label) not in grouped]
    return (
        *own,
        *(
            Label(part.name, part.at, part.sentence(), tuple(label for label in inner if label.at in at))
            for at, part in places
        ),
    )


class _Part(Protocol):
    name: ClassVar[str]
    at: Position
    steps: tuple[StepSpec, ...]

    def sentence(self) -> str: ...


def _parts(spec: StepSpec) -> Iterator[_Part]:
    for attribute in _attributes(type(spec)):  # type: ignore[arg-type]  # a class is hashable: mypy asks its instances
        value = getattr(spec, attribute)
        for part in value if isinstance(value, tuple) else (value,):
            if part is not None and not part.disabled:
                yield part


@functools.cache
def _attributes(cls: type[StepSpec]) -> tuple[str, ...]:
    """The options of a step that hold parts which say what they are."""
    return tuple(
        declared.attribute
        for declared in cls.fields.values()
        if declared.spec is not None and hasattr(declared.spec, "sentence") and "steps" in declared.spec.fields
    )
