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

    parts: tuple[Text | Function | Counted, ...]


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


Node = Text | Function | Counted | Value | Template | Binary | Logical


class SyntaxFault(Exception):
    """A text that is not simple's; ``at`` is the offset of the fault, ``hint`` how to mend it. The language translates it."""

    def __init__(self, message: str, at: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.hint = hint
