"""What a message is cut into: the items of a value, as Camel's splitter sees them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from esb.coerce import Source, inner, is_element
from esb.exchange import Message

_OUTSIDE_PARENTHESES: Final = re.compile(r",(?![^()]*\))")


class Entry:
    """One key and value of a map that was split: ``${body.key}``, ``${body.value}``; its text is ``key=value``."""

    __slots__ = ("key", "value")

    def __init__(self, key: Any, value: Any) -> None:
        self.key = key
        self.value = value

    def __str__(self) -> str:
        return f"{inner(self.key)}={inner(self.value)}"

    def __repr__(self) -> str:
        return f"Entry({self.key!r}, {self.value!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and (self.key, self.value) == (other.key, other.value)

    def __hash__(self) -> int:
        return hash((Entry, self.key))


class Parts(NamedTuple):
    """Items, without those that are None, and their number where it is known without reading them."""

    items: Iterable[Any]
    total: int | None
    messages: bool = False
    """Whether an item may be a Message, which then is the part's, headers and all (entries of an archive, a group of messages)."""


def cutter(delimiter: str | None) -> Callable[[str], list[str]]:
    """How plain text is cut: at the delimiter (a comma unless given, ``false`` not at all).

    One empty part at each end is dropped, inner ones stay. The comma leaves parentheses alone, for texts such as ``a(1,2),b``.
    """
    if delimiter is not None and delimiter.strip().lower() in {"false", "single"}:
        return lambda text: [text] if text else []
    mark = delimiter or ","

    def cut(text: str) -> list[str]:
        if not text.strip():
            return []
        found = _OUTSIDE_PARENTHESES.split(text) if mark == "," and "(" in text else text.split(mark)
        if len(found) > 1:
            found = found[(not found[0]) : len(found) - (not found[-1])]
        return found

    return cut


def parts(value: Any, cut: Callable[[str], list[str]]) -> Parts:
    """The items of a value: of a list, an iterator (read as it is used), a map (entries), text cut by ``cut``; anything else is one item."""
    if value is None:
        return Parts((), 0)
    if isinstance(value, str):
        cut_text = cut(value)
        return Parts(cut_text, len(cut_text))
    if isinstance(value, Mapping):
        return Parts([Entry(key, item) for key, item in value.items()], len(value))
    if isinstance(value, (list, tuple)):
        if any(item is None for item in value):  # ``in`` would ask items for equality, and some answer strangely
            value = [item for item in value if item is not None]
        return Parts(value, len(value), bool(value) and isinstance(value[0], Message))
    if _is_one(value):
        return Parts((value,), 1)
    return Parts(_present(iter(value)), None, getattr(value, "messages", False))


def _is_one(value: Any) -> bool:
    if isinstance(value, (bytes, bytearray, memoryview)) or is_element(value) or isinstance(value, Source):
        return True
    return hasattr(value, "read") or not hasattr(value, "__iter__")


def _present(items: Iterator[Any]) -> Iterator[Any]:
    return (item for item in items if item is not None)
