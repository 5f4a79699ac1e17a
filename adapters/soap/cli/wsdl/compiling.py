"""``esb wsdl compile``: contracts as files that load in milliseconds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.soap.cli.wsdl._common import EXIT_FINDINGS, FILE, distinct, example, located

if TYPE_CHECKING:
    from adapters.soap.loader import Documents
    from adapters.soap.wsdl import Wsdl

_EXAMPLE = """
esb wsdl compile schemas/erp.wsdl
esb wsdl compile schemas/erp.wsdl --fetch --origin https://erp.example/sales?wsdl
esb wsdl compile schemas/erp.wsdl --document https://erp.example/types.xsd=types.xsd
"""


@click.command("compile", epilog=example(_EXAMPLE))
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option(
    "--fetch", is_flag=True, help="Fetch the documents that are missing, once, and keep them beside the WSDL."
)
@click.option(
    "--origin", metavar="URL", default="", help="Where the WSDL came from: addresses of missing documents start there."
)
@click.option(
    "--document",
    "given",
    multiple=True,
    metavar="ADDRESS=FILE",
    help="Keep a file as the document of an address; may be repeated.",
)
@click.option(
    "--check", is_flag=True, help="Write nothing; fail if a compiled contract is missing or older than its WSDL."
)
@click.option("--json", "as_json", is_flag=True, help="What was compiled, as JSON.")
@click.pass_obj
def command(
    options: Any,
    /,
    *,
    files: tuple[Path, ...],
    fetch: bool,
    origin: str,
    given: tuple[str, ...],
    check: bool,
    as_json: bool,
) -> None:
    """Compile WSDL FILES with everything that they import to NAME.wsdl.compiled beside each.

    Routes use it as long as none of the documents has changed: loading takes milliseconds and never the network. Documents that the WSDL
    imports are read from the project and from NAME.wsdl.imports; what is missing is named. With --fetch (the only time that the network
    is used) or --document they are put there.

    Exit code 1 if documents are missing, or operations cannot be used for what the WSDL lacks; the rest of the contract is compiled all the same.
    """
    results = []
    for file in files:
        if check:
            results.append(_checked(options, file))
        else:
            results.append(_compiled(options, file, fetch=fetch, origin=origin, given=given))
    if as_json:
        click.echo(json.dumps({"contracts": results}, indent=2, ensure_ascii=False))
    else:
        for result in results:
            _tell(result)
    sys.exit(EXIT_FINDINGS if any(result["findings"] for result in results) else 0)


def _checked(options: Any, file: Path) -> dict[str, Any]:
    from adapters.soap.contract import compiled

    path, roots = located(options, file)
    current = compiled.is_current(path, roots)
    finding = f"{file} has no compiled contract that is up to date: run 'esb wsdl compile {file}'"
    return {"file": str(file), "current": current, "findings": [] if current else [finding], "notes": []}


def _compiled(options: Any, file: Path, *, fetch: bool, origin: str, given: tuple[str, ...]) -> dict[str, Any]:
    from adapters.soap.contract import compiled, fetching

    path, roots = located(options, file)
    kept = fetching.keep(path, given)
    if fetch:
        kept += fetching.fetch(path, roots, origin)
    wsdl, documents = compiled.compile_file(path, roots)
    target = compiled.file_of(path)
    return {
        "file": str(file),
        "compiled": str(file.with_name(target.name)),
        "bytes": target.stat().st_size,
        "documents": len(documents.documents),
        "vendored": [each.name for each in kept],
        "operations": sum(1 for _, operation in distinct(wsdl) if not operation.unusable),
        "types": len(wsdl.schemas.types),
        "findings": _findings(wsdl, documents),
        "notes": [note for note in wsdl.notes if note not in {each.why for each in documents.missing.values()}],
    }


def _findings(wsdl: Wsdl, documents: Documents) -> list[str]:
    found = [str(each.error()) for each in documents.missing.values()]
    found += [
        f"operation {operation.name} cannot be used: {operation.unusable}"
        for _, operation in distinct(wsdl)
        if operation.unusable
    ]
    if not wsdl.ports:
        found.append(f"{wsdl.path.name} has no operation with a SOAP binding: {'; '.join(wsdl.notes)}")
    return found


def _tell(result: dict[str, Any]) -> None:
    for finding in result["findings"]:
        click.echo(finding, err=True)
    for note in result["notes"]:
        click.echo(f"{result['file']}: note: {note}", err=True)
    if "current" in result:
        if result["current"]:
            click.echo(f"{result['file']}: up to date")
        return
    for name in result["vendored"]:
        click.echo(f"{result['file']}: kept {name}")
    click.echo(
        f"{result['compiled']}: {result['operations']} operations, {result['types']} types from {result['documents']} documents, "
        f"{result['bytes'] / 1024:.0f} KB"
    )
