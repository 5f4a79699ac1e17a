"""``esb fmt``: route files in the canonical notation."""

from __future__ import annotations

import difflib
import json
import os
import sys
import tempfile
from pathlib import Path

import click

from esb.cli._lint import documents
from esb.cli._terminal import example, plural
from esb.cli.main import EXIT_FINDINGS, Options
from esb.dsl.fmt import formatted
from esb.errors import ConfigError, ProjectError
from esb.project import Project
from esb.registry import Registry

_EXAMPLE = """\
esb fmt                        # every route file of the project
esb fmt --diff routes/a.yaml   # what would change
esb fmt --check                # for a build: fails if something would
"""


@click.command("fmt", epilog=example(_EXAMPLE))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit code 1 if a file would change.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--json", "as_json", is_flag=True, help="What was (or would be) done, as JSON.")
@click.pass_obj
def command(options: Options, /, *, files: tuple[Path, ...], only_check: bool, show_diff: bool, as_json: bool) -> None:
    """Rewrite route FILES and those of folders (all of the project and its instances by default) to Camel's canonical notation.

    'log: x' becomes 'log: {message: x}', an expression goes under 'expression:', and so on; what the routes do stays the same, and so do
    comments, quotes and order. Exit code 0, or 1 with findings or with files that --check or --diff would change.
    """
    registry = Registry()
    changed: list[str] = []
    findings: list[ConfigError] = []
    diffs: list[str] = []
    for file in _chosen(options, files):
        name = os.path.relpath(file)
        try:
            before = _read(file, name)
            after = formatted(before, registry, name)
        except ConfigError as error:
            findings.append(error)
            continue
        if after == before:
            continue
        changed.append(name)
        diffs += difflib.unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True), name, f"{name} (canonical)"
        )
        if not (only_check or show_diff):
            _write(file, after)
    _tell(changed, findings, diffs if show_diff else [], as_json=as_json, kept=only_check or show_diff)
    sys.exit(EXIT_FINDINGS if findings or (changed and (only_check or show_diff)) else 0)


def _chosen(options: Options, named: tuple[Path, ...]) -> list[Path]:
    if not named:
        return _files(options)
    chosen: list[Path] = []
    for one in named:
        # Of a folder, what the project reads as routes: its tests and schemas are YAML as well.
        chosen += [file for file in _files(options) if file.is_relative_to(one.resolve())] if one.is_dir() else [one]
    return chosen


def _files(options: Options) -> list[Path]:
    project: Project = options.project()
    found = set(documents(project))
    if not options.instance:
        for instance in project.instances:
            found |= set(documents(options.project(instance)))
    return sorted(found)


def _read(file: Path, name: str) -> str:
    try:
        return file.read_bytes().decode("utf-8")  # not read_text, which would lose what kind of line ends there are
    except OSError as error:
        raise ProjectError(f"cannot read {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ProjectError(f"{name} is not UTF-8: {error.reason}", hint="save it as UTF-8") from error


def _write(file: Path, text: str) -> None:
    """Replace the file as a whole, with its mode: a running bus that reloads never reads half of it."""
    target = file.resolve()
    fresh: Path | None = None
    try:
        with tempfile.NamedTemporaryFile("wb", dir=target.parent, prefix=f".{target.name}.", delete=False) as stream:
            fresh = Path(stream.name)
            stream.write(text.encode("utf-8"))
        fresh.chmod(target.stat().st_mode & 0o7777)
        fresh.replace(target)
    except OSError as error:
        if fresh is not None:
            fresh.unlink(missing_ok=True)
        raise ProjectError(f"cannot write {file}: {error.strerror}", hint="look at its owner and mode") from error


def _tell(changed: list[str], findings: list[ConfigError], diffs: list[str], *, as_json: bool, kept: bool) -> None:
    if as_json:
        told = [
            {
                "file": one.at.file,
                "line": one.at.line,
                "column": one.at.column,
                "code": one.code,
                "message": one.message,
            }
            for one in findings
        ]
        click.echo(json.dumps({"changed": changed, "written": not kept, "findings": told}, indent=2))
        return
    for error in findings:
        click.echo(str(error), err=True)
    click.echo("".join(diffs), nl=False)
    for name in changed if not diffs else ():
        click.echo(f"would rewrite {name}" if kept else f"rewrote {name}")
    if not changed and not findings:
        click.echo("all files are canonical")
    elif kept and changed and not diffs:
        click.echo(f"{plural(len(changed), 'file')} to rewrite: run 'esb fmt'", err=True)
