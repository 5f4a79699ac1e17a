"""A whole route file: its top-level elements, in order."""

from __future__ import annotations

import logging
from typing import Any

from esb.dsl.model import (
    CLAUSES,
    BeanSpec,
    ErrorHandlerSpec,
    InterceptFromSpec,
    InterceptSendToEndpointSpec,
    InterceptSpec,
    OnCompletionSpec,
    OnExceptionSpec,
    Raw,
    RouteConfigurationSpec,
    RouteDef,
    RouteFile,
    RouteSpec,
)
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.parse import Parser
from esb.errors import OptionError, Position, RouteSyntaxError, UnknownName
from esb.fields import Spec

_log = logging.getLogger("esb.dsl")

_CLAUSES: dict[str, tuple[type[Spec], str]] = {
    "errorHandler": (ErrorHandlerSpec, "error_handlers"),
    "onException": (OnExceptionSpec, "on_exceptions"),
    "onCompletion": (OnCompletionSpec, "on_completions"),
    "routeConfiguration": (RouteConfigurationSpec, "configurations"),
    "intercept": (InterceptSpec, "intercepts"),
    "interceptFrom": (InterceptFromSpec, "intercepts"),
    "interceptSendToEndpoint": (InterceptSendToEndpointSpec, "intercepts"),
}

_RAW = {
    "routeTemplate": "templates",
    "templatedRoute": "templated",
    "rest": "rests",
    "restConfiguration": "rests",
    "restSecurityDefinitions": "rests",
    "openApi": "rests",
}

TOP_LEVEL = (*_CLAUSES, *_RAW, "route", "from", "beans", "dataFormats", "transformers", "validators")
"""Elements that may stand at the top of a document."""


def parse_document(parser: Parser, root: Node | None, file: str = "") -> RouteFile:
    """The model of a document; what is wrong is noted with the parser.

    A document that is a map of Camel's Kamelet kind holds a template under ``spec``; any other map is accepted and does nothing, as in Camel.
    """
    parsed = RouteFile(file)
    if isinstance(root, MapNode):
        _kamelet(parsed, root)
    elif isinstance(root, ListNode):
        for item in root.items:
            _element(parser, parsed, item)
    elif root is not None and not root.is_null:
        parser.note(
            RouteSyntaxError(f"a route file is a list of elements, not {root}", root.at, "begin each element with '- '")
        )
    return parsed


def _kamelet(parsed: RouteFile, root: MapNode) -> None:
    kind = root.get("kind")
    if isinstance(kind, ScalarNode) and kind.text == "Kamelet":
        parsed.templates.append(Raw("kamelet", root, root.at))


def _element(parser: Parser, parsed: RouteFile, item: Node) -> None:
    if not isinstance(item, MapNode) or not item.entries:
        parser.note(
            RouteSyntaxError(
                f"an element is a map with its name as the key, not {item}", item.at, f"names: {', '.join(TOP_LEVEL)}"
            )
        )
        return
    if len(item) > 1:
        told = f"an element has one key, its name; here are {len(item)}: {', '.join(item.keys())}"
        hint = "indent what belongs below it by two more blanks"
        parser.note(RouteSyntaxError(told, item.entries[1][0].at, hint))
        return
    for key, value in item:
        name = key.text
        if name == "route":
            _route(parser, parsed, value, key.at)
        elif name == "from":
            _route(parser, parsed, MapNode(((key, value),), item.at), key.at)
        elif name in _CLAUSES:
            _clause(parser, parsed, name, value, key.at)
        elif name in _RAW:
            getattr(parsed, _RAW[name]).append(Raw(name, value, key.at))
        elif name == "beans":
            _beans(parser, parsed, value)
        elif name == "dataFormats":
            _data_formats(parser, parsed, value)
        elif name in {"transformers", "validators"}:
            _java_only(parser, name, value, key.at)
        else:
            parser.note(UnknownName("element", key.text, TOP_LEVEL, key.at))


def route(parser: Parser, node: Node, at: Position) -> RouteDef | None:
    """A route from its node (also a template's, with other placeholders)."""
    outer, parser.clauses = parser.clauses, []
    prefix = node.get("nodePrefixId") if isinstance(node, MapNode) else None
    before, parser.prefix = parser.prefix, parser.prefix + (parser.text(prefix) if prefix is not None else "")
    beside = node.key("steps") if isinstance(node, MapNode) else None
    if beside is not None:
        parser.note(OptionError("a route's steps stand below its 'from'", beside.at, "move them there"))
    spec = parser.spec(RouteSpec, node, at)
    clauses, parser.clauses, parser.prefix = parser.clauses, outer, before
    if spec is None:
        return None
    if spec.precondition is None and isinstance(node, MapNode) and "precondition" in node:
        spec.precondition = "false"  # an optional placeholder that nobody gives does not hold
    _saga_around(parser, spec)
    return RouteDef(
        spec,
        tuple(clause for clause in clauses if isinstance(clause, OnExceptionSpec)),
        tuple(clause for clause in clauses if isinstance(clause, OnCompletionSpec)),
        tuple(clause for clause in clauses if isinstance(clause, InterceptSpec)),
    )


def _saga_around(parser: Parser, spec: RouteSpec) -> None:
    """A saga is of the whole route, as in Camel: the route's other steps, also those before it, become its first ones."""
    holder = spec.from_ if spec.from_.steps else spec
    sagas = [step for step in holder.steps if step.name == "saga"]
    if not sagas:
        return
    if len(sagas) > 1:
        parser.note(OptionError("the route has two sagas", sagas[1].at, "put one of them into a route of its own"))
    saga: Any = sagas[0]
    saga.steps = (*(step for step in holder.steps if step is not saga), *saga.steps)
    holder.steps = (saga,)


def _route(parser: Parser, parsed: RouteFile, node: Node, at: Position) -> None:
    findings = len(parser.findings)
    made = route(parser, node, at)
    if made is None:
        return
    if not made.steps and len(parser.findings) == findings:  # otherwise they are wrong, not missing
        parser.note(
            OptionError("a route needs at least one step", at, "add steps under 'from', such as '- log: ${body}'")
        )
    parsed.routes.append(made)


def _clause(parser: Parser, parsed: RouteFile, name: str, node: Node, at: Position) -> None:
    cls, where = _CLAUSES[name]
    if name in CLAUSES and parsed.routes:
        parser.note(
            OptionError(
                f"{name} stands before the routes it is for",
                at,
                "move it to the top of the file, or into the route's first steps",
            )
        )
    made: Any = parser.spec(cls, node, at)
    if made is not None:
        getattr(parsed, where).append(made)


def _java_only(parser: Parser, name: str, node: Node, at: Position) -> None:
    """Camel takes these elements, yet what they declare has no effect in YAML: a validator declared there is not found."""
    if not isinstance(node, MapNode):
        parser.note(RouteSyntaxError(f"{name} are a map, not {node}", node.at))
        return
    _log.warning("%s: %s have no effect, as in Camel; declare data types and mappings of the project instead", at, name)


def _beans(parser: Parser, parsed: RouteFile, node: Node) -> None:
    if not isinstance(node, ListNode):
        parser.note(RouteSyntaxError(f"beans are a list, not {node}", node.at))
        return
    for item in node:
        bean = parser.spec(BeanSpec, item, item.at)
        if bean is not None:
            parsed.beans.append(bean)


def _data_formats(parser: Parser, parsed: RouteFile, node: Node) -> None:
    items = node.items if isinstance(node, ListNode) else (node,)
    for item in items:
        try:
            made = parser.keyed("dataformat", item, item.at)
        except (OptionError, UnknownName) as error:
            parser.note(error)
            continue
        if made is not None:
            parsed.data_formats[made.id or made.name] = made
