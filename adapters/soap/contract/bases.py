"""Operations that reach a type whose base nobody declares: what such a type holds is not known, so they are not usable."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import msgspec

from adapters.soap.contract.model import ComplexType, Schemas, SimpleType, elements_of
from adapters.soap.wsdl import Operation, Port


def reached(keys: Iterable[str], schemas: Schemas) -> set[str]:
    """Keys of all types in the content of some, these included; where a head of a substitution group is, also those of its members."""
    seen: set[str] = set()
    todo = list(keys)
    while todo:
        key = todo.pop()
        if key in seen:
            continue
        seen.add(key)
        found = schemas.types.get(key)
        if isinstance(found, SimpleType):
            todo += [each for each in (*found.members, found.item) if each]
        elif isinstance(found, ComplexType):
            todo += [attribute.type for attribute in found.attributes]
            todo += [each for each in (found.text, found.array) if each]
            for element in elements_of(found.content):
                todo.append(element.type)
                if element.glob:
                    todo += [schemas.elements[name].type for name in schemas.substitutes.get(element.tag, ())]
    return seen


def types_of(operation: Operation) -> list[str]:
    """Keys of the types of an operation's messages, headers and faults."""
    contents = [each for each in (operation.input, operation.output) if each is not None]
    parts = [*operation.input_headers, *operation.output_headers, *operation.faults]
    for content in contents:
        parts += content.parts
    return [part.element.type for part in parts]


def without_bases(ports: tuple[Port, ...], schemas: Schemas, missing: AbstractSet[str], hint: str) -> tuple[Port, ...]:
    """The ports, with the operations marked that reach a type that extends one of ``missing``."""
    bad = {
        each.key: each.base for each in schemas.types.values() if isinstance(each, ComplexType) and each.base in missing
    }

    def marked(operation: Operation) -> Operation:
        found = sorted(reached(types_of(operation), schemas) & set(bad))
        if operation.unusable or not found:
            return operation
        why = f"the type {bad[found[0]]}, which {found[0]} extends, is declared nowhere"
        return msgspec.structs.replace(operation, unusable=f"{why}; {hint}" if hint else why)

    return tuple(
        msgspec.structs.replace(port, operations={name: marked(each) for name, each in port.operations.items()})
        for port in ports
    )
