"""Parameters that are given to a template which does not have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from esb.dsl.grammar import RouteTemplateSpec
from esb.dsl.lint.rules import UNKNOWN_PARAMETER, Finding
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.templates import TemplatedRouteSpec
from esb.dsl.walk import Part
from esb.errors import did_you_mean


def template_parameters(parts: Iterable[Part]) -> Iterator[Finding]:
    """The findings about all documents of an instance. A template that is not there is told by the load."""
    everything = [part for part in parts if part.cls in {RouteTemplateSpec, TemplatedRouteSpec}]
    known: dict[str, list[str]] = {}
    for part in everything:
        if part.cls is RouteTemplateSpec and isinstance(part.node, MapNode):
            known[_text(part.node.get("id"))] = [name.text for name in _names(part.node)]
    for part in everything:
        if part.cls is not TemplatedRouteSpec or not isinstance(part.node, MapNode):
            continue
        template = _text(part.node.get("routeTemplateRef"))
        for name in _names(part.node) if template in known else ():
            if name.text not in known[template]:
                told = f"the template {template!r} has no parameter {name.text!r}"
                hint = did_you_mean(name.text, known[template]) or f"it has: {', '.join(known[template]) or 'none'}"
                yield Finding(UNKNOWN_PARAMETER, told, name.at, hint)


def _names(node: MapNode) -> Iterator[ScalarNode]:
    listed = node.get("parameters")
    for item in listed if isinstance(listed, ListNode) else ():
        name = item.get("name") if isinstance(item, MapNode) else None
        if isinstance(name, ScalarNode) and "{{" not in name.text:
            yield name


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, ScalarNode) else ""
