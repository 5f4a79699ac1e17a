"""The picture of one route: its steps in order, the ways through its branches, its clauses apart."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from esb.compiler.diagram.graph import Graph, Shape
from esb.compiler.diagram.outline import Branch, Item, clauses, outline
from esb.compiler.diagram.topology import place
from esb.dsl.model import RouteDef

_Loose = list[tuple[str, str]]
"""Where the next step hangs on: node and the label of the arrow."""


def inside(route: RouteDef, name: str) -> Graph:
    """The graph of a route."""
    drawing = _Drawing(Graph(name, down=True))
    source = drawing.add(place(str(route.spec.from_.uri)), Shape.ENDPOINT)
    drawing.steps(outline(route.steps), [(source, "")])
    for clause in clauses(route):
        drawing.steps(clause.items, [(drawing.add(clause.label, Shape.CLAUSE), "")])
    return drawing.graph


class _Drawing:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._numbers = itertools.count(1)

    def add(self, label: str, shape: Shape) -> str:
        return self.graph.node(f"n{next(self._numbers)}", label, shape)

    def steps(self, items: Sequence[Item], loose: _Loose) -> _Loose:
        """Draw steps after what is loose; what is loose then."""
        for item in items:
            shape = Shape.STEP if not item.branches else Shape.CHOICE if item.name == "choice" else Shape.BLOCK
            node = self.add(item.text, shape)
            for before, label in loose:
                self.graph.edge(before, node, label)
            loose = [] if item.ends else self._ways(node, item)
        return loose

    def _ways(self, node: str, item: Item) -> _Loose:
        loose: _Loose = []
        for branch in item.branches:
            loose += self._branch(node, branch)
        if item.passes:
            loose.append((node, "otherwise" if item.branches else ""))
        return loose

    def _branch(self, node: str, branch: Branch) -> _Loose:
        return self.steps(branch.items, [(node, branch.label)])
