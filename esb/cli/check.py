"""``esb check``: everything that is wrong with a project's files, at once."""

from __future__ import annotations

import functools
import json
import logging
import sys
from collections.abc import Iterable

import click

from esb.cli._lint import lint
from esb.cli._terminal import example, plural
from esb.cli.main import Options
from esb.dsl.lint.rules import Finding
from esb.errors import ConfigError, ConfigErrors
from esb.project import Project
from esb.runtime.bus import check_schemas, load_routes, make_context
from esb.runtime.paths import Paths
from esb.runtime.settings import check_settings
from esb.runtime.sources import check_sources


@click.command("check", epilog=example("esb check\nesb -i crm check --json"))
@click.option("--strict", is_flag=True, help="Fail for warnings too.")
@click.option("--json", "as_json", is_flag=True, help="Findings as JSON.")
@click.pass_obj
def command(options: Options, /, *, strict: bool, as_json: bool) -> None:
    """Check routes, schemas and mappings of the project and of each of its instances; starts nothing.

    Beyond what would keep the bus from starting, the linter tells what is doubtful: notation, endpoints that nobody consumes, steps never
    reached, secrets in clear. A comment '# esb: allow ESB-L011 why' on the line or above it allows a finding.

    Exit code 0 if all is well, 1 if there are errors (with --strict also warnings).
    """
    logging.getLogger().addHandler(logging.NullHandler())  # what parts log while they load is among the findings
    findings, routes = check(options)
    findings = _ordered([*findings, *_linted(options)])
    errors = sum(one.level == "error" for one in findings)
    if as_json:
        told = [
            {
                "file": one.at.file,
                "line": one.at.line,
                "column": one.at.column,
                "code": one.code,
                "level": one.level,
                "message": one.message,
                "hint": one.hint,
            }
            for one in findings
        ]
        click.echo(json.dumps({"findings": told, "routes": routes}, indent=2))
    else:
        for finding in findings:
            click.echo(str(finding))
        warnings = len(findings) - errors
        counted = plural(errors, "error") if warnings else plural(errors, "finding")
        counted += f" and {plural(warnings, 'warning')}" if warnings else ""
        click.echo(f"{counted} in {plural(routes, 'route')}", err=bool(findings))
    sys.exit(1 if errors or (strict and findings) else 0)


def _linted(options: Options) -> list[Finding]:
    """What the linter finds; nothing if the project's own file is wrong, which the load tells."""
    try:
        first: Project = options.project()
        others = [] if options.instance else [options.project(instance) for instance in first.instances]
        return lint([first, *others])
    except ConfigError:
        return []


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
            functools.partial(check_settings, project),
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
    return _ordered(seen.values()), routes


def _ordered(findings: Iterable[ConfigError]) -> list[ConfigError]:
    return sorted(findings, key=lambda one: (one.at.file, one.at.line, one.at.column))


def _flat(error: ConfigError) -> list[ConfigError]:
    return list(error.findings) if isinstance(error, ConfigErrors) else [error]
