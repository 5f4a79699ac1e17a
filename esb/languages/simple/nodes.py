"""The parts of a parsed simple expression. ``at`` is the offset of a part in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text."""

    value: str


@dataclass(frozen=True, slots=True)
class Function:
    """``${...}``: what stands between the braces, escapes resolved; functions inside it are still text."""

    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A function with ``++`` or ``--`` behind it."""

    function: Function
    step: int


@dataclass(frozen=True, slots=True)
class Value:
    """A number, a truth value or null, written without quotes."""

    value: Any


@dataclass(frozen=True, slots=True)
class Template:
    """Parts that are joined as text; a single part keeps its type."""

    parts: tuple[Text | Function | Counted | Value | Template | Chain | Elvis, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """``~>``: each step works on what the one before gave, as if it were the body; ``?~>`` (``safe``) ends the chain where there is nothing."""

    first: Node
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One function of a chain."""

    safe: bool
    function: Function


@dataclass(frozen=True, slots=True)
class Elvis:
    """``?:``: the left value unless it is nothing, false, zero or empty; else the right one."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Ternary:
    """``test ? then : otherwise``, inside the braces of a function."""

    test: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Not:
    """``!`` in front of a function in a predicate."""

    function: Function


@dataclass(frozen=True, slots=True)
class Binary:
    """Two values and an operator between them."""

    operator: str
    left: Node
    right: Node
    at: int


@dataclass(frozen=True, slots=True)
class Logical:
    """``&&`` (``every``) or ``||`` over two parts."""

    every: bool
    left: Node
    right: Node


Node = Text | Function | Counted | Value | Template | Binary | Logical | Chain | Elvis | Ternary | Not


class SyntaxFault(Exception):
    """A text that is not simple's; ``at`` is the offset of the fault, ``hint`` how to mend it. The language translates it."""

    def __init__(self, message: str, at: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.hint = hint
