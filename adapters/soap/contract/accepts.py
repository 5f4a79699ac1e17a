"""Whether an operation can take any body of a shape that is known before messages come, and what its own bodies look like.

From the shape the most favourable body is made: whatever is not known is taken from a valid sample, whatever may be left out is there if the sample
has it. If the codec refuses even that one, every body of the shape is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from adapters.soap.codec import attribute_key
from adapters.soap.content import TEXT
from adapters.soap.contract.model import ComplexType, SimpleType
from adapters.soap.contract.sample import Sampler
from adapters.soap.messages import BodyCodec, Contract
from adapters.soap.particles import Choice, Field, Group, Particle
from adapters.soap.wsdl import Content, Operation
from esb.errors import EsbError, ValidationFailed
from esb.shapes import UNKNOWN, Constant, Fixed, Items, Member, Record, Scalar, Shape, Unknown

_MISSING: Final = object()
_DEEPEST: Final = 6
_MAX_VALUES: Final = 50
_TYPICAL: Final[dict[type, Any]] = {
    str: "text",
    int: 1,
    Decimal: Decimal(1),
    float: 1.0,
    bool: True,
    dt.date: dt.date(2026, 1, 15),
    dt.datetime: dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC),
    dt.time: dt.time(12),
    bytes: b"",
}
_KINDS: Final[dict[str, type]] = {
    "boolean": bool,
    "decimal": Decimal,
    "float": Decimal,
    "double": Decimal,
    "dateTime": dt.datetime,
    "date": dt.date,
    "time": dt.time,
    "base64Binary": bytes,
    "hexBinary": bytes,
    **dict.fromkeys(
        ("integer", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger"), int
    ),
    **dict.fromkeys(("negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"), int),
}


def problems(contract: Contract, operation: Operation, shape: Shape, *, answer: bool = False) -> list[str]:
    """What is wrong with every body of this shape as the operation's request, or its answer; empty if some is fine or nobody knows."""
    if isinstance(shape, Unknown) or operation.unusable:
        return []
    try:
        codec = contract.operation(operation)
        sampler = Sampler(contract)
        sample = sampler.response(operation) if answer else sampler.request(operation)
    except EsbError:
        return []
    body = codec.output if answer else codec.input
    if sample is None or body is None:
        return []
    subject = operation.name
    kinds = _Favourable(typical=True)
    refused = _refused(body, kinds.value(shape, sample.data), subject)
    structural = [each for each in refused if not kinds.gaps or "is not known" in each["message"]]
    if structural:
        return [_told(each) for each in structural]
    values = _Favourable(typical=False)
    made = values.value(shape, sample.data)
    if values.gaps or kinds.gaps:
        return []
    invalid = _invalid(body, made, subject)
    return [_told(each) for each in invalid] or _enums(body, shape, sample.data, subject)


def shape_of(contract: Contract, content: Content) -> Shape:
    """What the data of a message look like."""
    if content.rpc:
        return _of_type(contract, content.type, 0) if content.parts else UNKNOWN
    return _of_type(contract, content.parts[0].element.type, 0) if len(content.parts) == 1 else UNKNOWN


class _Favourable:
    """Makes the body. ``typical``: where only the kind of a value is known, a typical one of that kind, else the sample's own value."""

    def __init__(self, *, typical: bool, chosen: Any = _MISSING, at: Scalar | None = None) -> None:
        self.gaps = False
        """Whether something is there of which neither the shape nor the sample has a value."""
        self._typical = typical
        self._chosen = chosen
        self._at = at

    def value(self, shape: Shape, sample: Any) -> Any:
        if isinstance(shape, Constant):
            return shape.value
        if isinstance(shape, Record):
            return self._record(shape, sample if isinstance(sample, dict) else {})
        if isinstance(shape, Items):
            return self._items(shape, sample)
        if isinstance(shape, Fixed):
            first = (
                sample[0]
                if isinstance(sample, list) and sample
                else sample
                if not isinstance(sample, list)
                else _MISSING
            )
            return [made for item in shape.items if (made := self.value(item, first)) is not _MISSING]
        if isinstance(shape, Scalar):
            return self._scalar(shape, sample)
        if sample is _MISSING:
            self.gaps = True
        return sample

    def _scalar(self, shape: Scalar, sample: Any) -> Any:
        if shape is self._at:
            return self._chosen
        if self._typical:
            return shape.values[0] if shape.values else _TYPICAL[shape.kind]
        if sample is _MISSING:
            self.gaps = True
        return sample

    def _record(self, shape: Record, sample: dict[str, Any]) -> dict[str, Any]:
        made = {}
        for key, member in shape.members.items():
            theirs = sample.get(key, _MISSING)
            if member.always or theirs is not _MISSING:
                value = self.value(member.shape, theirs)
                if value is not _MISSING:
                    made[key] = value
        if shape.open:
            made |= {key: value for key, value in sample.items() if key not in shape.members}
        return made

    def _items(self, shape: Items, sample: Any) -> list[Any]:
        theirs = sample if isinstance(sample, list) else [sample]
        return [made for each in theirs or [_MISSING] if (made := self.value(shape.item, each)) is not _MISSING]


def _refused(body: BodyCodec, data: Any, subject: str) -> list[dict[str, Any]]:
    """What the codec itself says: members and kinds of values, no facets."""
    try:
        body.tree(data, subject)
    except ValidationFailed as exc:
        return exc.report
    return []


def _invalid(body: BodyCodec, data: Any, subject: str) -> list[dict[str, Any]]:
    try:
        body.write(data, subject)
    except ValidationFailed as exc:
        return exc.report
    return []


def _enums(body: BodyCodec, shape: Shape, sample: Any, subject: str) -> list[str]:
    """Fields of which no allowed value is one that the contract takes."""
    found = []
    for scalar in _choices(shape):
        reports = []
        for value in scalar.values[:_MAX_VALUES]:
            made = _Favourable(typical=False, chosen=value, at=scalar)
            reports.append(_invalid(body, made.value(shape, sample), subject))
            if not reports[-1]:
                break
        else:
            if len(scalar.values) <= _MAX_VALUES and reports:
                found += [_told(each) for each in reports[0]]
    return found


def _choices(shape: Shape) -> list[Scalar]:
    """Scalars with a list of values that are there in every such body."""
    if isinstance(shape, Scalar):
        return [shape] if shape.values else []
    if isinstance(shape, Record):
        return [each for member in shape.members.values() if member.always for each in _choices(member.shape)]
    if isinstance(shape, Items):
        return []  # a list may be empty
    return [each for item in shape.items for each in _choices(item)] if isinstance(shape, Fixed) else []


def _told(entry: Mapping[str, Any]) -> str:
    return f"{entry['path']} {entry['message']}"


def _of_type(contract: Contract, key: str, depth: int) -> Shape:
    found = contract.wsdl.schemas.type(key)
    if isinstance(found, SimpleType):
        return _of_simple(found)
    if not isinstance(found, ComplexType) or depth > _DEEPEST or found.mixed:
        return UNKNOWN
    if found.array:
        return Items(_of_type(contract, found.array, depth + 1))
    members: dict[str, Member] = {}
    keys: frozenset[str] = frozenset()
    complete = True
    if found.text:
        text = contract.wsdl.schemas.type(found.text)
        members[TEXT] = Member(_of_simple(text) if isinstance(text, SimpleType) else UNKNOWN)
    else:
        particle, _ = contract.codecs.content(found)
        keys = particle.keys
        complete = _members(contract, particle, members, depth, always=True)
    for attribute in found.attributes:
        kind = contract.wsdl.schemas.type(attribute.type)
        shape = _of_simple(kind) if isinstance(kind, SimpleType) else UNKNOWN
        members[attribute_key(attribute.tag, keys)] = Member(shape, always=attribute.required)
    return Record(members, open=not complete or found.any_attribute or key in contract.wsdl.schemas.derived)


def _members(contract: Contract, particle: Particle, members: dict[str, Member], depth: int, *, always: bool) -> bool:
    """Add what a particle holds; False if it holds what a record cannot say."""
    if isinstance(particle, Field):
        for each in (particle, *particle.alternatives):
            shape = _of_type(contract, each.codec.key, depth + 1)
            needed = always and bool(particle.required) and not particle.alternatives
            members[each.key] = Member(Items(shape) if each.many else UNKNOWN if each.nillable else shape, needed)
        return True
    if isinstance(particle, (Group, Choice)):
        inner = always and not particle.optional and isinstance(particle, Group)
        complete = True
        for member in particle.members:
            complete = _members(contract, member, members, depth, always=inner) and complete
        return complete
    return False


def _of_simple(found: SimpleType) -> Shape:
    if found.item or found.members:
        return UNKNOWN
    return Scalar(_KINDS.get(found.builtin, str), found.facets.enums if found.builtin not in _KINDS else ())


def operation_of(endpoint: Any) -> Operation | None:
    """The one operation that an endpoint calls or serves with data as the body; None if that is not known before messages come."""
    if not endpoint.operation or str(endpoint.data_format).lower() not in {"data", "pojo"}:
        return None
    try:
        port = endpoint.contract.wsdl.port(endpoint.service, endpoint.port, endpoint.operation)
    except EsbError:
        return None
    found: Operation | None = port.operations.get(endpoint.operation)
    return found
