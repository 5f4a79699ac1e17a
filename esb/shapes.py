"""What is known of a value before any message comes: for checks that find, without running a route, that a step does not take another's body.

A shape never claims more than is certain: what is not known is :data:`UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything."""


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Constant:
    """Exactly this scalar."""

    value: Any


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value of a Python type: ``str``, ``int``, ``Decimal``, ``float``, ``bool``, ``date``, ``datetime``, ``time``, ``bytes``.

    ``values``: one of these, if there are any.
    """

    kind: type
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A key of a map. ``always``: it is there in every such value."""

    shape: Shape
    always: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """A map. ``open``: it may have more keys than these."""

    members: Mapping[str, Member]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list of any length, its items alike."""

    item: Shape


@dataclass(frozen=True, slots=True)
class Fixed:
    """A list of exactly these items."""

    items: tuple[Shape, ...]


Shape = Unknown | Constant | Scalar | Record | Items | Fixed


@runtime_checkable
class Checked(Protocol):
    """An endpoint that knows which bodies it takes and gives. Nothing here may do I/O beyond reading files of the project."""

    uri: str

    def takes(self, body: Shape) -> Sequence[str]:
        """What is wrong with every body of this shape, when it is sent here; empty if some such body is fine."""

    def gives(self) -> Shape:
        """What the body is after the message was sent here."""

    def brings(self) -> Shape:
        """What the body is of messages that come from here."""

    def takes_back(self, body: Shape) -> Sequence[str]:
        """What is wrong with every body of this shape, as the answer to a message that came from here."""


def merged(one: Shape, other: Shape) -> Shape:
    """What is known of a value that is one or the other."""
    if one == other:
        return one
    if isinstance(one, Record) and isinstance(other, Record):
        return Record(
            {
                name: Member(
                    merged(one.members[name].shape, other.members[name].shape),
                    one.members[name].always and other.members[name].always,
                )
                if name in one.members and name in other.members
                else Member(UNKNOWN if (one if name in other.members else other).open else each.shape, always=False)
                for name, each in {**one.members, **other.members}.items()
            },
            open=one.open or other.open,
        )
    return UNKNOWN
