"""Components and their endpoints."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator

from esb.component import Component, Endpoint
from tools.reference.examples import example
from tools.reference.markdown import code, prose
from tools.reference.markdown import page as whole
from tools.reference.options import options
from tools.reference.parts import all_components

_ABOUT = """
An endpoint is written as a URI, ``scheme:path?option=value``, or with its options under ``parameters``. A value with ``&``, ``+`` or ``%`` goes under
``parameters``, or in ``RAW(...)``. Components in ``esb.components`` need no system outside; those in ``adapters`` do.

Every endpoint has these options too:
"""


def page() -> str:
    """All components."""
    common = set(Endpoint.fields)
    sections = list(options(Endpoint))
    for component in all_components().values():
        endpoint = component.endpoint_class
        sections.append(f"## {', '.join(component.schemes)}")
        sections += [*_docs(component, endpoint), f"{_ends(endpoint)} Module {code(component.__module__)}."]
        sections += [*options(endpoint, common), example("components", component.schemes[0])]
    return whole("Components", _ABOUT, sections)


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


def _docs(component: type[Component], endpoint: type[Endpoint]) -> Iterator[str]:
    """What the component is (its package's or module's docstring), then its endpoint's."""
    top = ".".join(component.__module__.split(".")[: 2 if component.__module__.startswith("adapters") else 3])
    home = importlib.import_module(endpoint.__module__)
    for text in dict.fromkeys((importlib.import_module(top).__doc__, home.__doc__, endpoint.__doc__)):
        told = re.sub(r"\AOptions of [^.]*\.\s*", "", text or "")  # the heading says so already
        if told:
            yield prose(told)
