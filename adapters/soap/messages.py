"""The messages of one WSDL's operations, compiled: elements to data and data to validated XML."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters.soap import binary, encoded
from adapters.soap.codec import Codecs
from adapters.soap.elements import element_of, refuse, tree_of
from adapters.soap.faults import FaultCodec
from adapters.soap.names import local, namespace
from adapters.soap.particles import Codec, Field, Problem, Problems, unknown, within
from adapters.soap.validate import Validator
from adapters.soap.wsdl import Content, Operation, Part, Wsdl
from esb.errors import ConfigError, Position
from esb.xml import serialize

Element = Any  # lxml's stubs are older than lxml


class Contract:
    """Codecs and validator of one WSDL, shared by all that serve or call it. Thread-safe."""

    def __init__(self, wsdl: Wsdl) -> None:
        """Compile the schemas. Raises :class:`~esb.errors.ConfigError`."""
        self.wsdl = wsdl
        self.validator = Validator(wsdl)
        self.codecs = Codecs(wsdl.schemas)
        self._prefixes = wsdl.prefixes
        self._nsmaps: dict[tuple[Any, ...], tuple[Sequence[Codec], dict[str, str]]] = {}

    def operation(self, operation: Operation) -> OperationCodec:
        """The compiled operation. Raises :class:`~esb.errors.ConfigError` if it cannot be served."""
        if operation.unusable:
            raise ConfigError(
                f"operation {operation.name} cannot be used: {operation.unusable}", Position(str(self.wsdl.path))
            )
        if operation.encoded and operation.style != "rpc":
            raise ConfigError(
                f'operation {operation.name} uses the SOAP encoding (use="encoded") in document style, which has no meaning',
                Position(str(self.wsdl.path)),
                "ask the partner for a literal binding, or name another operation with the option 'operation'",
            )
        return OperationCodec(self, operation)

    def nsmap(self, codecs: Sequence[Codec], tags: Sequence[str]) -> dict[str, str]:
        """Prefixes for every namespace that the content of these types may use, so that none is declared twice in a message. Kept."""
        key = (*map(id, codecs), *tags)
        known = self._nsmaps.get(key)
        if known is None:
            # With the codecs beside it, so that their identity stays taken.
            known = self._nsmaps[key] = (codecs, self._nsmap(codecs, tags))
        return known[1]

    def _nsmap(self, codecs: Iterable[Codec], tags: Iterable[str]) -> dict[str, str]:
        found = {namespace(tag) for tag in tags}
        seen: set[int] = set()
        todo = list(codecs)
        while todo:
            codec = todo.pop()
            if id(codec) in seen:
                continue
            seen.add(id(codec))
            found |= codec.namespaces
            for field in codec.fields:
                found.add(namespace(field.tag))
                todo.append(field.codec)
        return {self._prefixes[uri]: uri for uri in sorted(found) if uri in self._prefixes}


class BodyCodec:
    """One direction of an operation: the Body's children as data."""

    def __init__(self, contract: Contract, content: Content, encoded: str = "") -> None:
        """``encoded`` is the version of SOAP whose encoding is used; empty for literal messages."""
        self._validator = contract.validator
        self._encoded = encoded
        self._schemas = contract.wsdl.schemas
        self._type = content.type
        self._checked_as = content.checked_as
        self.tags = content.tags
        self.parts = frozenset(part.tag for part in content.parts)
        self.rpc = content.rpc
        self._fields: list[Field]
        if content.rpc:
            codec = contract.codecs.codec(content.type)
            if not content.parts:
                codec = Codec()
                codec.read, codec.write = _read_nothing, _write_nothing
            self._fields = [Field(content.tag, local(content.tag), codec, required=True, many=False, nillable=False)]
        else:
            self._fields = [contract.codecs.field(part.element, part.name) for part in content.parts]
        self._contract = contract

    def read(self, children: Sequence[Element], subject: str, *, validate: bool = True) -> Any:
        """The data. The children's tags are :attr:`tags`. Raises :class:`~esb.errors.ValidationFailed` if they break the schema.

        Without ``validate`` only what cannot be read at all is refused (:class:`~esb.errors.Malformed`): for partners that break their own WSDL.
        """
        if validate:
            self.check(children, subject)
        if not self._fields:
            return {}
        if len(self._fields) == 1:
            return self._fields[0].read(children[0])
        return {field.key: field.read(child) for field, child in zip(self._fields, children, strict=True)}

    def check(self, children: Sequence[Element], subject: str) -> None:
        """Run the schema over the Body's children. Raises :class:`~esb.errors.ValidationFailed`."""
        for child in children:
            binary.checked(child, functools.partial(self.check_one, child, subject))

    def check_one(self, child: Element, subject: str) -> None:
        """The same for one child that holds everything itself."""
        if not self._encoded:
            self._validator.check(child, subject, self._checked_as)

    def write(self, data: Any, subject: str) -> bytes:
        """The XML. Raises :class:`~esb.errors.ValidationFailed` with a report of every field that is wrong."""
        if len(self._fields) == 1:
            return self._element(self._fields[0], data, subject)
        if data is None or data == "":
            data = {}
        problems: Problems = []
        if isinstance(data, Mapping):
            unknown(dict(data), frozenset(field.key for field in self._fields), problems)
            problems += [Problem("is missing", [field.key]) for field in self._fields if field.key not in data]
        else:
            problems.append(Problem(f"is a dict of the message's parts, not {type(data).__name__}"))
        refuse(problems, "Body", subject)
        return b"".join(self._element(field, data[field.key], subject) for field in self._fields)

    def _nsmap(self, field: Field) -> dict[str, str]:
        return self._contract.nsmap((field.codec,), (field.tag,))

    def _element(self, field: Field, data: Any, subject: str) -> bytes:
        nsmap = self._nsmap(field)
        if self._encoded:
            root = tree_of(field, nsmap, data, subject)
            encoded.typed(root, self._type, self._schemas, self._encoded)
            return serialize(root)
        return element_of(field, nsmap, data, subject, self._validator, checked_as=self._checked_as)

    def tree(self, data: Any, subject: str) -> None:
        """Hold data against the types alone, not against facets and counts: for checks. Raises :class:`~esb.errors.ValidationFailed`."""
        if len(self._fields) == 1:
            tree_of(self._fields[0], self._nsmap(self._fields[0]), data, subject)


class HeaderCodec:
    """The declared header blocks of one direction, by the local name of their element."""

    def __init__(self, contract: Contract, parts: Sequence[Part]) -> None:
        self._contract = contract
        self._by_tag = {part.tag: contract.codecs.field(part.element, local(part.tag)) for part in parts}
        self._by_name = {field.key: field for field in self._by_tag.values()}

    def knows(self, tag: str) -> bool:
        """Whether the WSDL declares a header block of this name."""
        return tag in self._by_tag

    def read(self, blocks: Sequence[Element], subject: str) -> dict[str, Any]:
        """The declared ones among the header blocks; others are left out. Raises :class:`~esb.errors.ValidationFailed`."""
        found: dict[str, Any] = {}
        for block in blocks:
            field = self._by_tag.get(block.tag)
            if field is not None:
                self._contract.validator.check(block, subject)
                found[field.key] = field.read(block)
        return found

    def write(self, data: Mapping[str, Any], subject: str) -> bytes:
        """The XML of header blocks by name. Raises :class:`~esb.errors.ValidationFailed`."""
        problems: Problems = []
        unknown(dict(data), frozenset(self._by_name), problems)
        refuse(problems, "Header", subject)
        told = []
        for name, value in data.items():
            if value is not None:
                field = self._by_name[name]
                nsmap = self._contract.nsmap([field.codec], [field.tag])
                told.append(element_of(field, nsmap, value, subject, self._contract.validator))
        return b"".join(told)


class OperationCodec:
    """One operation with everything compiled."""

    def __init__(self, contract: Contract, operation: Operation) -> None:
        self.operation = operation
        style = operation.soap if operation.encoded else ""
        self.input = BodyCodec(contract, operation.input, style)
        self.output = BodyCodec(contract, operation.output, style) if operation.output is not None else None
        self.input_headers = HeaderCodec(contract, operation.input_headers)
        self.output_headers = HeaderCodec(contract, operation.output_headers)
        self.faults = FaultCodec(contract, operation.faults, style)


def _read_nothing(node: Element) -> Any:
    _ = node
    return {}


def _write_nothing(node: Element, value: Any, problems: Problems) -> None:
    _ = node
    if value:
        mark = len(problems)
        problems.append(Problem("takes no parameters"))
        within(problems, mark, "")
