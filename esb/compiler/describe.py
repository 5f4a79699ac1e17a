"""Prints the compiled program: one sentence a step, with where it stands and whether its send is pipelined."""

from __future__ import annotations

from typing import Any

from esb.compiler.route import Route


def described(route: Route) -> dict[str, Any]:
    """A route as plain data: id, from, steps (id, at, sentence), error handling."""
    handler = route.program.handler
    return {
        "id": route.id,
        "group": route.group,
        "description": route.description,
        "from": route.endpoint.uri,
        "steps": [{"id": label.id, "at": str(label.at), "sentence": label.sentence} for label in route.program.labels],
        "errorHandler": "none" if handler is None else getattr(handler, "sentence", type(handler).__name__),
    }


def text(route: Route) -> str:
    """The same for people."""
    told = described(route)
    lines = [f"{told['id']}  from {told['from']}"]
    if told["description"]:
        lines.append(f"  {told['description']}")
    width = max((len(step["id"]) for step in told["steps"]), default=0)
    lines += [f"  {step['id']:<{width}}  {step['sentence']}  ({step['at']})" for step in told["steps"]]
    lines.append(f"  failures: {told['errorHandler']}")
    return "\n".join(lines)
