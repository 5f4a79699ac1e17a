"""Templates to routes: what a ``templatedRoute`` element or a ``kamelet:`` endpoint asks for, with its parameters put in.

A parameter beats every other property of its name. A template's beans are made once for each of its routes; the bean's name is a parameter that
holds the name it got. Behaviour is Camel's, as recorded: clauses of the document (onException, intercept ...) do not hold for routes of
templates, those of route configurations do, and so does the document's error handler.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from esb.dsl.document import parse_document, route
from esb.dsl.model import BeanSpec, DefaultErrorHandlerSpec, ErrorHandlerSpec, NoErrorHandlerSpec, RouteDef, RouteFile
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.parse import Parser
from esb.dsl.placeholders import Properties
from esb.dsl.reader import read
from esb.dsl.templates import Template, TemplatedRouteSpec, read_template
from esb.errors import NOWHERE, ConfigError, OptionError, Position, UnknownName
from esb.registry import Registry

_NAME: Final = re.compile(r"[\w.-]+")
_ENDS: Final = re.compile(r"kamelet:(?://)?(source|sink)(?:\?.*)?", re.DOTALL)


class Source(Protocol):
    """Where templates come from."""

    registry: Registry
    properties: Properties
    files: list[RouteFile]

    def path(self, text: str) -> Any:
        """A file of the project."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A route that a ``kamelet:`` endpoint needs. ``parameters`` are those of its URI."""

    template: str
    route_id: str
    parameters: Mapping[str, str]
    at: Position = NOWHERE
    error_handler: bool = False
    """Whether the route has an error handler of its own; otherwise failures go to whoever called the kamelet."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A route made of a template, with the beans made for it. ``file`` holds the clauses of the document that hold for it."""

    definition: RouteDef
    beans: tuple[BeanSpec, ...]
    file: RouteFile


class Templates:
    """All templates of a context: those of the documents, and on demand those of the project's folder ``kamelets``."""

    def __init__(self, source: Source, files: Iterable[RouteFile], findings: list[ConfigError]) -> None:
        self._source = source
        self._findings = findings
        self._parser = Parser(source.registry, source.properties, findings)
        self._known: dict[str, tuple[Template, RouteFile]] = {}
        self._bean_numbers = 0
        for file in files:
            self._read(file)

    def _read(self, file: RouteFile) -> None:
        for raw in file.templates:
            template = read_template(self._parser, raw)
            if template is not None:
                self._known.setdefault(template.id, (template, file))

    def templated(self, files: Iterable[RouteFile]) -> list[Instance]:
        """The routes of all ``templatedRoute`` elements; what is wrong is noted."""
        made = []
        for file in files:
            for raw in file.templated:
                spec = self._parser.spec(TemplatedRouteSpec, raw.node, raw.at)
                if spec is None:
                    continue
                found = self._known.get(spec.route_template_ref)
                if found is None:
                    self._findings.append(UnknownName("route template", spec.route_template_ref, self._known, spec.at))
                    continue
                values = {one.parameter: one.value for one in spec.parameters}
                instance = self._instance(
                    *found, values, spec.at, route_id=spec.route_id, prefix=spec.prefix_id or "", beans=spec.beans
                )
                if instance is not None:
                    made.append(instance)
        return made

    def kamelet(self, wanted: Wanted) -> Instance | None:
        """The route behind a ``kamelet:`` endpoint; None after noting why not."""
        found = self._known.get(wanted.template) or self._from_folder(wanted.template)
        if found is None:
            hint = f"declare it as a routeTemplate, or put it into kamelets/{wanted.template}.kamelet.yaml"
            self._findings.append(UnknownName("kamelet", wanted.template, self._known, wanted.at, hint))
            return None
        template, file = found
        values = self._given(template.id, wanted.route_id) | dict(wanted.parameters)
        values |= {"templateId": template.id, "routeId": wanted.route_id}
        template = replace(template, route=_joined(template.route, wanted.route_id))
        instance = self._instance(template, file, values, wanted.at, route_id=wanted.route_id)
        if instance is not None:
            # Camel's kamelets have no error handler unless asked, so that failures go to the caller's.
            spec = instance.definition.spec
            # Its own onException clauses hold all the same.
            plain = _PLAIN_HANDLER if instance.definition.on_exceptions else _NO_HANDLER
            spec.error_handler = None if wanted.error_handler else plain
            spec.error_handler_ref = None
        return instance

    def _from_folder(self, name: str) -> tuple[Template, RouteFile] | None:
        """A Kamelet of the project's folder. The name may come from a message, so it must be a plain file name."""
        file = self._source.path(f"kamelets/{name}.kamelet.yaml") if _NAME.fullmatch(name) else None
        if file is None or not file.is_file():
            return None
        shown = f"kamelets/{file.name}"
        self._read(parse_document(self._parser, read(file, shown), shown))
        return self._known.get(name)

    def _given(self, template: str, route_id: str) -> dict[str, str]:
        """Parameters from properties: ``camel.kamelet.TEMPLATE.NAME``, beaten by ``camel.kamelet.TEMPLATE.ROUTE.NAME``."""
        properties = self._source.properties
        values: dict[str, str] = {}
        for prefix in (f"camel.kamelet.{template}.", f"camel.kamelet.{template}.{route_id}."):
            for key in properties.keys():  # noqa: SIM118 -- not a mapping
                if key.startswith(prefix):
                    values[key.removeprefix(prefix)] = properties.get(key) or ""
        return values

    def _instance(
        self,
        template: Template,
        file: RouteFile,
        given: Mapping[str, str],
        at: Position,
        *,
        route_id: str | None,
        prefix: str = "",
        beans: tuple[BeanSpec, ...] = (),
    ) -> Instance | None:
        values = {one.name: one.default for one in template.parameters if one.default is not None} | dict(given)
        missing = [one.name for one in template.parameters if one.required and one.name not in values]
        if missing:
            declared = f"of the template {template.id!r} ({template.at})" if template.at.line else f"of {template.id!r}"
            self._findings.append(
                OptionError(f"missing parameters {declared}: {', '.join(missing)}", at, "give each of them a value")
            )
            return None
        names = {
            name: f"{name}-{self._next_bean()}"
            for name in (*map(_bean_name, template.beans), *(b.bean_name for b in beans))
        }
        source = self._source
        parser = Parser(source.registry, source.properties.scoped(values | names), self._findings)
        local = [parser.spec(BeanSpec, node, node.at) for node in template.beans]
        own = tuple(bean for bean in (*beans, *local) if bean is not None)
        for bean in own:
            bean.bean_name = names.get(bean.bean_name, bean.bean_name)
        parser.prefix = prefix
        definition = route(parser, template.route, template.at)
        if definition is None:
            return None
        definition.spec.id = route_id  # an id in the template would be the same for all its routes
        return Instance(definition, own, RouteFile(file.file, error_handlers=file.error_handlers))

    def _next_bean(self) -> int:
        self._bean_numbers += 1
        return self._bean_numbers


_NO_HANDLER: Final = ErrorHandlerSpec(NOWHERE, no_error_handler=NoErrorHandlerSpec())


_PLAIN_HANDLER: Final = ErrorHandlerSpec(NOWHERE, default_error_handler=DefaultErrorHandlerSpec())


def _bean_name(node: Node) -> str:
    name = node.get("name") if isinstance(node, MapNode) else None
    return name.text if isinstance(name, ScalarNode) else ""


def _joined(node: MapNode, route_id: str) -> MapNode:
    """A kamelet's route with its ends named after the route: ``kamelet:source`` and ``kamelet:sink``; a missing sink is added at its end."""
    sinks: list[str] = []

    def named(key: str, value: Node) -> Node:
        if isinstance(value, ScalarNode):
            end = _ENDS.fullmatch(value.text) if key in _URI_KEYS else None
            if end is None:
                return value
            sinks.extend([end[1]] if end[1] == "sink" else [])
            return ScalarNode(f"kamelet:{end[1]}?routeId={route_id}", value.at)
        return walk(value, named)

    joined = walk(node, named)
    assert isinstance(joined, MapNode)
    if sinks:
        return joined
    return _with_step(
        joined,
        MapNode(((ScalarNode("to", node.at), ScalarNode(f"kamelet:sink?routeId={route_id}", node.at)),), node.at),
    )


_URI_KEYS: Final = frozenset({"uri", "from", "to", "toD"})


def walk(node: Node, change: Callable[[str, Node], Node]) -> Node:
    """A tree with each value of its maps changed."""
    if isinstance(node, MapNode):
        return MapNode(tuple((key, change(key.text, value)) for key, value in node.entries), node.at)
    if isinstance(node, ListNode):
        return ListNode(tuple(walk(item, change) for item in node.items), node.at)
    return node


def _with_step(node: MapNode, step: MapNode) -> MapNode:
    """The route's map with one more step at its end, whether its steps stand under ``from`` or beside it."""
    entries = []
    for key, value in node.entries:
        changed: Node = value
        if key.text == "steps" and isinstance(value, ListNode):
            changed = ListNode((*value.items, step), value.at)
        elif key.text == "from" and isinstance(value, MapNode):
            changed = _with_step(value, step)
        entries.append((key, changed))
    return MapNode(tuple(entries), node.at)
