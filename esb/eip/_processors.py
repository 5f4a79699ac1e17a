"""Processors among the beans: what ``process``, ``onPrepare`` and their like refer to."""

from __future__ import annotations

from esb.errors import Position, ReferenceFault
from esb.program import Step
from esb.step import Builder


def processor(builder: Builder, ref: str, at: Position) -> Step:
    """A callable that takes the exchange, or an object with ``process``. Raises ReferenceFault for anything else."""
    found = builder.reference(ref, at)
    step = getattr(found, "process", found)
    if not callable(step) or isinstance(found, type):
        raise ReferenceFault(
            f"{ref!r} is not a processor: it has no method 'process' and cannot be called",
            at,
            "or call one of its methods with 'bean'",
        )
    process: Step = step
    return process
