"""``esb wsdl show``: what a contract says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.soap.cli.wsdl._common import FILE, choose, example, read

if TYPE_CHECKING:
    from adapters.soap.wsdl import Operation, Port, Wsdl


@click.command(
    "show", epilog=example("esb wsdl show schemas/erp.wsdl\nesb wsdl show schemas/erp.wsdl CreateSalesOrder")
)
@click.argument("file", type=FILE)
@click.argument("operation", required=False)
@click.option("--service", default="", help="The service, where several have the operation.")
@click.option("--port", default="", help="The port.")
@click.option("--type", "type_name", default="", metavar="NAME", help="Show a type by its name instead.")
@click.option("--depth", default=30, show_default=True, help="How deep types are followed.")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.pass_obj
def command(
    options: Any,
    /,
    *,
    file: Path,
    operation: str | None,
    service: str,
    port: str,
    type_name: str,
    depth: int,
    as_json: bool,
) -> None:
    """Show the services, ports and operations of a WSDL FILE; with OPERATION its messages as trees.

    A line has the name, the type, how often it stands (nothing: exactly once), and what restricts it. '@' marks attributes.
    """
    wsdl = read(options, file)
    if type_name:
        _type(wsdl, type_name, depth, as_json=as_json)
    elif operation:
        found = choose(wsdl, operation, service, port)[1]
        _operation(wsdl, found, depth, as_json=as_json)
    else:
        _all(wsdl, as_json=as_json)


def _all(wsdl: Wsdl, *, as_json: bool) -> None:
    from adapters.soap.contract.tree import operation_summary

    if as_json:
        services: dict[str, list[dict[str, Any]]] = {}
        for port in wsdl.ports:
            services.setdefault(port.service, []).append(
                {
                    "name": port.name,
                    "soap": port.soap,
                    "address": port.address,
                    "operations": [operation_summary(each) for each in port.operations.values()],
                }
            )
        told = {"services": [{"name": name, "ports": ports} for name, ports in services.items()], "notes": wsdl.notes}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    shown = ""
    for port in wsdl.ports:
        if port.service != shown or port is wsdl.ports[0]:
            click.echo(f"service {port.service}" if port.service else "no service")
            shown = port.service
        click.echo("\n".join(_port(port)))
    for note in wsdl.notes:
        click.echo(f"note: {note}", err=True)


def _port(port: Port) -> Iterator[str]:
    yield f"  port {port.name}  SOAP {port.soap}  {port.address or '(no address)'}"
    for operation in port.operations.values():
        yield f"    {_title(operation)}"
        for word, content in (("request", operation.input), ("answer", operation.output)):
            if content is not None and not operation.unusable:
                yield f"      {word} {', '.join(tag.rpartition('}')[2] for tag in content.tags) or '(empty)'}"
        if operation.faults:
            yield f"      faults {', '.join(part.name for part in operation.faults)}"


def _title(operation: Operation) -> str:
    words = [operation.name, f"{operation.style}/{'encoded' if operation.encoded else 'literal'}"]
    words += ["one-way"] if operation.output is None and not operation.unusable else []
    words += [f"cannot be used: {operation.unusable}"] if operation.unusable else []
    words += [f"  -- {operation.doc}"] if operation.doc else []
    return "  ".join(words)


def _operation(wsdl: Wsdl, operation: Operation, depth: int, *, as_json: bool) -> None:
    from adapters.soap.contract.tree import lines_of, operation_tree, plain

    tree = operation_tree(wsdl, operation, depth)
    if as_json:
        click.echo(json.dumps(plain(tree), indent=2, ensure_ascii=False))
        return
    click.echo(_title(operation))
    if operation.action:
        click.echo(f"  action {operation.action}")
    for word in ("request", "answer"):
        message = tree[word]
        if message is None:
            continue
        for title, lines in ((word, message.body), (f"{word} header", message.headers)):
            if lines or title == word:
                click.echo(f"  {title}" + ("" if lines else " (empty)"))
            for line in lines:
                click.echo("\n".join(lines_of(line, 2)))
        if message.attachments:
            click.echo(f"  {word} attachments {', '.join(message.attachments)}")
    for name, line in tree["faults"].items():
        click.echo(f"  fault {name}")
        click.echo("\n".join(lines_of(line, 2)))


def _type(wsdl: Wsdl, name: str, depth: int, *, as_json: bool) -> None:
    from adapters.soap.contract.model import is_named
    from adapters.soap.contract.tree import Trees, lines_of, plain
    from adapters.soap.names import local
    from esb.errors import Position, UnknownName

    keys = [key for key in wsdl.schemas.types if name in {key, local(key)} and is_named(key)]
    if not keys:
        known = {local(key) for key in wsdl.schemas.types if is_named(key)}
        raise UnknownName("type", name, known, Position(str(wsdl.path)))
    lines = [Trees(wsdl.schemas, depth).type(key) for key in keys]
    if as_json:
        click.echo(json.dumps({"types": plain(lines)}, indent=2, ensure_ascii=False))
        return
    for line in lines:
        click.echo("\n".join(lines_of(line)))
