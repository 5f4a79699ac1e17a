"""Graphs as SVG, drawn here: no browser and no other program is needed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from esb.compiler.diagram.graph import Edge, Graph, Node, Shape
from esb.compiler.diagram.layers import layers

_CHARACTER: Final = 6.8
"""Width of a character of the font at its size; wide enough for most, since no font is measured here."""
_LINE: Final = 16.0
_WIDEST: Final = 34
_MOST_LINES: Final = 4
_PADDING: Final = 10.0
_BETWEEN: Final = 24.0
"""Between nodes of a layer."""
_APART: Final = 60.0
"""Between layers, where the arrows and their labels are."""
_MARGIN: Final = 20.0
_FILL: Final = {
    Shape.ROUTE: "#dbeafe",
    Shape.ENDPOINT: "#f3f4f6",
    Shape.CHANNEL: "#fef3c7",
    Shape.STEP: "#ffffff",
    Shape.CHOICE: "#ede9fe",
    Shape.BLOCK: "#ecfdf5",
    Shape.CLAUSE: "#fee2e2",
}
_ROUND: Final = {Shape.ENDPOINT: 14, Shape.CHANNEL: 14}


@dataclass(frozen=True, slots=True)
class _Box:
    """A node, or (None) the place where an arrow bends."""

    node: Node | None
    lines: tuple[str, ...]
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


def svg(graph: Graph) -> str:
    """The document. Texts are escaped; nothing in it is fetched or run."""
    found = layers(graph)
    boxes = _placed(graph, found.rows)
    width = max((box.x + box.width for box in boxes.values()), default=0.0) + _MARGIN
    height = max((box.y + box.height for box in boxes.values()), default=0.0) + _MARGIN
    size = f'width="{width:.0f}" height="{height:.0f}"'
    font = 'font-family="Helvetica, Arial, sans-serif" font-size="12"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width:.0f} {height:.0f}" {font}>',
        f"<title>{_text(graph.title)}</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
        '<path d="M0,0 L8,4 L0,8 z" fill="#4b5563"/></marker></defs>',
        f'<rect {size} fill="#ffffff"/>',
    ]
    for edge in graph.edges:
        way = (edge.source, *found.bends.get((edge.source, edge.target), ()), edge.target)
        lines += _arrow(edge, [boxes[place] for place in way], down=graph.down)
    for box in boxes.values():
        lines += _drawn(box) if box.node is not None else ()
    return "\n".join([*lines, "</svg>"]) + "\n"


def _box(node: Node | None) -> _Box:
    if node is None:
        return _Box(None, (), 0.0, 0.0)
    wrapped = textwrap.wrap(node.label, _WIDEST) or [""]
    if len(wrapped) > _MOST_LINES:
        wrapped = [*wrapped[: _MOST_LINES - 1], f"{wrapped[_MOST_LINES - 1][: _WIDEST - 1]}…"]
    widest = max(map(len, wrapped))
    return _Box(node, tuple(wrapped), widest * _CHARACTER + 2 * _PADDING, len(wrapped) * _LINE + 2 * _PADDING)


def _placed(graph: Graph, rows: list[list[str]]) -> dict[str, _Box]:
    """Boxes by id: layers from top to bottom or from left to right, each centred."""
    made = [{place: _box(graph.nodes.get(place)) for place in row} for row in rows]
    spans = [sum(_across(box, graph) for box in row.values()) + _BETWEEN * (len(row) - 1) for row in made]
    widest = max(spans, default=0.0)
    placed: dict[str, _Box] = {}
    along = _MARGIN
    for row, span in zip(made, spans, strict=True):
        across = _MARGIN + (widest - span) / 2
        thickest = max(_along(box, graph) for box in row.values())
        for place, box in row.items():
            middle = along + (thickest - _along(box, graph)) / 2
            x, y = (across, middle) if graph.down else (middle, across)
            placed[place] = _Box(box.node, box.lines, box.width, box.height, x, y)
            across += _across(box, graph) + _BETWEEN
        along += thickest + _APART
    return placed


def _across(box: _Box, graph: Graph) -> float:
    return box.width if graph.down else box.height


def _along(box: _Box, graph: Graph) -> float:
    return box.height if graph.down else box.width


def _drawn(box: _Box) -> Iterator[str]:
    assert box.node is not None
    radius = _ROUND.get(box.node.shape, 4)
    double = ' stroke-width="2"' if box.node.shape in {Shape.BLOCK, Shape.CHANNEL} else ""
    yield (
        f'<g><title>{_text(box.node.label)}</title><rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="{radius}" fill="{_FILL[box.node.shape]}" stroke="#4b5563"{double}/>'
    )
    for number, line in enumerate(box.lines):
        y = box.y + _PADDING + _LINE * (number + 0.75)
        yield f'<text x="{box.x + box.width / 2:.1f}" y="{y:.1f}" text-anchor="middle">{_text(line)}</text>'
    yield "</g>"


def _arrow(edge: Edge, way: list[_Box], *, down: bool) -> Iterator[str]:
    """A curve from side to side through the places between; one that leads back goes round by the same sides."""
    x, y = _leave(way[0], down=down)
    path, label = f"M{x:.1f},{y:.1f}", (x, y)
    for number, box in enumerate(way[1:]):
        to_x, to_y = _enter(box, down=down)
        bend = max(abs(to_y - y if down else to_x - x) / 2, _APART / 2)
        first = (x, y + bend) if down else (x + bend, y)
        second = (to_x, to_y - bend) if down else (to_x - bend, to_y)
        path += f" C{first[0]:.1f},{first[1]:.1f} {second[0]:.1f},{second[1]:.1f} {to_x:.1f},{to_y:.1f}"
        if number == 0:  # nearer to the end of the first bend: there the ways out of one step are apart
            label = (x + (to_x - x) * 0.75, y + (to_y - y) * 0.75)
        x, y = to_x, to_y
    dash = ' stroke-dasharray="5 4"' if edge.dashed else ""
    yield f'<path d="{path}" fill="none" stroke="#4b5563"{dash} marker-end="url(#tip)"/>'
    if edge.label:
        told = textwrap.shorten(edge.label, _WIDEST, placeholder="…")
        style = 'font-size="11" fill="#374151" stroke="#ffffff" stroke-width="4" paint-order="stroke"'
        yield f'<text x="{label[0]:.1f}" y="{label[1]:.1f}" text-anchor="middle" {style}>{_text(told)}</text>'


def _leave(box: _Box, *, down: bool) -> tuple[float, float]:
    return (box.x + box.width / 2, box.y + box.height) if down else (box.x + box.width, box.y + box.height / 2)


def _enter(box: _Box, *, down: bool) -> tuple[float, float]:
    return (box.x + box.width / 2, box.y) if down else (box.x, box.y + box.height / 2)


def _text(text: str) -> str:
    """Escaped for XML; characters that it does not allow as a question mark."""
    return escape("".join(sign if sign.isprintable() or sign in "\t\n" else "?" for sign in text))
