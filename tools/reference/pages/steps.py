"""Steps of routes."""

from __future__ import annotations

from esb.step import StepSpec
from tools.reference.examples import example, shortest
from tools.reference.markdown import page as whole
from tools.reference.markdown import prose
from tools.reference.options import options
from tools.reference.parts import all_steps

_ABOUT = """
What may stand in the ``steps`` of a route. The options are Camel's. Options that are read without effect say so: route files carry them.

Every step has these options too:
"""


def page() -> str:
    """All steps."""
    common = set(StepSpec.fields)
    sections = list(options(StepSpec))
    for name, spec in all_steps().items():
        shown = example("steps", name) or shortest(spec)
        sections += [f"## {name}", prose(spec.__doc__), *options(spec, common), shown]
    return whole("Steps", _ABOUT, sections)
