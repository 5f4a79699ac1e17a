"""Components and their endpoints."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator

from esb.component import Component, Endpoint
from tools.reference.markdown import code, first_line, prose
from tools.reference.markdown import page as whole
from tools.reference.options import options
from tools.reference.part import listed, part
from tools.reference.parts import all_components

_ABOUT = """
An endpoint is written as a URI, ``scheme:path?option=value``, or with its options under ``parameters``. A value with ``&``, ``+`` or ``%`` goes under
``parameters``, or in ``RAW(...)``. Components in ``esb.components`` need no system outside; those in ``adapters`` do.
"""


def page() -> str:
    """The list of all components, and what their endpoints have in common."""
    lines = {name: first_line(next(_texts(component), "")) for name, component in all_components().items()}
    sections = [listed("components", lines), "## Options of every component", *options(Endpoint)]
    return whole("Components", _ABOUT, sections)


def parts() -> Iterator[tuple[str, str]]:
    """The page of each component, by its first scheme."""
    common = set(Endpoint.fields)
    for name, component in all_components().items():
        endpoint = component.endpoint_class
        told = [*map(prose, _texts(component)), f"{_ends(endpoint)} Module {code(component.__module__)}."]
        title = ", ".join(component.schemes)
        yield name, part("components", name, endpoint, told=told, options=options(endpoint, common), title=title)


def _ends(endpoint: type[Endpoint]) -> str:
    can = [
        words
        for words, method in (("consumed from", "consumer"), ("sent to", "producer"), ("polled", "poll"))
        if _offers(endpoint, method)
    ]
    return f"Can be {', '.join(can)}."


def _offers(endpoint: type[Endpoint], method: str) -> bool:
    """Whether an endpoint has an end: its own method, and one that does more than refuse."""
    own = getattr(endpoint, method)
    if own is getattr(Endpoint, method):
        return False
    body = inspect.getsource(own).split('"""')[-1]
    return "return" in body or "yield" in body


def _texts(component: type[Component]) -> Iterator[str]:
    """What the component is: docstrings of its package or module, of its endpoint's module, and of its endpoint."""
    endpoint = component.endpoint_class
    top = ".".join(component.__module__.split(".")[: 2 if component.__module__.startswith("adapters") else 3])
    home = importlib.import_module(endpoint.__module__)
    for text in dict.fromkeys((importlib.import_module(top).__doc__, home.__doc__, endpoint.__doc__)):
        told = re.sub(r"\AOptions of [^.]*\.\s*", "", text or "")  # the heading says so already
        if told:
            yield told
