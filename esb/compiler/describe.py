"""Prints the compiled program: one sentence a step, with where it stands and whether its send is pipelined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from esb.compiler.route import Route
from esb.program import Label


def described(route: Route) -> dict[str, Any]:
    """A route as plain data: id, from, steps (id, at, sentence, and the steps inside), error handling."""
    handler = route.program.handler
    return {
        "id": route.id,
        "group": route.group,
        "description": route.description,
        "from": route.endpoint.uri,
        "steps": [_step(label) for label in route.program.labels],
        "errorHandler": "none" if handler is None else getattr(handler, "sentence", type(handler).__name__),
        "unhandled": getattr(route.endpoint, "unhandled", ""),
    }


def _step(label: Label) -> dict[str, Any]:
    told: dict[str, Any] = {"id": label.id, "at": str(label.at), "sentence": label.sentence}
    if label.inner:
        told["steps"] = [_step(inner) for inner in label.inner]
    return told


def text(route: Route) -> str:
    """The same for people."""
    told = described(route)
    lines = [f"{told['id']}  from {told['from']}"]
    if told["description"]:
        lines.append(f"  {told['description']}")
    rows = list(_rows(route.program.labels, "  "))
    width = max((len(row[0]) for row in rows), default=0)
    lines += [f"{name:<{width}}  {sentence}  ({at})" for name, sentence, at in rows]
    lines.append(f"  failures: {told['errorHandler']}" + (f" ({told['unhandled']})" if told["unhandled"] else ""))
    return "\n".join(lines)


def _rows(labels: Iterable[Label], indent: str) -> Iterator[tuple[str, str, str]]:
    for label in labels:
        yield f"{indent}{label.id}", label.sentence, str(label.at)
        yield from _rows(label.inner, f"{indent}  ")
