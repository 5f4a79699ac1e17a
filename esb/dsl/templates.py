"""Route templates as written: ``routeTemplate``, ``templatedRoute``, and files of Camel's ``kind: Kamelet``.

A template's route stays raw until its parameters are known, since they may stand anywhere in it, also where a number is expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from esb.dsl.model import BeanSpec, Raw
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.parse import Parser, camel_case
from esb.errors import OptionError, Position, RouteSyntaxError, UnknownName
from esb.fields import Kind, Spec, field


class TemplateParameterSpec(Spec):
    """A parameter that a template takes."""

    name = "parameters"
    parameter = field(Kind.TEXT, name="name")
    default_value = field(Kind.TEXT, None, doc="Its value where none is given.")
    required = field(Kind.BOOL, None, doc="Whether it must be given; true where there is no default.")
    type = field(Kind.TEXT, None, doc="Told to editors.")
    description = field(Kind.TEXT, None)


class ParameterValueSpec(Spec):
    """A value for a parameter."""

    name = "parameters"
    parameter = field(Kind.TEXT, name="name")
    value = field(Kind.TEXT)


class TemplatedRouteSpec(Spec):
    """A route made of a template."""

    name = "templatedRoute"
    route_template_ref = field(Kind.TEXT, doc="Id of the template.")
    route_id = field(Kind.TEXT, None, doc="Id of the route.")
    prefix_id = field(Kind.TEXT, None, doc="Put before the ids of its steps.")
    group = field(Kind.TEXT, None, doc="Accepted; the template's route names its group.")
    parameters = field(Kind.SPECS, (), spec=ParameterValueSpec)
    beans = field(Kind.SPECS, (), spec=BeanSpec, doc="Beans for this route alone.")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that a template declares."""

    name: str
    default: str | None
    required: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A template: ``route`` is the map that a ``route`` element holds, ``beans`` are its local ones, still with placeholders."""

    id: str
    route: MapNode
    at: Position
    parameters: tuple[Parameter, ...] = ()
    beans: tuple[Node, ...] = ()


_TEMPLATE_KEYS: Final = ("id", "description", "note", "route", "from", "steps", "parameters", "beans")


def read_template(parser: Parser, raw: Raw) -> Template | None:
    """The template of a ``routeTemplate`` element or of a Kamelet document; None after noting what is wrong."""
    if not isinstance(raw.node, MapNode):
        parser.note(RouteSyntaxError(f"a template is a map, not {raw.node}", raw.at))
        return None
    if raw.name == "kamelet":
        return _kamelet(parser, raw.node)
    for key, _ in raw.node:
        if camel_case(key.text) not in _TEMPLATE_KEYS:
            parser.note(UnknownName("option of routeTemplate", key.text, _TEMPLATE_KEYS, key.at))
    name = raw.node.get("id")
    if not isinstance(name, ScalarNode) or not name.text:
        parser.note(OptionError("routeTemplate needs 'id'", raw.at, "templated routes name it as routeTemplateRef"))
        return None
    parameters = []
    if isinstance(raw.node.get("parameters"), MapNode):
        parser.note(OptionError("'parameters' takes a list, not a map", raw.at, "begin each of its items with '- '"))
    for item in _items(raw.node.get("parameters")):
        spec = parser.spec(TemplateParameterSpec, item, item.at)
        if spec is not None:
            required = spec.required if spec.required is not None else True
            parameters.append(Parameter(spec.parameter, spec.default_value, required))
    return _made(parser, parser.text(name), raw.node, raw.at, tuple(parameters))


def _kamelet(parser: Parser, root: MapNode) -> Template | None:
    """``metadata.name``, ``spec.definition`` (a JSON schema of the parameters) and ``spec.template`` of a Kamelet resource."""
    name = _down(root, "metadata", "name")
    body = _down(root, "spec", "template")
    if not isinstance(name, ScalarNode) or not isinstance(body, MapNode):
        missing = "metadata.name" if not isinstance(name, ScalarNode) else "spec.template"
        parser.note(OptionError(f"a Kamelet needs '{missing}'", root.at))
        return None
    required = {
        item.text for item in _items(_down(root, "spec", "definition", "required")) if isinstance(item, ScalarNode)
    }
    declared = _down(root, "spec", "definition", "properties")
    parameters = []
    for key, option in declared if isinstance(declared, MapNode) else ():
        default = option.get("default") if isinstance(option, MapNode) else None
        parameters.append(
            Parameter(key.text, default.text if isinstance(default, ScalarNode) else None, key.text in required)
        )
    return _made(parser, name.text, body, root.at, tuple(parameters))


def _made(parser: Parser, name: str, body: MapNode, at: Position, parameters: tuple[Parameter, ...]) -> Template | None:
    route = body.get("route")
    if route is None and "from" in body:
        entries = tuple(entry for entry in body.entries if entry[0].text in {"from", "steps"})
        route = MapNode(entries, body.at)
    if not isinstance(route, MapNode):
        parser.note(OptionError(f"the template {name!r} needs 'from' or 'route'", at))
        return None
    return Template(name, route, at, parameters, tuple(_items(body.get("beans"))))


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, ListNode) else ()


def _down(node: Node | None, *keys: str) -> Node | None:
    for key in keys:
        node = node.get(key) if isinstance(node, MapNode) else None
    return node
