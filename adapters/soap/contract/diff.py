"""What changed between two versions of a contract, and what that breaks.

Requests and answers are judged apart. A request that the old contract allowed must still be taken; an answer that the new one allows must be one that
the old one knew, since the bus holds answers against its own contract. What only may bring more than the old contract knows is a *caution*: it breaks
those who keep the old contract after the partner has changed, and nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from adapters.soap.contract.facetdiff import simple_changes
from adapters.soap.contract.flat import Item, items_of
from adapters.soap.contract.model import ComplexType, Element, Schemas, SimpleType
from adapters.soap.names import local
from adapters.soap.wsdl import Content, Operation, Part, Port, Wsdl

BREAKING: Final = "breaking"
CAUTION: Final = "caution"
COMPATIBLE: Final = "compatible"
LEVELS: Final = (BREAKING, CAUTION, COMPATIBLE)

REQUEST: Final = "request"
ANSWER: Final = "answer"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``path`` is within the message; empty for the operation or the contract itself. ``field`` is the last name of the path."""

    level: str
    operation: str
    direction: str
    path: str
    message: str

    @property
    def field(self) -> str:
        """The name of the element or attribute that changed."""
        return self.path.rpartition("/")[2].removeprefix("@")


def compare(old: Wsdl, new: Wsdl) -> list[Change]:
    """All changes, those of one operation together, in the order of the old contract. Operations are compared for each version of SOAP."""
    found: list[Change] = []
    before, after = _operations(old), _operations(new)
    for key, (port, operation) in before.items():
        other = after.get(key)
        if other is None:
            spoken = [soap for (service, name, soap) in after if (service, name) == key[:2]]
            why = f"is spoken in SOAP {', '.join(spoken)} only" if spoken else "is no longer there"
            found.append(Change(BREAKING, operation.name, "", "", f"the operation {why}"))
            continue
        found += _Comparison(old.schemas, new.schemas, operation, other[1]).changes()
        if port.address != other[0].address:
            told = f"the address was {port.address or 'not given'} and is {other[0].address or 'not given'}"
            found.append(Change(COMPATIBLE, operation.name, "", "", told))
    for key, (_, operation) in after.items():
        if key not in before:
            found.append(Change(COMPATIBLE, operation.name, "", "", f"the operation is new (SOAP {key[2]})"))
    return list(dict.fromkeys(found))


def _operations(wsdl: Wsdl) -> dict[tuple[str, str, str], tuple[Port, Operation]]:
    """Operations by service, name and version of SOAP. A contract's only service may be renamed without anybody noticing."""
    services = {port.service for port in wsdl.ports}
    found: dict[tuple[str, str, str], tuple[Port, Operation]] = {}
    for port in wsdl.ports:
        for operation in port.operations.values():
            found.setdefault((port.service if len(services) > 1 else "", operation.name, port.soap), (port, operation))
    return found


class _Comparison:
    """One operation, old and new."""

    def __init__(self, old: Schemas, new: Schemas, before: Operation, after: Operation) -> None:
        self._old = old
        self._new = new
        self._before = before
        self._after = after
        self._open: set[tuple[str, str, str]] = set()

    def changes(self) -> Iterator[Change]:
        before, after = self._before, self._after
        if after.unusable and not before.unusable:
            yield self._change(BREAKING, "", "", f"the operation cannot be used any more: {after.unusable}")
            return
        for word, one, other in (
            ("style", f"{before.style}/{_use(before)}", f"{after.style}/{_use(after)}"),
            ("SOAPAction", before.action, after.action),
        ):
            if one != other:
                yield self._change(BREAKING, "", "", f"the {word} was {one or 'empty'} and is {other or 'empty'}")
        yield from self._content(REQUEST, before.input, after.input)
        if before.output is not None and after.output is not None:
            yield from self._content(ANSWER, before.output, after.output)
        elif before.output is not after.output:
            told = "is one-way now" if after.output is None else "answers now"
            yield self._change(BREAKING, "", "", f"the operation {told}")
        yield from self._headers(REQUEST, before.input_headers, after.input_headers)
        yield from self._headers(ANSWER, before.output_headers, after.output_headers)
        yield from self._faults()

    def _change(self, level: str, direction: str, path: str, message: str) -> Change:
        return Change(level, self._before.name, direction, path, message)

    def _content(self, direction: str, before: Content, after: Content) -> Iterator[Change]:
        if before.tags != after.tags:
            one, other = (", ".join(content.tags) or "empty" for content in (before, after))
            yield self._change(BREAKING, direction, "", f"the Body was {one} and is {other}")
            return
        if before.rpc:
            yield from self._type(direction, f"/{local(before.tag)}", before.type, after.type)
            return
        for part, now in zip(before.parts, after.parts, strict=True):
            yield from self._element(direction, f"/{local(part.tag)}", part.element, now.element)

    def _headers(self, direction: str, before: tuple[Part, ...], after: tuple[Part, ...]) -> Iterator[Change]:
        known, now = ({part.tag: part for part in parts} for parts in (before, after))
        for tag, part in known.items():
            if tag in now:
                yield from self._element(direction, f"/Header/{local(tag)}", part.element, now[tag].element)
            else:
                level = BREAKING if direction == REQUEST else CAUTION
                yield self._change(level, direction, f"/Header/{local(tag)}", "the header is no longer there")
        for tag in now.keys() - known.keys():
            yield self._change(CAUTION, direction, f"/Header/{local(tag)}", "the header is new")

    def _faults(self) -> Iterator[Change]:
        known = {part.tag: part for part in self._before.faults}
        now = {part.tag: part for part in self._after.faults}
        for tag, fault in known.items():
            if tag in now:
                yield from self._element(ANSWER, f"/{local(tag)}", fault.element, now[tag].element)
            else:
                yield self._change(COMPATIBLE, ANSWER, f"/{local(tag)}", "the fault is no longer there")
        for tag in now.keys() - known.keys():
            yield self._change(CAUTION, ANSWER, f"/{local(tag)}", "the fault is new")

    # Types

    def _element(self, direction: str, path: str, before: Element, after: Element) -> Iterator[Change]:
        if before.nillable and not after.nillable:
            level = BREAKING if direction == REQUEST else COMPATIBLE
            yield self._change(level, direction, path, "may no longer be nil")
        elif after.nillable and not before.nillable:
            level = COMPATIBLE if direction == REQUEST else CAUTION
            yield self._change(level, direction, path, "may be nil now")
        if before.fixed != after.fixed:
            told = (
                f"was fixed to {before.fixed!r} and is {after.fixed!r}"
                if after.fixed is not None
                else "is no longer fixed"
            )
            yield self._change(BREAKING if after.fixed is not None else CAUTION, direction, path, told)
        yield from self._type(direction, path, before.type, after.type)

    def _type(self, direction: str, path: str, before: str, after: str) -> Iterator[Change]:
        key = (before, after, direction)
        if key in self._open:
            return
        self._open.add(key)
        one, other = self._old.type(before), self._new.type(after)
        if isinstance(one, SimpleType) and isinstance(other, SimpleType):
            for worse, message in simple_changes(one, other, self._old, self._new):
                yield self._change(_level(direction, narrower=worse), direction, path, message)
        elif isinstance(one, ComplexType) and isinstance(other, ComplexType):
            yield from self._complex(direction, path, one, other)
        elif type(one) is not type(other):
            told = f"was {_kind(one)} and is {_kind(other)}"
            loose = (other is None and direction == REQUEST) or (one is None and direction == ANSWER)
            yield self._change(CAUTION if loose else BREAKING, direction, path, told)
        self._open.discard(key)

    def _complex(self, direction: str, path: str, before: ComplexType, after: ComplexType) -> Iterator[Change]:
        if bool(before.text) != bool(after.text):
            yield self._change(
                BREAKING, direction, path, "text became children" if before.text else "children became text"
            )
            return
        if before.text:
            yield from self._type(direction, path, before.text, after.text)
        if before.abstract != after.abstract:
            yield self._change(
                BREAKING, direction, path, "became abstract" if after.abstract else "is no longer abstract"
            )
        yield from self._attributes(direction, path, before, after)
        old, new = items_of(before), items_of(after)
        yield from self._order(direction, path, old, new)
        yield from self._gone_and_new(direction, path, old, new)
        for name, item in old.items():
            if name in new:
                yield from self._item(direction, f"{path}/{local(name)}", item, new[name])

    def _gone_and_new(
        self, direction: str, path: str, old: Mapping[str, Item], new: Mapping[str, Item]
    ) -> Iterator[Change]:
        added = [name for name in new if name not in old]
        for name, item in old.items():
            if name in new:
                continue
            moved = next((each for each in added if local(each) == local(name)), None)
            where = f"{path}/{local(name)}"
            if moved is not None:
                added.remove(moved)
                yield self._change(BREAKING, direction, where, f"was {name} and is {moved}")
            elif direction == REQUEST or item.low > 0:
                yield self._change(BREAKING, direction, where, "is no longer there")
            else:
                yield self._change(CAUTION, direction, where, "is no longer there")
        for name in added:
            required = new[name].low > 0
            where = f"{path}/{local(name)}"
            if direction == REQUEST:
                yield self._change(
                    BREAKING if required else COMPATIBLE,
                    direction,
                    where,
                    f"is new{' and required' if required else ''}",
                )
            else:
                yield self._change(CAUTION, direction, where, "is new")

    def _item(self, direction: str, path: str, before: Item, after: Item) -> Iterator[Change]:
        if before.low == 0 and after.low > 0:
            yield self._change(_level(direction, narrower=True), direction, path, "is required now")
        elif before.low > 0 and after.low == 0:
            # An answer that lacks what the old contract promised breaks whoever counts on it.
            yield self._change(COMPATIBLE if direction == REQUEST else BREAKING, direction, path, "is optional now")
        elif before.low != after.low:
            told = f"must stand {after.low} times, was {before.low}"
            yield self._change(_level(direction, narrower=after.low > before.low), direction, path, told)
        if before.many != after.many:
            told = "stands once now, was a list" if before.many else "is a list now, stood once"
            level = BREAKING if before.many or direction == ANSWER else COMPATIBLE
            yield self._change(level, direction, path, told)
        elif before.high != after.high:
            told = f"stands at most {_times(after.high)}, was {_times(before.high)}"
            yield self._change(_level(direction, narrower=after.high < before.high), direction, path, told)
        if before.choice != after.choice:
            told = "is one of a choice now" if after.choice else "is no longer one of a choice"
            yield self._change(BREAKING, direction, path, told)
        yield from self._element(direction, path, before.element, after.element)

    def _order(self, direction: str, path: str, old: Mapping[str, Item], new: Mapping[str, Item]) -> Iterator[Change]:
        """Members of a sequence that changed places: writers of the old order are refused."""
        one = [name for name, item in old.items() if name in new and item.ordered and new[name].ordered]
        other = [name for name in new if name in set(one)]
        if one != other:
            told = ", ".join(local(name) for name in other[:8])
            yield self._change(BREAKING, direction, path, f"the order of the elements is another: {told}")

    def _attributes(self, direction: str, path: str, before: ComplexType, after: ComplexType) -> Iterator[Change]:
        old, new = ({each.tag: each for each in one.attributes} for one in (before, after))
        for tag, attribute in old.items():
            where = f"{path}/@{local(tag)}"
            if tag not in new:
                if after.any_attribute:
                    continue
                gone = BREAKING if direction == REQUEST or attribute.required else CAUTION
                yield self._change(gone, direction, where, "is no longer there")
                continue
            if attribute.required != new[tag].required:
                told = "is required now" if new[tag].required else "is optional now"
                worse = (
                    BREAKING
                    if direction == ANSWER and not new[tag].required
                    else _level(direction, narrower=new[tag].required)
                )
                yield self._change(worse, direction, where, told)
            yield from self._type(direction, where, attribute.type, new[tag].type)
        for tag in new.keys() - old.keys():
            required = new[tag].required
            level = (BREAKING if required else COMPATIBLE) if direction == REQUEST else CAUTION
            yield self._change(
                level, direction, f"{path}/@{local(tag)}", f"is new{' and required' if required else ''}"
            )


def _level(direction: str, *, narrower: bool) -> str:
    """How bad it is that fewer (``narrower``) or more messages are allowed."""
    if direction == REQUEST:
        return BREAKING if narrower else COMPATIBLE
    return COMPATIBLE if narrower else CAUTION


def _use(operation: Operation) -> str:
    return "encoded" if operation.encoded else "literal"


def _times(high: float) -> str:
    return "any number of times" if high == float("inf") else f"{high:.0f} times"


def _kind(found: object) -> str:
    if isinstance(found, SimpleType):
        return f"text ({found.builtin})"
    return f"the type {local(found.key)}" if isinstance(found, ComplexType) else "any type"
