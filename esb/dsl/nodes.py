"""YAML as nodes that know where they stand: what the reader makes and the parser of routes consumes.

Scalars keep their text, since an expression ``1.50`` or ``yes`` is that text; :func:`to_python` gives plain data where data is meant.
All nodes are immutable, so an anchor's node may stand in several places of a tree (it keeps the position of the anchor).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from esb.errors import NOWHERE, Position


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One text. ``style`` is empty for plain text, else the sign that opened it (``'``, ``"``, ``|``, ``>``).

    ``tag`` is the short name of an explicit standard tag (``str`` for ``!!str 12``), else empty.
    """

    text: str
    at: Position = NOWHERE
    style: str = ""
    tag: str = ""

    @property
    def quoted(self) -> bool:
        """Whether it is a string by its notation, whatever it looks like."""
        return bool(self.style)

    @property
    def is_null(self) -> bool:
        """Whether it stands for nothing: no text at all, ``null`` or ``~``, unquoted."""
        return to_python(self) is None

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        return repr(shown) if self.text or self.style else "nothing"


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list; iterating gives its items."""

    items: tuple[Node, ...] = ()
    at: Position = NOWHERE

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __bool__(self) -> bool:
        return True  # a node that is there is true, also an empty one: `if node.get("steps")` asks for presence

    def __str__(self) -> str:
        return f"a list of {len(self.items)}"


@dataclass(frozen=True, slots=True)
class MapNode:
    """A map in the order as written, keys unique; iterating gives pairs of key (a scalar) and value."""

    entries: tuple[tuple[ScalarNode, Node], ...] = ()
    at: Position = NOWHERE

    def get(self, key: str) -> Node | None:
        """The value under a key's text, or None."""
        for name, value in self.entries:
            if name.text == key:
                return value
        return None

    def key(self, key: str) -> ScalarNode | None:
        """The key's own node, for its position, or None."""
        for name, _ in self.entries:
            if name.text == key:
                return name
        return None

    def keys(self) -> list[str]:
        """The texts of the keys in order."""
        return [name.text for name, _ in self.entries]

    def without(self, *keys: str) -> MapNode:
        """The same map without some keys."""
        return MapNode(tuple(entry for entry in self.entries if entry[0].text not in keys), self.at)

    def __contains__(self, key: object) -> bool:
        return any(name.text == key for name, _ in self.entries)

    def __iter__(self) -> Iterator[tuple[ScalarNode, Node]]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __bool__(self) -> bool:
        return True  # as ListNode

    def __str__(self) -> str:
        names = self.keys()
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        return f"a map with {shown}" if names else "an empty map"


Node = ScalarNode | ListNode | MapNode

_WORDS: Final[dict[str, bool | None]] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_FLOAT_WORDS: Final = {
    f"{sign}{dot}": float(f"{sign}{dot[1:]}")
    for sign in ("", "+", "-")
    for dot in (".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN")
}
# No leading zeros (`012` is a string for Camel's parser) and no more digits than Python converts.
_INT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,4000})")
_OCTAL: Final = re.compile(r"0o[0-7]{1,4000}")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]{1,4000}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*|(?=[eE])))(?:[eE][-+]?[0-9]+)?")


def scalar_value(text: str) -> str | int | float | bool | None:
    """What a plain scalar stands for in YAML 1.2's core schema: only null, booleans, integers and floats are not text.

    So ``yes``, ``on``, ``1:30``, ``012``, ``1_000`` and dates are strings.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":  # nothing else can begin a number
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        return int(text, 0)
    return _FLOAT_WORDS.get(text, text)


def to_python(node: Node | None) -> Any:
    """Plain Python data: dict, list, str, int, float, bool, None. Keys are always text. None for a missing node."""
    match node:
        case None:
            return None
        case ScalarNode():
            if node.style or node.tag == "str":
                return node.text
            return scalar_value(node.text)
        case ListNode():
            return [to_python(item) for item in node.items]
        case MapNode():
            return {key.text: to_python(value) for key, value in node.entries}
