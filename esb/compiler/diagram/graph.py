"""What all pictures are made of: nodes and arrows with plain texts. Escaping is the writers' business."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Shape(enum.Enum):
    """What a node is."""

    ROUTE = "route"
    ENDPOINT = "endpoint"
    """Outside of the bus: a partner, a folder, a clock."""
    CHANNEL = "channel"
    """A queue or topic of the bus."""
    STEP = "step"
    CHOICE = "choice"
    """A step with several ways on."""
    BLOCK = "block"
    """A step with steps inside."""
    CLAUSE = "clause"
    """What happens on a failure or at the end, apart from the steps."""


@dataclass(frozen=True, slots=True)
class Node:
    """A box."""

    id: str
    label: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow. Dashed: decided per message."""

    source: str
    target: str
    label: str = ""
    dashed: bool = False


@dataclass(slots=True)
class Graph:
    """Nodes by id, and edges, each once and in the order they were added. ``down``: read from top to bottom, else from left to right."""

    title: str
    down: bool = False
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)

    def node(self, id: str, label: str, shape: Shape) -> str:
        """Add a node unless its id is there; gives the id."""
        self.nodes.setdefault(id, Node(id, label, shape))
        return id

    def edge(self, source: str, target: str, label: str = "", *, dashed: bool = False) -> None:
        """Add an arrow."""
        self.edges.setdefault(Edge(source, target, label, dashed))
