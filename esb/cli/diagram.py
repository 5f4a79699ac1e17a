"""``esb diagram``: pictures of the routes."""

from __future__ import annotations

import json
from pathlib import Path

import click

from esb.cli._terminal import example
from esb.cli.main import Options
from esb.compiler.diagram.graph import Graph
from esb.compiler.diagram.inside import inside
from esb.compiler.diagram.mermaid import mermaid
from esb.compiler.diagram.plain import plain_route, plain_topology
from esb.compiler.diagram.svg import svg
from esb.compiler.diagram.topology import topology
from esb.context import RouteContext
from esb.dsl.model import RouteDef
from esb.errors import ProjectError, UnknownName
from esb.project import Project
from esb.runtime.bus import load_routes, make_context

_EXAMPLE = """\
esb diagram                                   # all routes, for Markdown
esb diagram orders --format ascii             # the inside of one
esb -i crm diagram --format svg -o crm.svg
"""


@click.command("diagram", epilog=example(_EXAMPLE))
@click.argument("route", required=False)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["mermaid", "svg", "ascii"]),
    default="mermaid",
    show_default=True,
    help="What to write.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.option("--json", "as_json", is_flag=True, help="Nodes and arrows as JSON instead.")
@click.pass_obj
def command(options: Options, /, *, route: str | None, kind: str, output: Path | None, as_json: bool) -> None:
    """Draw the routes and the endpoints between them; with ROUTE the inside of one route.

    Dashed arrows lead to endpoints that messages decide on. Secrets and the options of URIs are not drawn.
    """
    project: Project = options.project()
    context = make_context(project)
    try:
        load_routes(project, context)
    finally:
        context.stop(0)
    routes = _named(context)
    if route is not None and route not in routes:
        raise UnknownName("route", route, routes)
    text = _drawn(routes, route, project.instance or project.name, "json" if as_json else kind)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"cannot write {output}: {error.strerror}", hint="look at its folder") from error
    click.echo(f"wrote {output}", err=True)


def _named(context: RouteContext) -> dict[str, RouteDef]:
    """The routes as written, by id; those without one by where their messages come from."""
    named: dict[str, RouteDef] = {}
    for file in context.files:
        for definition in file.routes:
            name = definition.spec.id or _unnamed(definition)
            while name in named:
                name += "'"
            named[name] = definition
    return named


def _unnamed(definition: RouteDef) -> str:
    """``POST /orders`` of a rest element, else ``from timer:tick``."""
    source = definition.spec.from_
    uri = str(source.uri).partition("?")[0]
    method = (source.parameters or {}).get("httpMethodRestrict")
    return f"{method} {uri.partition(':')[2]}" if method else f"from {uri}"


def _drawn(routes: dict[str, RouteDef], route: str | None, title: str, kind: str) -> str:
    if kind == "ascii" and route is not None:
        return plain_route(routes[route], route)
    graph = topology(routes.items(), title) if route is None else inside(routes[route], route)
    if kind == "json":
        return _json(graph)
    return {"mermaid": mermaid, "svg": svg, "ascii": plain_topology}[kind](graph)


def _json(graph: Graph) -> str:
    told = {
        "title": graph.title,
        "nodes": [{"id": node.id, "label": node.label, "shape": node.shape.value} for node in graph.nodes.values()],
        "edges": [
            {"from": edge.source, "to": edge.target, "label": edge.label, "dashed": edge.dashed} for edge in graph.edges
        ],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"
