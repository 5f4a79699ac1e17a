"""``esb describe``: what the compiler made of a route."""

from __future__ import annotations

import json

import click

from esb.cli._terminal import example
from esb.cli.main import Options
from esb.compiler.describe import described, text
from esb.errors import UnknownName
from esb.runtime.bus import load_routes, make_context


@click.command("describe", epilog=example("esb describe orders-route"))
@click.argument("route", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(options: Options, route: str | None, as_json: bool) -> None:
    """Print the compiled program of ROUTE, or of all routes: one sentence a step."""
    project = options.project()
    context = make_context(project)
    load_routes(project, context)
    if route is not None and route not in context.routes:
        raise UnknownName("route", route, context.routes)
    chosen = [context.routes[route]] if route else list(context.routes.values())
    if as_json:
        click.echo(json.dumps([described(one) for one in chosen], indent=2))
    else:
        click.echo("\n\n".join(text(one) for one in chosen))
