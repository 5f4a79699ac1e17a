"""The picture of a whole instance: its routes, and the endpoints between them and around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from esb.compiler.diagram.graph import Graph, Shape
from esb.dsl.model import RouteDef
from esb.dsl.uri import sanitise
from esb.expression import LanguageSpec
from esb.fields import Kind, Spec

_CHANNELS: Final = frozenset({"bus", "seda", "rabbitmq", "spring-rabbitmq", "kombu"})
_UNDRAWN: Final = frozenset({"log", "controlbus"})
_LISTS: Final = frozenset({"recipientList", "routingSlip", "enrich", "pollEnrich"})


@dataclass(frozen=True, slots=True)
class _Sent:
    uri: str
    dynamic: bool
    polled: bool


def topology(routes: Iterable[tuple[str, RouteDef]], title: str = "routes") -> Graph:
    """The graph of some routes, each with its name. A ``direct:`` endpoint with its one consumer is an arrow from route to route."""
    graph = Graph(title)
    known = list(routes)
    called = {place(str(route.spec.from_.uri)): name for name, route in known if _is_call(route)}
    for name, route in known:
        uri = str(route.spec.from_.uri)
        node = graph.node(f"route {name}", name, Shape.ROUTE)
        if place(uri) not in called:
            graph.edge(_endpoint(graph, uri), node)
    for name, route in known:
        for sent in _sends(_parts(route)):
            where = place(sent.uri)
            if sent.uri.partition(":")[0] in _UNDRAWN:
                continue
            target = f"route {called[where]}" if where in called else _endpoint(graph, sent.uri)
            ends = (target, f"route {name}") if sent.polled else (f"route {name}", target)
            graph.edge(*ends, dashed=sent.dynamic)
    return graph


def _is_call(route: RouteDef) -> bool:
    return str(route.spec.from_.uri).startswith("direct:")


def place(uri: str) -> str:
    """An endpoint without its options: what tells one from another in a picture."""
    scheme, colon, path = sanitise(uri).partition("?")[0].partition(":")
    return f"{scheme}{colon}{path if scheme in {'http', 'https'} else path.removeprefix('//')}"


def _endpoint(graph: Graph, uri: str) -> str:
    where = place(uri)
    shape = Shape.CHANNEL if where.partition(":")[0] in _CHANNELS else Shape.ENDPOINT
    return graph.node(f"endpoint {where}", where, shape)


def _parts(route: RouteDef) -> Sequence[Spec]:
    handler = route.spec.error_handler
    return [
        *route.steps,
        *route.on_exceptions,
        *route.on_completions,
        *route.intercepts,
        *((handler,) if handler else ()),
    ]


def _sends(parts: Iterable[Spec]) -> Iterator[_Sent]:
    for part in parts:
        if getattr(part, "disabled", False):
            continue
        for declared in part.fields.values():
            value: Any = getattr(part, declared.attribute)
            if not value:
                continue
            if declared.kind is Kind.URI:
                yield _Sent(str(value), "${" in str(value), part.name == "poll")
            elif declared.kind is Kind.EXPRESSION and part.name in _LISTS:
                yield from _listed(value, part.name == "pollEnrich")
            elif declared.kind in {Kind.STEPS, Kind.SPECS}:
                yield from _sends(value)
            elif declared.kind is Kind.SPEC:
                yield from _sends([value])


def _listed(expression: LanguageSpec, polled: bool) -> Iterator[_Sent]:
    """Endpoints that an expression names; those that only the message knows are told as such."""
    text = expression.text
    if expression.name not in {"constant", "simple"}:
        yield _Sent(f"endpoint of {expression.name} {text}", dynamic=True, polled=polled)
        return
    for piece in text.split(","):
        if piece.strip():
            yield _Sent(piece.strip(), dynamic="${" in piece, polled=polled)
