"""The content of a complex type, compiled: fields and the groups they stand in, each able to write itself from a dict and to read itself back.

XML Schema content models are deterministic (the "unique particle attribution" rule), so reading needs one element of look-ahead and no backtracking.
All of this is immutable once built and shared by threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from adapters.soap.names import XSI_NIL

if TYPE_CHECKING:
    from esb.xml import Element

MISSING: Final = object()
ANY: Final = "$any"
"""Key of what an ``xs:any`` let in: a list of ``{"{namespace}name": data}`` for known elements and of XML text for others."""


@dataclass(slots=True)
class Problem:
    """What is wrong with data that is to be sent. ``path`` is built from the inside out, while the writers return."""

    message: str
    path: list[str] = field(default_factory=list)

    def report(self, root: str) -> dict[str, Any]:
        """One entry of a validation report."""
        return {"path": "/" + "/".join([root, *reversed(self.path)]), "message": self.message}


Problems = list[Problem]


def within(problems: Problems, mark: int, step: str) -> None:
    """Put ``step`` before the path of every problem found since ``mark``."""
    for problem in problems[mark:]:
        problem.path.append(step)


@dataclass(slots=True, eq=False)
class Codec:
    """How the content of an element of one type is read and written. Filled in after it is made, since types refer to themselves."""

    name: str = ""
    """Of the type, if it has one that ``xsi:type`` can carry."""
    key: str = ""
    """Of the type in the contract's model."""
    read: Callable[[Element], Any] = field(init=False)
    write: Callable[[Element, Any, Problems], None] = field(init=False)
    fields: list[Field] = field(default_factory=list)
    namespaces: set[str] = field(default_factory=set)
    is_list: bool = False
    """A simple list type: a Python list is one value."""


class Particle(Protocol):
    """A field or a group of them."""

    keys: frozenset[str]
    required: frozenset[str]
    first: frozenset[str]

    def write(self, parent: Element, data: dict[str, Any], problems: Problems, *, needed: bool) -> None:
        """Append elements for what ``data`` holds; ``needed`` is False where leaving everything out is fine."""

    def match(self, children: Sequence[Element], at: int, out: dict[str, Any]) -> int:
        """Read from ``children[at:]`` what belongs to this particle; the position after it."""


class Field:
    """One element: its tag, its key in the dict, how often it may stand and how its content is read and written."""

    __slots__ = ("alternatives", "codec", "first", "key", "keys", "many", "nillable", "read", "required", "tag")

    def __init__(
        self,
        tag: str,
        key: str,
        codec: Codec,
        *,
        required: bool,
        many: bool,
        nillable: bool,
        alternatives: Sequence[Field] = (),
    ) -> None:
        self.tag = tag
        self.key = key
        self.codec = codec
        self.many = many
        self.nillable = nillable
        self.alternatives = tuple(alternatives)
        self.keys = frozenset([key, *(other.key for other in alternatives)])
        self.required = self.keys if required and not alternatives else frozenset()
        self.first = frozenset([tag, *(other.tag for other in alternatives)])
        self.read = self._nil_or_value if nillable else self._value

    def _value(self, node: Element) -> Any:
        return self.codec.read(node)

    def _nil_or_value(self, node: Element) -> Any:
        return None if node.get(XSI_NIL) in {"true", "1"} else self.codec.read(node)

    def write(self, parent: Element, data: dict[str, Any], problems: Problems, *, needed: bool) -> None:
        value = data.get(self.key, MISSING)
        if value is MISSING:
            given = [other for other in self.alternatives if other.key in data]
            for other in given:
                other.write(parent, data, problems, needed=False)
            if needed and self.required and not given:
                problems.append(Problem("is missing", [self.key]))
            return
        mark = len(problems)
        if not self.many:
            if isinstance(value, (list, tuple)) and not self.codec.is_list:
                problems.append(Problem("takes one value, not a list"))
            else:
                self.write_one(parent, value, problems, needed=needed)
            if len(problems) > mark:
                within(problems, mark, self.key)
            return
        items = value if isinstance(value, (list, tuple)) else () if value is None and not self.nillable else (value,)
        for number, item in enumerate(items, 1):
            self.write_one(parent, item, problems, needed=True)
            if len(problems) > mark:
                within(problems, mark, f"{self.key}[{number}]")
                mark = len(problems)

    def write_one(self, parent: Element, value: Any, problems: Problems, *, needed: bool = True) -> None:
        """One element with this value; None is ``xsi:nil`` where the schema has it, nothing where the element is optional."""
        from lxml.etree import SubElement

        if value is None:
            if self.nillable:
                SubElement(parent, self.tag).set(XSI_NIL, "true")
            elif needed and (self.required or self.many):
                problems.append(Problem("must have a value, not None (the schema does not let it be nil)"))
            return
        self.codec.write(SubElement(parent, self.tag), value, problems)

    def match(self, children: Sequence[Element], at: int, out: dict[str, Any]) -> int:
        while at < len(children):
            tag = children[at].tag
            found = self if tag == self.tag else next((other for other in self.alternatives if other.tag == tag), None)
            if found is None:
                break
            value = found.read(children[at])
            at += 1
            if not found.many:
                out[found.key] = value
                break
            out.setdefault(found.key, []).append(value)
        return at


class Group:
    """A sequence, or an ``xs:all``, whose members are told apart by name and so may be read in any order."""

    __slots__ = ("first", "keys", "members", "optional", "required")

    def __init__(self, members: Sequence[Particle], *, optional: bool = False) -> None:
        self.members = tuple(members)
        self.optional = optional
        self.keys = frozenset().union(*(member.keys for member in members))
        self.required = frozenset() if optional else frozenset().union(*(member.required for member in members))
        self.first = frozenset().union(*(member.first for member in members))

    def write(self, parent: Element, data: dict[str, Any], problems: Problems, *, needed: bool) -> None:
        if self.optional:
            needed = not self.keys.isdisjoint(data)
        for member in self.members:
            member.write(parent, data, problems, needed=needed)

    def match(self, children: Sequence[Element], at: int, out: dict[str, Any]) -> int:
        for member in self.members:
            at = member.match(children, at, out)
        return at


class Choice:
    """One of several. Which one, the keys that are given tell."""

    __slots__ = ("first", "keys", "members", "optional", "required")

    def __init__(self, members: Sequence[Particle], *, optional: bool = False) -> None:
        self.members = tuple(members)
        self.optional = optional
        self.keys = frozenset().union(*(member.keys for member in members))
        self.required: frozenset[str] = frozenset()
        self.first = frozenset().union(*(member.first for member in members))

    def write(self, parent: Element, data: dict[str, Any], problems: Problems, *, needed: bool) -> None:
        given = frozenset(key for key in self.keys & data.keys() if data[key] is not None)
        if not given:
            given = self.keys & data.keys()  # only None: a nillable member, or nothing
        if not given:
            if (
                needed
                and not self.optional
                and not any(not member.required and isinstance(member, Group) for member in self.members)
            ):
                problems.append(Problem(f"one of {', '.join(sorted(self.keys))} is missing"))
            return
        fitting = [member for member in self.members if given <= member.keys]
        if not fitting:
            problems.append(Problem(f"only one of these may be given: {', '.join(sorted(given))}"))
            return
        chosen = next((member for member in fitting if member.required <= given), fitting[0])
        chosen.write(parent, data, problems, needed=True)

    def match(self, children: Sequence[Element], at: int, out: dict[str, Any]) -> int:
        if at < len(children):
            tag = children[at].tag
            for member in self.members:
                if tag in member.first:
                    return member.match(children, at, out)
            for member in self.members:
                if isinstance(member, Wildcard):
                    return member.match(children, at, out)
        return at


class Repeat:
    """A group that may stand several times: a list of dicts under ``$items``, since the order between its members matters."""

    __slots__ = ("first", "group", "key", "keys", "required")

    def __init__(self, group: Particle, key: str, *, required: bool) -> None:
        self.group = group
        self.key = key
        self.keys = frozenset([key])
        self.required = self.keys if required else frozenset()
        self.first = group.first

    def write(self, parent: Element, data: dict[str, Any], problems: Problems, *, needed: bool) -> None:
        items = data.get(self.key)
        if items is None:
            if needed and self.required:
                problems.append(Problem("is missing", [self.key]))
            return
        if not isinstance(items, (list, tuple)) or not all(isinstance(item, dict) for item in items):
            problems.append(Problem("is a list of dicts, one for each time the group stands", [self.key]))
            return
        for number, item in enumerate(items, 1):
            mark = len(problems)
            unknown(item, self.group.keys, problems)
            self.group.write(parent, item, problems, needed=True)
            within(problems, mark, f"{self.key}[{number}]")

    def match(self, children: Sequence[Element], at: int, out: dict[str, Any]) -> int:
        items = []
        while at < len(children) and children[at].tag in self.first:
            item: dict[str, Any] = {}
            after = self.group.match(children, at, item)
            if after == at:
                break
            items.append(item)
            at = after
        if items:
            out[self.key] = items
        return at


class Wildcard:
    """``xs:any``. ``read_any`` and ``write_any`` know the contract's global elements."""

    __slots__ = ("first", "keys", "named", "read_any", "required", "write_any")

    def __init__(self, read_any: Callable[[Element], Any], write_any: Callable[[Element, Any, Problems], None]) -> None:
        self.read_any = read_any
        self.write_any = write_any
        self.keys = frozenset([ANY])
        self.required: frozenset[str] = frozenset()
        self.first: frozenset[str] = frozenset()
        self.named: frozenset[str] = frozenset()
        """Tags that fields of the same type take, set when the type is complete."""

    def write(self, parent: Element, data: dict[str, Any], problems: Problems, *, needed: bool) -> None:
        _ = needed
        items = data.get(ANY)
        for number, item in enumerate(
            items if isinstance(items, (list, tuple)) else () if items is None else (items,), 1
        ):
            mark = len(problems)
            self.write_any(parent, item, problems)
            within(problems, mark, f"{ANY}[{number}]")

    def match(self, children: Sequence[Element], at: int, out: dict[str, Any]) -> int:
        while at < len(children) and children[at].tag not in self.named:
            out.setdefault(ANY, []).append(self.read_any(children[at]))
            at += 1
        return at


def unknown(data: dict[str, Any], known: frozenset[str], problems: Problems) -> None:
    """Report keys that nothing takes."""
    from esb.errors import did_you_mean

    for key in data.keys() - known:
        hint = did_you_mean(str(key), sorted(known))
        problems.append(Problem(f"is not known{'; ' + hint if hint else ''}", [str(key)]))


def fields_of(particle: Any) -> Iterator[Field]:
    """Every field in a particle, those that may stand for another included."""
    if isinstance(particle, Field):
        yield particle
        yield from particle.alternatives
    elif isinstance(particle, Repeat):
        yield from fields_of(particle.group)
    elif isinstance(particle, (Group, Choice)):
        for member in particle.members:
            yield from fields_of(member)
