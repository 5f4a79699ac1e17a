"""What stands in a route file beside steps."""

from __future__ import annotations

from esb.dsl import model, rest
from esb.dsl.document import TOP_LEVEL
from esb.fields import Spec
from tools.reference.markdown import code, prose
from tools.reference.markdown import page as whole
from tools.reference.options import options

_ABOUT = """
A route file is a list. Each element is a map with one key. Elements that may stand at the top:
"""

_ELEMENTS: tuple[type[Spec], ...] = (
    model.RouteSpec,
    model.FromSpec,
    model.ErrorHandlerSpec,
    model.OnExceptionSpec,
    model.OnCompletionSpec,
    model.RouteConfigurationSpec,
    model.InterceptSpec,
    model.InterceptFromSpec,
    model.InterceptSendToEndpointSpec,
    model.BeanSpec,
    rest.RestSpec,
    rest.RestConfigurationSpec,
)


def page() -> str:
    """Elements of route files with their options."""
    known: set[type[Spec]] = set(_ELEMENTS)
    sections = [", ".join(code(name) for name in TOP_LEVEL) + "."]
    for spec in _ELEMENTS:
        sections += [f"## {spec.name}", prose(spec.__doc__), *options(spec, (), known)]
    return whole("Route files", _ABOUT, sections)
