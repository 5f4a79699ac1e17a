"""Graphs as Mermaid's flowcharts, which Git servers, wikis and editors draw."""

from __future__ import annotations

import re
from typing import Final

from esb.compiler.diagram.graph import Graph, Shape

_BRACKETS: Final = {
    Shape.ROUTE: ("[", "]"),
    Shape.ENDPOINT: ("([", "])"),
    Shape.CHANNEL: ("[(", ")]"),
    Shape.STEP: ("[", "]"),
    Shape.CHOICE: ("{", "}"),
    Shape.BLOCK: ("[[", "]]"),
    Shape.CLAUSE: (">", "]"),
}
_LONGEST: Final = 120


def mermaid(graph: Graph) -> str:
    """The text of a flowchart. Labels hold whatever routes hold: every sign that Mermaid or HTML might read is escaped."""
    numbers = {id_: f"n{number}" for number, id_ in enumerate(graph.nodes, 1)}
    lines = [f"flowchart {'TB' if graph.down else 'LR'}"]
    for node in graph.nodes.values():
        opened, closed = _BRACKETS[node.shape]
        lines.append(f"  {numbers[node.id]}{opened}{_label(node.label)}{closed}")
    for edge in graph.edges:
        arrow = "-.->" if edge.dashed else "-->"
        label = f"|{_label(edge.label)}|" if edge.label else ""
        lines.append(f"  {numbers[edge.source]} {arrow}{label} {numbers[edge.target]}")
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    plain = " ".join(text.split())
    short = plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
    return '"' + re.sub(r"[^\w .,:/=+-]", lambda found: f"#{ord(found[0])};", short) + '"'
