"""Data formats."""

from __future__ import annotations

from tools.reference.examples import example
from tools.reference.markdown import page as whole
from tools.reference.markdown import prose
from tools.reference.options import options
from tools.reference.parts import all_formats, module_doc

_ABOUT = """
A data format stands under its name in ``marshal`` (value to bytes) and ``unmarshal`` (bytes to value). With ``unmarshalType`` the value is held
against a data type of the project.
"""


def page() -> str:
    """All data formats."""
    sections = []
    for name, spec in all_formats().items():
        sections += [f"## {name}", prose(module_doc(spec)), *options(spec, ("id",)), example("dataformats", name)]
    return whole("Data formats", _ABOUT, sections)
