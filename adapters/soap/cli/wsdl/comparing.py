"""``esb wsdl diff``: two versions of a contract, and what their differences break."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.soap.cli.wsdl._common import EXIT_FINDINGS, FILE, example, located, read
from esb.errors import ConfigError

if TYPE_CHECKING:
    from adapters.soap.contract.affected import Hit
    from adapters.soap.contract.diff import Change

_SHOWN = 60


@click.command("diff", epilog=example("esb wsdl diff schemas/erp.wsdl ~/Downloads/erp-2.wsdl"))
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@click.option("--strict", is_flag=True, help="Fail for cautions too.")
@click.option("--all", "everything", is_flag=True, help="Tell compatible changes and every place as well.")
@click.option("--json", "as_json", is_flag=True, help="All changes and places as JSON.")
@click.pass_obj
def command(options: Any, /, *, old: Path, new: Path, strict: bool, everything: bool, as_json: bool) -> None:
    """Compare the contract OLD, which the project uses, with NEW: what breaks, and which routes, mappings and fields meet it.

    Breaking: a request that the old contract allows is refused, or an answer lacks what it promises. Caution: answers may hold what
    the old contract does not know; take the new one over before the partner changes. Exit code 1 if something breaks (with --strict
    also for cautions), 0 otherwise.
    """
    from adapters.soap.contract.diff import BREAKING, CAUTION, compare

    changes = compare(read(options, old), read(options, new))
    places = _places(options, (old, new), [each for each in changes if each.level != "compatible"])
    counts = {level: sum(each.level == level for each in changes) for level in (BREAKING, CAUTION, "compatible")}
    if as_json:
        _as_json(changes, places, counts)
    else:
        _tell(changes, places, counts, everything=everything)
    sys.exit(EXIT_FINDINGS if counts[BREAKING] or (strict and counts[CAUTION]) else 0)


def _places(options: Any, files: tuple[Path, Path], changes: list[Change]) -> list[Hit]:
    """Places of the project; none if it is no project, which is fine for comparing two files."""
    from adapters.soap.contract.affected import hits, soap_uses

    try:
        project = options.project()
    except ConfigError:
        return []
    paths = {located(options, file)[0] for file in files}
    routes = [(file, project.relative(file)) for file in project.route_files()]
    uses = [use for use in soap_uses(routes, project.folder) if use.wsdl in paths]
    schemas = project.folder / project.schemas
    types = [(file, project.relative(file)) for file in sorted(schemas.glob("*.y*ml"))]
    mappings = [(file, project.relative(file)) for file in sorted((schemas / "mappings").rglob("*.y*ml"))]
    return hits(changes, uses, types, mappings)


def _as_json(changes: list[Change], places: list[Hit], counts: dict[str, int]) -> None:
    told = {
        "counts": counts,
        "changes": [
            {
                "level": each.level,
                "operation": each.operation,
                "direction": each.direction,
                "path": each.path,
                "message": each.message,
            }
            for each in changes
        ],
        "places": [
            {
                "kind": each.kind,
                "file": each.at.file,
                "line": each.at.line,
                "column": each.at.column,
                "route": each.route,
                "operation": each.operation,
                "field": each.field,
            }
            for each in places
        ],
    }
    click.echo(json.dumps(told, indent=2, ensure_ascii=False))


def _tell(changes: list[Change], places: list[Hit], counts: dict[str, int], *, everything: bool) -> None:
    shown = [each for each in changes if everything or each.level != "compatible"]
    for each in sorted(shown, key=lambda one: ("breaking", "caution", "compatible").index(one.level)):
        where = f" {each.direction}{' ' + each.path if each.path else ''}" if each.direction else ""
        click.echo(f"{each.level}: {each.operation}{where}: {each.message}")
    for number, hit in enumerate(places):
        if number == _SHOWN and not everything:
            click.echo(f"... and {len(places) - _SHOWN} more places (--all)")
            break
        what = (
            f"names {hit.field!r} of {hit.operation}"
            if hit.field
            else f"uses {hit.operation}" + (f" in route {hit.route}" if hit.route else "")
        )
        click.echo(f"{hit.at}: {hit.kind}: {what}")
    click.echo(
        f"{counts['breaking']} breaking, {counts['caution']} cautions, {counts['compatible']} compatible changes",
        err=bool(shown),
    )
