"""A contract made into files of a project: data types, routes, tests, and the answers of a mock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.soap.contract import casefiles, skeletons
from adapters.soap.contract.datatypes import DataTypes
from adapters.soap.contract.sample import Sampler
from adapters.soap.contract.skeletons import Imported, Names, slug
from adapters.soap.contract.yamltext import block
from adapters.soap.messages import Contract
from adapters.soap.names import local
from adapters.soap.wsdl import Operation, Port
from esb.errors import EsbError


@dataclass(frozen=True, slots=True)
class Files:
    """What an import makes: text by path in the project, and why operations were left out."""

    files: Mapping[str, str]
    left_out: Mapping[str, str]
    operations: tuple[str, ...]


def files(contract: Contract, names: Names, chosen: Sequence[tuple[Port, Operation]], kinds: tuple[str, ...]) -> Files:
    """The files for these operations. Those without a valid sample are left out, with the reason."""
    sampler = Sampler(contract)
    types = DataTypes(contract, names.name)
    operations: list[Imported] = []
    faults: dict[str, dict[str, Any]] = {}
    left_out: dict[str, str] = {}
    taken: dict[str, int] = {}
    for port, operation in chosen:
        try:
            request, answer = sampler.request(operation), sampler.response(operation)
            details = {local(part.tag): sampler.fault(operation, part.name) for part in operation.faults}
        except EsbError as exc:
            left_out[operation.name] = str(exc)
            continue
        called = slug(operation.name)
        taken[called] = taken.get(called, 0) + 1
        if taken[called] > 1:
            called = f"{called}-{taken[called]}"
        kind = types.message(operation.input)
        if operation.output is not None:
            types.message(operation.output)
        operations.append(Imported(port, operation, called, request, answer, kind))
        faults[operation.name] = details
    made: dict[str, str] = {}
    if operations:
        head = f"# The types of {names.wsdl}, made by 'esb wsdl import'. The contract itself checks each message as well.\n"
        if types.types:
            made[f"schemas/{names.name}.yaml"] = head + _types(types, {each.request_type for each in operations})
        makers = {"call": skeletons.call, "serve": skeletons.serve, "rest": skeletons.rest, "queue": skeletons.queue}
        for each in kinds:
            made[f"routes/{names.name}-{each}.yaml"] = makers[each](names, operations)
        made[f"routes/tests/{names.name}.test.yaml"] = casefiles.tests(names, operations, kinds, faults)
        made[f"mocks/{names.name}.json"] = casefiles.answers(operations, faults)
    return Files(made, left_out, tuple(each.operation.name for each in operations))


def _types(types: DataTypes, used: set[str]) -> str:
    """The document of the types. Those that no route names are allowed to be there: they are what mappings will name."""
    told = ["types:"]
    nested = {word for spec in types.types.values() for word in _named(spec)}
    for name, spec in types.types.items():
        if f"{types.document}.{name}" not in used | nested:
            told.append("  # esb: allow ESB-L042 for mappings to come")
        told.append(block({name: spec}, 2))
    return "\n".join(told) + "\n"


def _named(spec: Any) -> Iterator[str]:
    if isinstance(spec, dict):
        if isinstance(spec.get("of"), str):
            yield spec["of"]
        for item in spec.values():
            yield from _named(item)


def write(folder: Path, made: Mapping[str, str]) -> None:
    """Write the files below a folder."""
    for name, text in made.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
