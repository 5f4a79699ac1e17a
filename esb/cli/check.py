"""``esb check``: everything that is wrong with a project's files, at once."""

from __future__ import annotations

import functools
import json
import sys

import click

from esb.cli._terminal import example
from esb.cli.main import Options
from esb.errors import ConfigError, ConfigErrors
from esb.project import Project
from esb.runtime.bus import check_schemas, load_routes, make_context
from esb.runtime.paths import Paths
from esb.runtime.sources import check_sources


@click.command("check", epilog=example("esb check\nesb -i crm check --json"))
@click.option("--json", "as_json", is_flag=True, help="Findings as JSON.")
@click.pass_obj
def command(options: Options, as_json: bool) -> None:
    """Check routes, schemas and mappings of the project and of each of its instances; starts nothing.

    Exit code 0 if all is well, 1 if there are findings.
    """
    findings, routes = check(options)
    if as_json:
        told = [
            {
                "file": one.at.file,
                "line": one.at.line,
                "column": one.at.column,
                "code": one.code,
                "message": one.message,
                "hint": one.hint,
            }
            for one in findings
        ]
        click.echo(json.dumps({"findings": told, "routes": routes}, indent=2))
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(
            f"{len(findings)} finding{'s' * (len(findings) != 1)} in {routes} route{'s' * (routes != 1)}",
            err=bool(findings),
        )
    sys.exit(1 if findings else 0)


def check(options: Options) -> tuple[list[ConfigError], int]:
    """All findings, each once, and how many routes were sound."""
    seen: dict[str, ConfigError] = {}
    routes = 0
    try:
        first: Project = options.project()
    except ConfigError as error:
        return _flat(error), 0
    instances = [options.instance] if options.instance else ["", *first.instances]
    for instance in instances:
        try:
            project = options.project(instance)
            context = make_context(project, {"http": lambda _: Paths()})
        except ConfigError as error:
            seen |= {str(finding): finding for finding in _flat(error)}
            continue
        for step in (
            functools.partial(load_routes, project, context),
            functools.partial(check_sources, context),
            functools.partial(check_schemas, context),
        ):
            try:
                step()
            except ConfigError as error:
                seen |= {str(finding): finding for finding in _flat(error)}
        routes += len(context.routes)
        context.stop(0)
    return sorted(seen.values(), key=lambda one: (one.at.file, one.at.line, one.at.column)), routes


def _flat(error: ConfigError) -> list[ConfigError]:
    return list(error.findings) if isinstance(error, ConfigErrors) else [error]
