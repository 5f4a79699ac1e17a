"""Places the nodes of a graph in layers: Sugiyama's method in its plainest form, enough for routes.

Cycles are cut where a depth-first search meets them, each node gets the layer behind its last predecessor, and the nodes of a layer are ordered by
the mean place of their neighbours, to and fro a few times. Nothing depends on hashing: the same routes give the same picture.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from esb.compiler.diagram.graph import Graph

_SWEEPS: Final = 8


@dataclass(slots=True)
class Layers:
    """Where nodes go. An edge over several layers bends at a place kept free for it in each layer between: an id that is no node's."""

    rows: list[list[str]] = field(default_factory=list)
    """Ids layer by layer, each layer in the order to be drawn."""
    bends: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Source and target -> the ids of the places between."""


def layers(graph: Graph) -> Layers:
    """The layers of a graph's nodes."""
    placed = Layers()
    before: defaultdict[str, list[str]] = defaultdict(list)
    after: defaultdict[str, list[str]] = defaultdict(list)
    forward = _without_cycles(graph)
    depths = _depths(graph, forward)
    placed.rows = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for node, depth in depths.items():
        placed.rows[depth].append(node)
    for source, target in forward:
        between = [f"{source} > {target} {depth}" for depth in range(depths[source] + 1, depths[target])]
        for depth, place in enumerate(between, depths[source] + 1):
            placed.rows[depth].append(place)
        placed.bends[source, target] = between
        for one, other in itertools.pairwise((source, *between, target)):
            after[one].append(other)
            before[other].append(one)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in placed.rows if down else reversed(placed.rows):
            _order(row, placed.rows, before if down else after)
    return placed


def _order(row: list[str], placed: list[list[str]], neighbours: defaultdict[str, list[str]]) -> None:
    places = {node: index for one in placed for index, node in enumerate(one)}
    own = {node: index for index, node in enumerate(row)}

    def wanted(node: str) -> float:
        near = [places[one] for one in neighbours[node]]
        return sum(near) / len(near) if near else own[node]

    row.sort(key=lambda node: (wanted(node), own[node]))


def _without_cycles(graph: Graph) -> list[tuple[str, str]]:
    """The pairs of nodes whose edges lead onwards, each once; those that lead back to where a path came from are left out."""
    out: defaultdict[str, list[str]] = defaultdict(list)
    for source, target in dict.fromkeys((edge.source, edge.target) for edge in graph.edges):
        out[source].append(target)
    kept: list[tuple[str, str]] = []
    state: dict[str, int] = {}  # 1: on the path, 2: done
    for start in _sources_first(graph):
        if start in state:
            continue
        path = [(start, iter(out[start]))]
        state[start] = 1
        while path:
            node, targets = path[-1]
            following = next(targets, None)
            if following is None:
                state[node] = 2
                path.pop()
            elif state.get(following) != 1:
                kept.append((node, following))
                if following not in state:
                    state[following] = 1
                    path.append((following, iter(out[following])))
    return kept


def _sources_first(graph: Graph) -> Iterable[str]:
    targets = {edge.target for edge in graph.edges}
    return [*(node for node in graph.nodes if node not in targets), *graph.nodes]


def _depths(graph: Graph, forward: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The layer of each node: one behind its last predecessor."""
    after: defaultdict[str, list[str]] = defaultdict(list)
    waiting = dict.fromkeys(graph.nodes, 0)
    for source, target in forward:
        after[source].append(target)
        waiting[target] += 1
    depths = dict.fromkeys(graph.nodes, 0)
    ready = [node for node, count in waiting.items() if not count]
    while ready:
        node = ready.pop(0)
        for target in after[node]:
            depths[target] = max(depths[target], depths[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return depths
