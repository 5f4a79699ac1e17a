"""Steps of routes."""

from __future__ import annotations

from collections.abc import Iterator

from esb.step import StepSpec
from tools.reference.markdown import first_line, prose
from tools.reference.markdown import page as whole
from tools.reference.options import options
from tools.reference.part import listed, part
from tools.reference.parts import all_steps

_ABOUT = """
What may stand in the ``steps`` of a route. The options are Camel's. Options that are read without effect say so: route files carry them.
"""


def page() -> str:
    """The list of all steps, and what they have in common."""
    lines = {name: first_line(spec.__doc__) for name, spec in all_steps().items()}
    return whole("Steps", _ABOUT, [listed("steps", lines), "## Options of every step", *options(StepSpec)])


def parts() -> Iterator[tuple[str, str]]:
    """The page of each step."""
    common = set(StepSpec.fields)
    for name, spec in all_steps().items():
        yield name, part("steps", name, spec, told=[prose(spec.__doc__)], options=options(spec, common))
