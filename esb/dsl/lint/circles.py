"""Routes that call each other by ``direct:`` with nothing on the way that could end it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from esb.dsl.lint.rules import CIRCLE, Finding
from esb.dsl.lint.uses import known_text
from esb.dsl.model import FromSpec
from esb.dsl.nodes import ListNode, MapNode, Node
from esb.dsl.placeholders import Properties
from esb.dsl.walk import Part
from esb.errors import Position

_PASSED: Final = frozenset(
    {
        "delay",
        "log",
        "pipeline",
        "removeHeader",
        "removeHeaders",
        "removeProperties",
        "removeProperty",
        "removeVariable",
        "setBody",
        "setExchangePattern",
        "setHeader",
        "setHeaders",
        "setProperty",
        "setVariable",
        "setVariables",
        "step",
        "to",
        "transform",
        "wireTap",
    }
)
"""Steps that a message passes unless something fails. Behind any other it may have come to its end."""


@dataclass(frozen=True, slots=True)
class Call:
    """A route from ``source`` sends every message on to ``target``; both are names of direct endpoints."""

    source: str
    target: str
    at: Position


def calls(parts: Iterable[Part], properties: Properties) -> Iterator[Call]:
    """The calls that every message of a route makes."""
    for part in parts:
        if part.cls is not FromSpec:
            continue
        node = part.node
        source = _direct(node, properties)
        steps = node.get("steps") if isinstance(node, MapNode) else None
        if steps is None and part.owner is not None:
            steps = part.owner.get("steps")
        if source:
            yield from (Call(source, target, at) for target, at in _always(steps, properties))


def circles(made: Iterable[Call]) -> Iterator[Finding]:
    """One finding for each circle, at the call that closes it."""
    ways: dict[str, list[Call]] = {}
    for call in made:
        ways.setdefault(call.source, []).append(call)
    told: set[frozenset[str]] = set()
    done: set[str] = set()
    for start in ways:
        yield from _round(start, ways, told, done)


def _round(start: str, ways: Mapping[str, list[Call]], told: set[frozenset[str]], done: set[str]) -> Iterator[Finding]:
    """Depth first without recursion: a chain of routes may be longer than Python's stack."""
    path: list[str] = [start]
    pending = [iter(ways.get(start, ()) if start not in done else ())]
    while pending:
        call = next(pending[-1], None)
        if call is None:
            pending.pop()
            done.add(path.pop())
        elif call.target in path:
            names = path[path.index(call.target) :]
            if frozenset(names) not in told:
                told.add(frozenset(names))
                way = " -> ".join(f"direct:{name}" for name in [*names, call.target])
                hint = "let a choice, a filter or a stop end it, or send over seda: or bus: to another route"
                yield Finding(CIRCLE, f"every message runs in a circle: {way}", call.at, hint)
        elif call.target not in done and call.target in ways:
            path.append(call.target)
            pending.append(iter(ways[call.target]))


def _always(steps: Node | None, properties: Properties) -> Iterator[tuple[str, Position]]:
    """Direct endpoints that every message of a list of steps is sent to."""
    for item in steps if isinstance(steps, ListNode) else ():
        if not isinstance(item, MapNode) or len(item) != 1:
            return
        key, value = item.entries[0]
        if key.text not in _PASSED or (isinstance(value, MapNode) and "disabled" in value):
            return
        if key.text == "to":
            target = _direct(value, properties)
            if target:
                yield target, key.at
        elif key.text in {"pipeline", "step"} and isinstance(value, MapNode):
            yield from _always(value.get("steps"), properties)


def _direct(node: Node, properties: Properties) -> str:
    """The name of the direct endpoint of a step or source; empty for others and for one that is known per message only."""
    uri = known_text(node.get("uri") if isinstance(node, MapNode) else node, properties)
    scheme, _, path = uri.partition("?")[0].partition(":")
    parameters = node.get("parameters") if isinstance(node, MapNode) else None
    if not path and isinstance(parameters, MapNode):
        path = known_text(parameters.get("name"), properties)
    return path.removeprefix("//").strip() if scheme == "direct" and "{{" not in path and "$" not in path else ""
