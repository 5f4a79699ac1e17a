"""What steps with steps inside share."""

from __future__ import annotations

from collections.abc import Sequence

from esb.errors import OptionError, Position
from esb.program import Program
from esb.step import Builder, StepSpec


def inside(
    builder: Builder, name: str, steps: Sequence[StepSpec], at: Position, *, tail: bool | None = None
) -> Program:
    """The program of a block's steps: last where the block is last, unless ``tail`` says otherwise. Raises OptionError if there are none."""
    if not steps:
        raise OptionError(f"{name!r} has no steps", at, "indent the steps it is for below 'steps:'")
    return builder.program(steps, tail=builder.tail if tail is None else tail)
