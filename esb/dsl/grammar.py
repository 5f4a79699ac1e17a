"""What may stand where in a route file, for those who read files without running them: the formatter, the linter, the JSON Schema.

The parser knows the same from :mod:`esb.dsl.document`; templates it keeps as they are until their parameters are known, so the shape of one
is declared here.
"""

from __future__ import annotations

from typing import Final

from esb.dsl.model import (
    BeanSpec,
    ErrorHandlerSpec,
    FromSpec,
    InterceptFromSpec,
    InterceptSendToEndpointSpec,
    InterceptSpec,
    OnCompletionSpec,
    OnExceptionSpec,
    RouteConfigurationSpec,
    RouteSpec,
)
from esb.dsl.parse import camel_case
from esb.dsl.rest import RestConfigurationSpec, RestSpec
from esb.dsl.templates import TemplatedRouteSpec, TemplateParameterSpec
from esb.fields import Field, Kind, Spec, field


class RouteTemplateSpec(Spec):
    """A route with parameters, of which others are made."""

    name = "routeTemplate"
    id = field(Kind.TEXT, doc="Name of the template.")
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    parameters = field(Kind.SPECS, (), spec=TemplateParameterSpec)
    beans = field(Kind.SPECS, (), spec=BeanSpec, doc="Beans that each route of the template has for itself.")
    from_ = field(Kind.SPEC, None, spec=FromSpec, name="from")
    route = field(Kind.SPEC, None, spec=RouteSpec)


ELEMENTS: Final[dict[str, type[Spec]]] = {
    "route": RouteSpec,
    "from": FromSpec,
    "routeTemplate": RouteTemplateSpec,
    "templatedRoute": TemplatedRouteSpec,
    "routeConfiguration": RouteConfigurationSpec,
    "rest": RestSpec,
    "restConfiguration": RestConfigurationSpec,
    "errorHandler": ErrorHandlerSpec,
    "onException": OnExceptionSpec,
    "onCompletion": OnCompletionSpec,
    "intercept": InterceptSpec,
    "interceptFrom": InterceptFromSpec,
    "interceptSendToEndpoint": InterceptSendToEndpointSpec,
}
"""Elements at the top of a document that are maps of options; besides them there are the lists below."""
BEANS: Final = "beans"
DATA_FORMATS: Final = "dataFormats"
PLAIN: Final = ("transformers", "validators", "restSecurityDefinitions", "openApi")
"""Elements that are taken as plain data."""


def option(cls: type[Spec], key: str) -> Field | None:
    """The declared option that a key of a route file means: by its name, in kebab case, or by an alias."""
    found = cls.fields.get(key) or cls.fields.get(camel_case(key))
    if found is None:
        found = next((known for known in cls.fields.values() if key in known.aliases), None)
    return found


def wrapped(declared: Field) -> bool:
    """Whether the language of this option stands below ``expression:`` in Camel's canonical notation, and not directly below the option's name.

    So it is where Camel's model has a node with an expression: the steps, ``when`` and ``onWhen``; ``correlationExpression``, ``handled`` and
    their like hold the language itself.
    """
    return declared.kind is Kind.EXPRESSION and (declared.inline or declared.name == "onWhen")


def alone(cls: type[Spec]) -> Field | None:
    """The option that a plain text in place of the whole map sets, if there is one."""
    return next((declared for declared in cls.fields.values() if declared.scalar), None)
