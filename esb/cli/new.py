"""``esb new``: a project to begin with, which checks, tests and runs as it is."""

from __future__ import annotations

import json
import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from esb.cli._terminal import example
from esb.errors import ProjectError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")
_RENAMED = {"gitignore": ".gitignore"}
"""Files that would mean something where they are kept as templates."""


@click.command("new", epilog=example("esb new shop\ncd shop\nesb check && esb test && esb run"))
@click.argument("folder", metavar="NAME", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The files that were made, as JSON.")
def command(*, folder: Path, as_json: bool) -> None:
    """Make a project in a new folder NAME: routes with their tests, a schema, and the file esb.yaml.

    Refuses a folder that holds anything.
    """
    name = folder.resolve().name
    if not _NAME.fullmatch(name):
        raise click.BadParameter(f"{name!r} is no name of a project: use letters, digits, '.', '_' and '-'")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.UsageError(f"{folder} is not empty; name a folder that is not there yet: nothing is overwritten")
    try:
        made = _copy(resources.files("esb.cli").joinpath("templates", "project"), folder, name)
    except OSError as error:
        raise ProjectError(
            f"cannot write to {folder}: {error.strerror}", hint="look at its owner and the space left"
        ) from error
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "files": made}, indent=2))
        return
    for file in made:
        click.echo(f"made {folder / file}")
    click.echo(f"\nnext:\n  cd {folder}\n  esb check && esb test && esb run")


def _copy(source: Traversable, target: Path, name: str, below: str = "") -> list[str]:
    target.mkdir(parents=True, exist_ok=True)
    made = []
    for entry in sorted(source.iterdir(), key=lambda one: one.name):
        if entry.name == "__pycache__":
            continue
        called = _RENAMED.get(entry.name, entry.name)
        if entry.is_dir():
            made += _copy(entry, target / called, name, f"{below}{called}/")
        else:
            (target / called).write_text(entry.read_text(encoding="utf-8").replace("@NAME@", name), encoding="utf-8")
            made.append(f"{below}{called}")
    return made
