"""What a step says about itself, fit to be shown: for descriptions, pictures and logs."""

from __future__ import annotations

from esb.dsl.uri import sanitise
from esb.secret import Secret
from esb.step import StepSpec


def sentence(step: StepSpec) -> str:
    """The step's sentence on one line, without passwords; of a text that a credential went into only what comes before its options."""
    told = step.sentence()
    for declared in step.fields.values():
        value = getattr(step, declared.attribute)
        if isinstance(value, Secret):
            told = told.replace(str(value), f"{sanitise(value.partition('?')[0])}?***" if "?" in value else "***")
    return sanitise(" ".join(told.split()))
