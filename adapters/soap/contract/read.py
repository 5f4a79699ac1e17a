"""A contract from a WSDL file and its documents, whole or with notes of what is lacking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from adapters.soap.contract.bases import without_bases
from adapters.soap.contract.closure import closure
from adapters.soap.contract.declared import Declarations
from adapters.soap.contract.relaxed import relaxed
from adapters.soap.contract.wsdl11 import Definitions
from adapters.soap.contract.xsd import Reader
from adapters.soap.loader import Documents, SchemaDocument
from adapters.soap.names import ENVELOPE_11, ENVELOPE_12, XML, XSD, XSI, namespace
from adapters.soap.wsdl import Content, Wsdl
from esb.errors import ConfigError, ConfigErrors, Position

_KINDS: Final = {"base": "type"}


def read(path: Path, roots: Sequence[Path] = (), *, lenient: bool = False) -> Wsdl:
    """The contract.

    Raises :class:`~esb.errors.ConfigError`: of one if the file itself cannot be read, of all if documents that it imports are missing, or names are
    declared nowhere. ``lenient``: these are notes, and operations that need them are not usable.
    """
    documents = Documents(path, roots)
    if documents.missing and not lenient:
        raise _all([each.error() for each in documents.missing.values()])
    wsdl, lacking = contract(documents, roots, lenient=lenient)
    if lacking and not lenient:
        raise _all([_undeclared(documents.path, kind, name) for kind, name in lacking])
    return wsdl


def contract(
    documents: Documents, roots: Sequence[Path], *, lenient: bool = True
) -> tuple[Wsdl, list[tuple[str, str]]]:
    """The contract, and kinds and names of what is referred to and declared nowhere."""
    declarations = Declarations(more=_catalogued(documents))
    declarations.take_all(documents.own_schemas())
    reader = Reader(declarations)
    definitions = Definitions(documents.documents, reader, _elsewhere(documents))
    ports = definitions.ports()
    schemas = reader.read()
    lacking = [each for each in declarations.missing if namespace(each[1]) != XSD]
    bases = {name for kind, name in lacking if kind == "base"}
    if bases:
        ports = without_bases(ports, schemas, bases, _elsewhere(documents))
    headers = [
        part
        for port in ports
        for operation in port.operations.values()
        for part in (*operation.input_headers, *operation.output_headers)
    ]
    contents = [Content(rpc=False, tag="", parts=tuple(headers))]
    contents += [
        content
        for port in ports
        for operation in port.operations.values()
        for content in (operation.input, operation.output)
        if content is not None and not operation.encoded and not operation.unusable
    ]
    notes = [each.why for each in documents.missing.values()]
    notes += [f"the {_KINDS.get(kind, kind)} {name} is referred to and declared nowhere" for kind, name in lacking]
    whole = closure(documents.own_schemas(), contents, lacking)
    try:
        checked, unchecked = relaxed(whole)
    except ConfigError as exc:
        # Strictly, whoever runs the schema says what is wrong with it. Otherwise messages are held against the types alone.
        checked = {} if lenient else whole
        unchecked = [f"{exc.message}: messages are held against the types alone, without facets and counts"]
    made = Wsdl(
        documents.path,
        ports,
        schemas,
        prefixes=_prefixes(documents),
        closure=checked,
        notes=tuple(dict.fromkeys([*definitions.notes, *notes, *unchecked])),
        documents=documents.documents,
        roots=roots,
    )
    return made, lacking


def _catalogued(documents: Documents) -> Callable[[str], list[SchemaDocument]]:
    """Gives the schemas of well-known namespaces that are used without an import."""

    def more(target: str) -> list[SchemaDocument]:
        before = len(documents.schemas)
        documents.add(target)
        return documents.schemas[before:]

    return more


def _elsewhere(documents: Documents) -> str:
    missing = list(documents.missing.values())
    if not missing:
        return ""
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f"missing is {missing[0].written}{more}: {missing[0].hint}"


def _all(errors: list[ConfigError]) -> ConfigError:
    return errors[0] if len(errors) == 1 else ConfigErrors(errors)


def _undeclared(path: Path, kind: str, name: str) -> ConfigError:
    return ConfigError(
        f"the {_KINDS.get(kind, kind)} {name} is referred to and declared nowhere",
        Position(str(path)),
        f"correct the schema, or accept any content in its place with 'esb wsdl compile {path.name}'",
    )


def _prefixes(documents: Documents) -> dict[str, str]:
    """A prefix for each namespace: the WSDL's own where it has one."""
    chosen: dict[str, str] = {XSI: "xsi", XSD: "xsd"}
    taken = {"xsi", "xsd", "soapenv", "xml"}
    for root in documents.documents.values():
        for prefix, uri in root.nsmap.items():
            if prefix and uri not in chosen and prefix not in taken and uri not in {ENVELOPE_11, ENVELOPE_12, XML}:
                chosen[uri] = prefix
                taken.add(prefix)
    number = 0
    for document in documents.schemas:
        if document.target not in {"", XML} and document.target not in chosen:
            while f"ns{number}" in taken:
                number += 1
            chosen[document.target] = f"ns{number}"
            taken.add(f"ns{number}")
    return chosen
