"""``esb doctor``: whether this machine can run the project."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict

import click

from esb.cli._checkups import MACHINE, OK, WRONG, Finding
from esb.cli._project_checkups import PROJECT
from esb.cli._terminal import example, plural, progress
from esb.cli.main import EXIT_FINDINGS, Options
from esb.errors import ConfigError, ConfigErrors

_COLOURS = {"ok": "green", "note": "cyan", "warn": "yellow", "wrong": "red"}


@click.command("doctor", epilog=example("esb doctor\nesb -i crm doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(options: Options, /, *, as_json: bool) -> None:
    """Look at Python, packages, clock, limits, folders, secrets, ports, broker and systemd. Exit code 1 if anything is wrong.

    What the routes say is looked at by 'esb check'.
    """
    findings: list[Finding] = []
    calls: list[Callable[[], Iterator[Finding]]] = [*MACHINE]
    try:
        project = options.project()
    except ConfigError as error:
        told = error.findings if isinstance(error, ConfigErrors) else (error,)
        findings += [Finding("project", WRONG, str(one), "nothing of it can run", one.hint) for one in told]
    else:
        findings.append(Finding("project", OK, f"{project.name} at {project.folder}"))
        calls += [lambda check=check: check(project) for check in PROJECT]  # type: ignore[misc]  # mypy does not type lambdas' defaults
    with progress("looking", len(calls)) as tell:
        for done, call in enumerate(calls, start=1):
            findings += _guarded(call)
            tell(done)
    wrong = sum(finding.level == WRONG for finding in findings)
    if as_json:
        click.echo(json.dumps({"wrong": wrong, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        for finding in findings:
            click.echo(_line(finding))
        click.echo(f"{plural(wrong, 'thing')} wrong" if wrong else "nothing is wrong")
    sys.exit(EXIT_FINDINGS if wrong else 0)


def _guarded(call: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """A check that fails itself is a finding, not the end of the others."""
    try:
        return list(call())
    except Exception as error:
        return [
            Finding(
                "doctor",
                WRONG,
                f"a check failed: {type(error).__name__}: {error}",
                "it could not be looked at",
                "look at the message",
            )
        ]


def _line(finding: Finding) -> str:
    lines = [f"{click.style(f'{finding.level:<5}', fg=_COLOURS[finding.level])} {finding.check:<11} {finding.what}"]
    if finding.why:
        lines.append(f"      {'':<11} why: {finding.why}")
    if finding.fix:
        lines.append(f"      {'':<11} fix: {finding.fix}")
    return "\n".join(lines)
