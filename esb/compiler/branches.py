"""The steps inside a block as people see them: each under the branch or clause that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Protocol

from esb.errors import Position
from esb.fields import Kind
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
    for declared in spec.fields.values():
        value = getattr(spec, declared.attribute)
        if declared.kind in {Kind.SPEC, Kind.SPECS} and value:
            for part in value if isinstance(value, tuple) else (value,):
                if hasattr(part, "sentence") and hasattr(part, "steps") and not part.disabled:
                    yield part
