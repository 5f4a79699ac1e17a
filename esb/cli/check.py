"""``esb check``: everything that is wrong with a project's files, at once."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import click

from esb.cli._documents import Documents
from esb.cli._findings import FORMATS, codes, explained
from esb.cli._lint import lint
from esb.cli._terminal import example
from esb.cli.main import Options
from esb.compiler.bodies.infer import check_bodies
from esb.dsl.lint.rules import WARNED, Finding
from esb.errors import ConfigError, ConfigErrors, Position, did_you_mean
from esb.project import Project
from esb.runtime.bus import check_schemas, load_routes, make_context
from esb.runtime.paths import Paths
from esb.runtime.settings import check_settings
from esb.runtime.sources import check_sources

_EXAMPLE = """\
esb check                             # the whole project
esb check routes/orders.yaml          # only what is wrong in this file
esb check --strict --format github    # in a pull request: annotations, and no warnings either
esb check --explain ESB-L011          # what a code means
"""


@click.command("check", epilog=example(_EXAMPLE))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Fail for warnings too.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="How to tell: lines, JSON, SARIF for code hosts, or annotations for GitHub Actions.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--explain", metavar="CODE", help="Say what a code means, and check nothing.")
@click.pass_obj
def command(
    options: Options, /, *, files: tuple[Path, ...], strict: bool, kind: str, as_json: bool, explain: str | None
) -> None:
    """Check routes, schemas and mappings of the project and of each of its instances; starts nothing.

    With FILES, which may be folders, the whole project is read all the same, and what is wrong in these is told.

    Beyond what would keep the bus from starting, the linter tells what is doubtful: notation, endpoints that nobody consumes, steps never
    reached, routes in a circle, secrets in clear. A comment '# esb: allow ESB-L011 why' on the line or above it allows a finding.

    Exit code 0 if all is well, 1 if there are errors (with --strict also warnings).
    """
    if explain:
        _explain(explain)
        return
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger("esb").addHandler(warned := _Warned())
    names = _names(options, files)
    read_once = Documents()
    findings, routes = check(options, read_once)
    findings = _ordered([_placed(one, options) for one in (*findings, *_linted(options, read_once, warned.findings))])
    logging.getLogger("esb").removeHandler(warned)
    if names:
        findings = [one for one in findings if any(Path(one.at.file).is_relative_to(name) for name in names)]
    FORMATS["json" if as_json else kind](findings, routes)
    sys.exit(1 if any(one.level == "error" or strict for one in findings) else 0)


def _explain(code: str) -> None:
    try:
        title, why = explained(code.upper())
    except KeyError:
        raise click.UsageError(
            f"there is no code {code!r}; {did_you_mean(code.upper(), codes())}".rstrip("; ")
        ) from None
    click.echo(f"{code.upper()}: {title}")
    if why:
        click.echo(f"\n{why}")


def _names(options: Options, files: Sequence[Path]) -> set[str]:
    """The files and folders as findings name them: relative to the project's folder."""
    folder = Path(options.folder).resolve()
    names = set()
    for file in files:
        path = next(
            (one for one in (file.resolve(), folder / file) if one.exists() and one.is_relative_to(folder)), None
        )
        if path is None:
            raise click.UsageError(f"there is no file {file} in the project")
        names.add(os.path.relpath(path, folder))
    return names


class _Warned(logging.Handler):
    """Makes findings of what is logged with a place while the routes are loaded."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.findings: list[Finding] = []

    def emit(self, record: logging.LogRecord) -> None:
        at = getattr(record, "at", None)
        if isinstance(at, Position):
            self.findings.append(Finding(WARNED, record.getMessage().removeprefix(f"{at}: "), at))


def _linted(options: Options, files: Documents, told_before: Sequence[Finding]) -> list[Finding]:
    """What the linter finds; nothing if the project's own file is wrong, which the load tells."""
    try:
        first: Project = options.project()
        others = [] if options.instance else [options.project(instance) for instance in first.instances]
        return lint([first, *others], files, told_before)
    except ConfigError:
        return []


def check(options: Options, files: Documents | None = None) -> tuple[list[ConfigError], int]:
    """All findings, each once, and how many routes were sound."""
    files = files or Documents()
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
            functools.partial(load_routes, project, context, files.read),
            functools.partial(check_sources, context),
            functools.partial(check_schemas, context),
        ):
            try:
                step()
            except ConfigError as error:
                seen |= {str(finding): finding for finding in _flat(error)}
        seen |= {str(finding): finding for finding in check_bodies(context)}
        routes += len(context.routes)
        context.stop(0)
    return _ordered(seen.values()), routes


def _placed(finding: ConfigError, options: Options) -> ConfigError:
    """The finding with its file as all are named: relative to the project's folder."""
    folder = Path(options.folder).resolve()
    file = Path(finding.at.file)
    if file.is_absolute() and file.is_relative_to(folder):
        finding.at = replace(finding.at, file=str(file.relative_to(folder)))
    return finding


def _ordered(findings: Iterable[ConfigError]) -> list[ConfigError]:
    return sorted(findings, key=lambda one: (one.at.file, one.at.line, one.at.column))


def _flat(error: ConfigError) -> list[ConfigError]:
    return list(error.findings) if isinstance(error, ConfigErrors) else [error]
