"""``esb wsdl import``: data types, routes, tests and a mock from a contract."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.soap.cli.wsdl._common import EXIT_FINDINGS, FILE, choose, distinct, example, located, read
from esb.errors import Position, ProjectError

if TYPE_CHECKING:
    from adapters.soap.wsdl import Operation, Port, Wsdl

_MANY = 40
_KINDS = ("call", "serve", "rest", "queue")


@click.command(
    "import",
    epilog=example(
        "esb wsdl import schemas/erp.wsdl\nesb wsdl import schemas/erp.wsdl --operation CreateSalesOrder --routes call,rest"
    ),
)
@click.argument("file", type=FILE)
@click.option("--name", default="", help="What the files and routes are called after; by default the WSDL's name.")
@click.option("--operation", "chosen", multiple=True, metavar="NAME", help="Only this operation; may be repeated.")
@click.option("--service", default="", help="Only this service.")
@click.option("--all", "everything", is_flag=True, help=f"All operations, even if there are more than {_MANY}.")
@click.option(
    "--routes",
    "kinds",
    default=",".join(_KINDS),
    show_default=True,
    help="Which routes: call the partner, serve the contract, a REST facade, a durable queue.",
)
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.option("--dry-run", is_flag=True, help="Say what would be made, and make nothing.")
@click.option("--json", "as_json", is_flag=True, help="What was made, as JSON.")
@click.pass_obj
def command(
    options: Any,
    /,
    *,
    file: Path,
    name: str,
    chosen: tuple[str, ...],
    service: str,
    everything: bool,
    kinds: str,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make an integration of a WSDL FILE: data types, routes, tests, and answers for 'esb wsdl mock'.

    The result passes 'esb check' and 'esb test' as it is; the files are yours from then on. The WSDL is compiled as well. Exit code 1 if
    operations were left out for what the contract lacks.
    """
    from adapters.soap.contract import compiled, importing
    from adapters.soap.messages import Contract

    wanted = tuple(dict.fromkeys(each.strip() for each in kinds.split(",") if each.strip()))
    if not wanted or not set(wanted) <= set(_KINDS):
        raise click.BadParameter(
            f"{kinds!r} are not routes that can be made: {', '.join(_KINDS)}", param_hint="--routes"
        )
    if {"rest", "queue"} & set(wanted) and "call" not in wanted:
        wanted = ("call", *wanted)
    path, roots = located(options, file)
    folder = roots[0]
    if not path.is_relative_to(folder):
        raise ProjectError(
            f"{file} is outside the project",
            Position(str(path)),
            "copy it, and the files that it imports, into the project, such as to schemas/",
        )
    wsdl = read(options, file)
    selected = _selected(wsdl, chosen, service, everything=everything)
    names = _names(wsdl, name, path.relative_to(folder).as_posix(), selected, options.instance)
    made = importing.files(Contract(wsdl), names, selected, wanted)
    present = sorted(each for each in made.files if (folder / each).exists())
    if present and not force and not dry_run:
        raise ProjectError(
            f"{', '.join(present)} {'is' if len(present) == 1 else 'are'} there already",
            Position(str(folder)),
            "choose another --name, or --force to overwrite",
        )
    if not dry_run and made.files:
        importing.write(folder, made.files)
        compiled.compile_file(path, roots)
    _tell(made.files, made.left_out, made.operations, as_json=as_json)
    sys.exit(EXIT_FINDINGS if made.left_out or not made.files else 0)


def _selected(wsdl: Wsdl, chosen: tuple[str, ...], service: str, *, everything: bool) -> list[tuple[Port, Operation]]:
    if chosen:
        return [choose(wsdl, each, service) for each in dict.fromkeys(chosen)]
    found = [(port, each) for port, each in distinct(wsdl) if not service or port.service == service]
    if len(found) > _MANY and not everything:
        raise ProjectError(
            f"the WSDL has {len(found)} operations",
            Position(str(wsdl.path)),
            "name those you need with --operation ('esb wsdl show' lists them), or take --all",
        )
    return found


def _names(wsdl: Wsdl, name: str, where: str, selected: list[tuple[Port, Operation]], instance: str) -> Any:
    from adapters.soap.contract.skeletons import Names, slug

    called = slug(name or wsdl.path.name.removesuffix(".wsdl"))
    if not re.fullmatch(r"[a-z][a-z0-9-]*", called):
        called = f"w-{called}"
    # Data types are found by the file's name, which is part of theirs.
    called = called.replace("-", "_")
    addresses = [port.address for port, _ in selected if port.address.startswith(("http:", "https:"))]
    address = addresses[0] if addresses else f"http://127.0.0.1:8088/{called}"
    several = len({port.service for port in wsdl.ports}) > 1
    return Names(called, where, address, several, instance)


def _tell(files: Any, left_out: Any, operations: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        told = {"files": list(files), "operations": list(operations), "leftOut": dict(left_out)}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for operation, why in left_out.items():
        click.echo(f"{operation} was left out: {why}", err=True)
    for file in files:
        click.echo(f"made {file}")
    if files:
        click.echo("\nnext:\n  esb check && esb test")
