"""``esb test``: run the declarative tests that stand beside routes."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import click

from esb.cli._terminal import example, plural, progress
from esb.cli.main import EXIT_FINDINGS, Options
from esb.errors import ConfigError, ConfigErrors, ProjectError
from esb.project import Project
from esb.testing.casefile import Case, read_cases
from esb.testing.coverage import Coverage
from esb.testing.declarative import Outcome, find, run_case

_EXAMPLE = """\
# routes/tests/orders.test.yaml; run it with 'esb test'
tests:
  - name: an order is accepted
    mocks: {"soap:*": {body: {number: 7}}}
    send: {request: POST /orders, json: {orderId: A1}}
    expect: {status: 202, received: {"bus:orders": 1}}
"""


@click.command("test", epilog=example(_EXAMPLE))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("-k", "--name", "only", default="", metavar="TEXT", help="Only tests whose name holds this text.")
@click.option("--coverage", "with_coverage", is_flag=True, help="Say which steps of which routes ran.")
@click.option("-v", "--verbose", is_flag=True, help="Name each test, and show what the routes log.")
@click.option("--json", "as_json", is_flag=True, help="Results as JSON.")
@click.pass_obj
def command(
    options: Options, *, files: tuple[Path, ...], only: str, with_coverage: bool, verbose: bool, as_json: bool
) -> None:
    """Run declarative tests: FILES or folders, or all that stand beside the project's routes (tests/*.test.yaml).

    No partner, broker or network is needed: what leaves the bus is a mock. Exit code 0 if all pass, 1 otherwise.
    """
    _quiet(verbose)
    coverage = Coverage() if with_coverage else None
    project: Project = options.project()
    outcomes: list[Outcome] = []
    broken: list[ConfigError] = []
    cases = _cases(options, project, files, only, broken)

    def open_project(instance: str, properties: dict[str, str]) -> Project:
        return Project.open(options.folder, instance, options.properties | properties)

    with progress("testing", len(cases)) as tell:
        for case in cases:
            outcomes.append(run_case(case, open_project, options.instance, coverage))
            tell(len(outcomes))
            if not as_json and (verbose or not outcomes[-1].passed):
                click.echo(_told(outcomes[-1]))
    failed = sum(not outcome.passed for outcome in outcomes)
    if as_json:
        click.echo(json.dumps(_data(outcomes, broken, coverage), indent=2, default=str))
    else:
        for error in broken:
            click.echo(str(error))
        if coverage is not None:
            click.echo(_covered(coverage, verbose))
        seconds = sum(outcome.seconds for outcome in outcomes)
        click.echo(f"{plural(len(outcomes), 'test')}, {failed} failed, {seconds:.2f} s")
    if broken or failed or not outcomes:
        if not (outcomes or broken or as_json):
            click.echo("there are no tests; write one beside the routes: routes/tests/NAME.test.yaml", err=True)
        sys.exit(EXIT_FINDINGS)


_ROUTINE = ("esb.context", "esb.worker", "esb.lease", "esb.broker")
"""Loggers that tell of every start and stop, which each test has."""


def _quiet(verbose: bool) -> None:
    """Routes that fail on purpose log warnings: nobody wants them among the results."""
    if not verbose:
        logging.getLogger().addHandler(logging.NullHandler())
        return
    from esb.runtime.logs import configure

    configure("INFO", as_json=False)
    for name in _ROUTINE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _cases(
    options: Options, project: Project, files: tuple[Path, ...], only: str, broken: list[ConfigError]
) -> list[Case]:
    instances = [project] if options.instance else [project, *(options.project(name) for name in project.instances)]
    documents = [match for file in files for match in _named(file, project)] if files else find(instances)
    cases: list[Case] = []
    for document in documents:
        try:
            found = read_cases(document, project.relative(document.resolve()))
        except ConfigErrors as errors:
            broken += errors.findings
        except ConfigError as error:
            broken.append(error)
        else:
            cases += [case for case in found if only.lower() in case.name.lower()]
    return cases


def _named(file: Path, project: Project) -> list[Path]:
    place = file if file.exists() else project.folder / file
    if place.is_dir():
        return sorted([*place.rglob("*.test.yaml"), *place.rglob("*.test.yml")])
    if not place.is_file():
        raise ProjectError(f"there is no test file {file}", hint="name a file or a folder")
    return [place]


def _told(outcome: Outcome) -> str:
    mark = "ok  " if outcome.passed else "FAIL"
    lines = [f"{mark} {outcome.name}  ({outcome.at.file}:{outcome.at.line}, {outcome.seconds * 1000:.0f} ms)"]
    for miss in outcome.misses:
        first, *rest = str(miss).splitlines()
        lines += [f"     {first}", *(f"       {line}" for line in rest)]
    return "\n".join(lines)


def _covered(coverage: Coverage, verbose: bool) -> str:
    told = coverage.by_route()
    width = max(map(len, told), default=0)
    lines = []
    for route, (ran, total, missed) in told.items():
        lines.append(f"{route:<{width}}  {ran:>3} of {total:>3} steps  {100 * ran // (total or 1):>3} %")
        if ran or verbose:
            lines += [f"{'':<{width}}    not run: {at} {step}" for _, at, step in missed]
    ran, total = sum(one[0] for one in told.values()), sum(one[1] for one in told.values())
    return "\n".join([*lines, f"{'all':<{width}}  {ran:>3} of {total:>3} steps  {100 * ran // (total or 1):>3} %"])


def _data(outcomes: list[Outcome], broken: list[ConfigError], coverage: Coverage | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "passed": sum(outcome.passed for outcome in outcomes),
        "failed": sum(not outcome.passed for outcome in outcomes),
        "tests": [
            {
                "name": outcome.name,
                "file": outcome.at.file,
                "line": outcome.at.line,
                "passed": outcome.passed,
                "seconds": round(outcome.seconds, 4),
                "failures": [{"at": str(miss.at), "message": miss.message} for miss in outcome.misses],
            }
            for outcome in outcomes
        ],
        "findings": [str(error) for error in broken],
    }
    if coverage is not None:
        told["coverage"] = {
            route: {"ran": ran, "steps": total, "missed": [{"at": str(at), "step": step} for _, at, step in missed]}
            for route, (ran, total, missed) in coverage.by_route().items()
        }
    return told
