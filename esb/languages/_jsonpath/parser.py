"""Paths in Jayway's dialect (com.jayway.jsonpath 2.x, as Camel uses it) to tokens.

It follows Jayway's own compiler sign by sign, since routes rely on what it lets pass: a path without ``$`` gets one, a final bracket that
opens nothing is ignored, ``[?(...)]`` may hold blanks. Recorded with the real one; see the tests.
"""

from __future__ import annotations

import json
import re
from typing import Final

from esb.languages._jsonpath import filters
from esb.languages._jsonpath.characters import Characters, unescape
from esb.languages._jsonpath.errors import InvalidPathException
from esb.languages._jsonpath.tokens import (
    Filter,
    Function,
    Index,
    Literal,
    Property,
    Scan,
    Slice,
    Subpath,
    Token,
    Wildcard,
)

MAX_LENGTH: Final = 10_000
MAX_TOKENS: Final = 200
MAX_NESTING: Final = 20
"""Paths inside filters inside paths; with the above it bounds the recursion of parser and evaluator."""

_SLICE: Final = re.compile(r"(-?\d*):(-?\d*)(?::-?\d*)?")
_INDEXES: Final = re.compile(r"\s*-?\d{1,10}\s*(?:,\s*-?\d{1,10}\s*)*")


def parse(text: str, nesting: int = 0) -> Subpath:
    """The tokens of a path. Raises InvalidPathException."""
    if len(text) > MAX_LENGTH or nesting > MAX_NESTING:
        raise InvalidPathException(f"the path is longer than {MAX_LENGTH} signs or nested deeper than {MAX_NESTING}")
    if not text.strip():
        raise InvalidPathException("the path is empty")
    chars = Characters(text)
    if chars.current not in {"$", "@"}:
        chars = Characters("$." + text)
    if chars.at(chars.end) == ".":
        raise InvalidPathException(f"the path {text!r} must not end with a dot")
    return _Parser(chars, nesting).path()


class _Parser:
    def __init__(self, chars: Characters, nesting: int) -> None:
        self.chars = chars
        self.nesting = nesting
        self.tokens: list[Token] = []

    def fail(self, why: str) -> InvalidPathException:
        return InvalidPathException(f"{why} at position {self.chars.place} of the path {self.chars.text!r}")

    def path(self) -> Subpath:
        root = self.chars.current == "$"
        if not self.chars.is_tail:
            self.chars.place += 1
            if self.chars.current not in {".", "["}:
                raise self.fail("expected '.' or '['")
            self.next_token()
            while not self.chars.is_tail:
                self.next_token()
        return Subpath(tuple(self.tokens), root)

    def add(self, token: Token) -> None:
        self.tokens.append(token)
        if len(self.tokens) > MAX_TOKENS:
            raise InvalidPathException(f"the path has more than {MAX_TOKENS} parts")

    def next_token(self) -> None:
        match self.chars.current:
            case "[":
                if not (self.names() or self.numbers() or self.wildcard() or self.filter()):
                    raise self.fail("expected a name in quotes, a number, * or ?(...)")
            case ".":
                self.dots()
            case "*":
                self.wildcard()
            case _:
                self.name_or_function()

    def dots(self) -> None:
        if self.chars.at(self.chars.place + 1) == ".":
            self.add(Scan())
            self.chars.place += 1
        self.chars.place += 1
        if self.chars.current == ".":
            raise self.fail("one dot too many")
        self.next_token()

    def name_or_function(self) -> None:
        chars = self.chars
        start = chars.place
        if chars.current in {"", " "}:
            raise self.fail("expected a name")
        end = start
        while chars.at(end) not in {"", ".", "[", "("}:
            if chars.at(end) == " ":
                raise self.fail("a name with blanks must be written ['like this'],")
            end += 1
        name = chars.slice(start, end)
        chars.place = end
        if chars.at(end) != "(":
            self.add(Property((name,)))
            return
        closing = chars.closing(end, "(", ")", patterns=False)
        if closing < 0:
            raise self.fail(f"the arguments of {name}() are not closed,")
        # The name of the function is checked where it is compiled.
        self.add(Function(name, tuple(self.parameters(chars.slice(end + 1, closing)))))
        chars.place = closing + 1

    def parameters(self, text: str) -> list[Literal | Subpath]:
        """JSON values and paths; anything else is passed over, as Jayway does."""
        found: list[Literal | Subpath] = []
        for part in _split(text):
            if part[0] in "$@":
                found.append(parse(part, self.nesting + 1))
            elif part[0] in '{"-' or part[0].isdigit():
                try:
                    found.append(Literal(json.loads(part)))
                except ValueError:
                    raise self.fail(f"the argument {part!r} is not JSON,") from None
        return found

    def names(self) -> bool:
        """``['a', "b"]``."""
        chars = self.chars
        place = chars.next_significant(chars.place)
        quote = chars.at(place)
        if quote not in {"'", '"'}:
            return False
        names: list[str] = []
        while True:
            end = chars.unescaped(place, quote)
            if chars.at(place) != quote or end < 0:
                raise self.fail(f"the closing {quote} of a name is missing")
            names.append(unescape(chars.slice(place + 1, end)))
            place = chars.next_significant(end)
            if chars.at(place) == "]":
                break
            if chars.at(place) != ",":
                raise self.fail("names must be parted by commas and closed by ]")
            place = chars.next_significant(place)
        chars.place = place + 1
        self.add(Property(tuple(names), quote))
        return True

    def numbers(self) -> bool:
        """``[0]``, ``[0,2]``, ``[1:3]``."""
        chars = self.chars
        first = chars.at(chars.next_significant(chars.place))
        end = chars.text.find("]", chars.place)
        if not (first.isdigit() or first in {"-", ":"}) or end < 0 or end > chars.end:
            return False
        inner = chars.slice(chars.place + 1, end).strip()
        if not re.fullmatch(r"[-0-9,: ]+", inner):
            return False
        sliced = _SLICE.fullmatch(inner)
        if sliced and (sliced[1] or sliced[2]):
            try:
                self.add(Slice(*(int(part) if part else None for part in (sliced[1], sliced[2]))))
            except ValueError:
                raise self.fail(f"{inner!r} is no slice,") from None
        elif _INDEXES.fullmatch(inner):
            self.add(Index(tuple(int(part) for part in inner.split(","))))
        else:
            raise self.fail(f"{inner!r} is neither a slice nor a list of indexes,")
        chars.place = end + 1
        return True

    def wildcard(self) -> bool:
        chars = self.chars
        if chars.current == "[":
            star = chars.after(chars.place, "*")
            if star < 0:
                return False
            end = chars.after(star, "]")
            if end < 0:
                raise self.fail("* must be closed by ]")
            chars.place = end
        chars.place += 1
        self.add(Wildcard())
        return True

    def filter(self) -> bool:
        chars = self.chars
        mark = chars.after(chars.place, "?")
        opened = chars.after(mark, "(") if mark >= 0 else -1
        closed = chars.closing(opened, "(", ")", patterns=True) if opened >= 0 else -1
        end = chars.after(closed, "]") if closed >= 0 else -1
        if end < 0:
            return False
        self.add(Filter(filters.parse(chars.slice(opened, closed + 1), self.nesting)))
        chars.place = end + 1
        return True


def _split(text: str) -> list[str]:
    """Arguments at the commas that stand in no bracket and no string."""
    parts: list[str] = []
    depth, start, place = 0, 0, 0
    chars = Characters.__new__(Characters)
    chars.text, chars.place, chars.end = text, 0, len(text) - 1
    while place < len(text):
        sign = text[place]
        if sign in "'\"":
            end = chars.unescaped(place, sign)
            place = end if end >= 0 else len(text)
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif sign == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
        place += 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]
