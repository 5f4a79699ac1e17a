"""Data formats."""

from __future__ import annotations

from collections.abc import Iterator

from tools.reference.markdown import first_line, prose
from tools.reference.markdown import page as whole
from tools.reference.options import options
from tools.reference.part import listed, part
from tools.reference.parts import all_formats, module_doc

_ABOUT = """
A data format stands under its name in ``marshal`` (value to bytes) and ``unmarshal`` (bytes to value). With ``unmarshalType`` the value is held
against a data type of the project.
"""


def page() -> str:
    """The list of all data formats."""
    lines = {name: first_line(module_doc(spec)) for name, spec in all_formats().items()}
    return whole("Data formats", _ABOUT, [listed("dataformats", lines)])


def parts() -> Iterator[tuple[str, str]]:
    """The page of each data format."""
    for name, spec in all_formats().items():
        yield name, part("dataformats", name, spec, told=[prose(module_doc(spec))], options=options(spec, ("id",)))
