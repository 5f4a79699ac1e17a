"""Graphs and outlines as text for a terminal, in ASCII."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esb.compiler.diagram.graph import Graph, Shape
from esb.compiler.diagram.outline import Item, clauses, outline
from esb.compiler.diagram.topology import place
from esb.dsl.model import RouteDef


def plain_topology(graph: Graph) -> str:
    """One paragraph a route: what comes in, and where it sends."""
    lines: list[str] = []
    for node in graph.nodes.values():
        if node.shape is not Shape.ROUTE:
            continue
        into = [graph.nodes[edge.source].label for edge in graph.edges if edge.target == node.id]
        out = [(edge, graph.nodes[edge.target].label) for edge in graph.edges if edge.source == node.id]
        lines.append(f"[{node.label}]")
        lines += [f"  <-- {label}" for label in into]
        lines += [f"  {'..>' if edge.dashed else '-->'} {label}" for edge, label in out]
    return "\n".join(lines) + "\n"


def plain_route(route: RouteDef, name: str) -> str:
    """The tree of one route."""
    lines = [f"{name}  from {place(str(route.spec.from_.uri))}", *_tree(outline(route.steps), "")]
    for clause in clauses(route):
        lines += [clause.label, *_tree(clause.items, "")]
    return "\n".join(lines) + "\n"


def _tree(items: Sequence[Item], indent: str) -> Iterator[str]:
    for index, item in enumerate(items):
        yield f"{indent}+- {item.text}"
        below = f"{indent}{'   ' if index == len(items) - 1 else '|  '}"
        for branch in item.branches:
            if branch.label:
                yield f"{below}+- {branch.label}"
                yield from _tree(branch.items, f"{below}{'   ' if branch is item.branches[-1] else '|  '}")
            else:
                yield from _tree(branch.items, below)
