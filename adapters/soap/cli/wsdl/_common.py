"""What the verbs on contracts share: the file, its folder roots, one operation of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from adapters.soap.wsdl import Operation, Port, Wsdl
from esb.errors import Position, ProjectError, UnknownName

EXIT_FINDINGS = 1
FILE = click.Path(path_type=Path, dir_okay=False)


def example(text: str) -> str:
    """The epilog of a verb's help: an example, its lines kept as they are."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in text.strip().splitlines())


def located(options: Any, file: Path) -> tuple[Path, list[Path]]:
    """The file, taken from the project's folder, and the folders that its documents may be in: that of the project, and its own.

    Raises :class:`~esb.errors.ProjectError` if there is none.
    """
    folder = Path(options.folder).resolve()
    path = file if file.is_absolute() else folder / file
    if not path.is_file():
        raise ProjectError(
            f"{file} is not there", Position(str(path)), "name a WSDL file, relative to the project's folder"
        )
    return path.resolve(), [folder, path.resolve().parent]


def read(options: Any, file: Path) -> Wsdl:
    """The contract: the compiled one if it is up to date, else with whatever can be read of it."""
    from adapters.soap.contract import compiled
    from adapters.soap.contract.read import read as anew

    path, roots = located(options, file)
    return compiled.read(path, roots) or anew(path, roots, lenient=True)


def choose(wsdl: Wsdl, operation: str, service: str = "", port: str = "") -> tuple[Port, Operation]:
    """One operation, and the first port that has it. Raises UnknownName with the nearest names."""
    ports = [
        each for each in wsdl.ports if (not service or each.service == service) and (not port or each.name == port)
    ]
    if not ports:
        raise UnknownName(
            "SOAP port", port or service, {f"{each.name}" for each in wsdl.ports}, Position(str(wsdl.path))
        )
    for each in ports:
        if operation in each.operations:
            return each, each.operations[operation]
    known = {name for each in ports for name in each.operations}
    raise UnknownName("SOAP operation", operation, known, Position(str(wsdl.path)))


def distinct(wsdl: Wsdl) -> list[tuple[Port, Operation]]:
    """Every operation once: that of the SOAP 1.1 port where a service has both."""
    found: dict[tuple[str, str], tuple[Port, Operation]] = {}
    for port in sorted(wsdl.ports, key=lambda each: each.soap):
        for operation in port.operations.values():
            found.setdefault((port.service, operation.name), (port, operation))
    return list(found.values())
