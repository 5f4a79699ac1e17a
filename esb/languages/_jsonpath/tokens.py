"""What a JSON path is made of: the parser's result. All immutable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Property:
    """``.name``, ``['name']`` or ``['a','b']``."""

    names: tuple[str, ...]
    quote: str = "'"


@dataclass(frozen=True, slots=True)
class Index:
    """``[0]`` or ``[0,2]``; negative ones count from the end."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """``[1:3]``, ``[1:]``, ``[:3]``; a step is read and ignored, as Jayway does."""

    start: int | None
    stop: int | None


@dataclass(frozen=True, slots=True)
class Wildcard:
    """``.*`` or ``[*]``."""


@dataclass(frozen=True, slots=True)
class Scan:
    """``..``: what follows is looked for at every depth."""


@dataclass(frozen=True, slots=True)
class Filter:
    """``[?(condition)]``."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Function:
    """``.length()`` or ``.sum(1, $.x)``: parameters are JSON values or paths."""

    name: str
    parameters: tuple[Literal | Subpath, ...] = ()


Token = Property | Index | Slice | Wildcard | Scan | Filter | Function


@dataclass(frozen=True, slots=True)
class Subpath:
    """A path inside a filter or among a function's parameters. ``root``: it begins with ``$``. ``negated``: ``!`` stands before it."""

    tokens: tuple[Token, ...]
    root: bool
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in a filter or among parameters."""

    value: Any


@dataclass(frozen=True, slots=True)
class Pattern:
    """``/expression/flags``."""

    expression: str
    flags: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator right``."""

    left: Value
    operator: str
    right: Value


@dataclass(frozen=True, slots=True)
class Exists:
    """A path alone: whether it leads anywhere (or not, if negated)."""

    path: Subpath


@dataclass(frozen=True, slots=True)
class Logical:
    """``&&`` or ``||`` of two or more conditions."""

    every: bool
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """``!(condition)``."""

    part: Condition


Value = Subpath | Literal | Pattern
Condition = Comparison | Exists | Logical | Negation


def definite(tokens: tuple[Token, ...]) -> bool:
    """Whether there can be one result only, so that a missing one is an error."""
    return definite_before(tokens, len(tokens))


def definite_before(tokens: tuple[Token, ...], place: int) -> bool:
    """Whether what stands before one token leads to one value at most."""
    return all(definite_at(tokens, one) for one in range(place))


def definite_at(tokens: tuple[Token, ...], place: int) -> bool:
    """Whether one token gives at most one result. Several names at the end make one map."""
    match tokens[place]:
        case Property(names):
            return len(names) == 1 or place == len(tokens) - 1
        case Index(numbers):
            return len(numbers) == 1
        case Function():
            return True
        case _:
            return False


def text_of(tokens: tuple[Token, ...]) -> str:
    """The path in its canonical form, for messages."""
    return "$" + "".join(_fragment(token) for token in tokens)


def _fragment(token: Token) -> str:
    match token:
        case Property(names, quote):
            return "[" + ",".join(f"{quote}{name}{quote}" for name in names) + "]"
        case Index(numbers):
            return f"[{','.join(map(str, numbers))}]"
        case Slice(start, stop):
            return f"[{'' if start is None else start}:{'' if stop is None else stop}]"
        case Wildcard():
            return "[*]"
        case Scan():
            return ".."
        case Filter():
            return "[?]"
        case Function(name):
            return f".{name}()"
