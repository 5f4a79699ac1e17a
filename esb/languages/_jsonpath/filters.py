"""Filter conditions, ``(@.price < 10 && @.tag in ['a', 'b'])``, to tokens; as Jayway's filter compiler reads them."""

from __future__ import annotations

import re
from typing import Any, Final

from esb.languages._jsonpath import parser
from esb.languages._jsonpath.characters import Characters, unescape
from esb.languages._jsonpath.errors import InvalidPathException
from esb.languages._jsonpath.tokens import (
    Comparison,
    Condition,
    Exists,
    Literal,
    Logical,
    Negation,
    Pattern,
    Subpath,
    Value,
)

OPERATORS: Final = frozenset(
    {
        *("==", "===", "!=", "!==", "<", "<=", ">", ">=", "=~"),
        *("in", "nin", "contains", "all", "size", "empty", "subsetof", "anyof", "noneof", "type", "matches"),
    }
)
_SIGNS: Final = frozenset("<>=~!")
_NUMBER: Final = re.compile(r"-?\d{1,400}(?:\.\d{1,400})?(?:[eE][-+]?\d{1,4})?")
_WORDS: Final = {"true": True, "false": False, "null": None}


def parse(text: str, nesting: int) -> Condition:
    """The condition in a text that begins and ends with parentheses. Raises InvalidPathException."""
    reader = _Reader(Characters(text), nesting)
    condition = reader.either()
    reader.chars.skip_blanks()
    if reader.chars.inside:
        raise reader.fail("the filter should end")
    return condition


class _Reader:
    def __init__(self, chars: Characters, nesting: int) -> None:
        self.chars = chars
        self.nesting = nesting
        self.depth = 0

    def fail(self, why: str) -> InvalidPathException:
        return InvalidPathException(f"{why} at position {self.chars.place} of the filter {self.chars.text!r}")

    def either(self) -> Condition:
        return self.joined("||", self.both, every=False)

    def both(self) -> Condition:
        return self.joined("&&", self.operand, every=True)

    def joined(self, sign: str, part: Any, *, every: bool) -> Condition:
        parts = [part()]
        while self.chars.skip_blanks() and self.chars.slice(self.chars.place, self.chars.place + 2) == sign:
            self.chars.place += 2
            parts.append(part())
        return parts[0] if len(parts) == 1 else Logical(every, tuple(parts))

    def operand(self) -> Condition:
        self.depth += 1
        if self.depth > parser.MAX_NESTING:
            raise self.fail(f"nested deeper than {parser.MAX_NESTING}")
        try:
            sign = self.chars.skip_blanks()
            if sign == "!" and self.chars.at(self.chars.next_significant(self.chars.place)) not in {"$", "@"}:
                self.chars.place += 1
                return Negation(self.operand())
            if sign == "(":
                self.chars.place += 1
                inner = self.either()
                self.chars.expect(")")
                return inner
            return self.comparison()
        finally:
            self.depth -= 1

    def comparison(self) -> Condition:
        left = self.value()
        place = self.chars.place
        operator = self.operator()
        if operator in OPERATORS:
            return Comparison(left, operator, self.value())
        self.chars.place = place
        if not isinstance(left, Subpath):
            raise self.fail("a comparison is expected")
        return Exists(left)

    def operator(self) -> str:
        self.chars.skip_blanks()
        start = self.chars.place
        if self.chars.current in _SIGNS:
            while self.chars.current in _SIGNS:
                self.chars.place += 1
        else:
            while self.chars.current not in {"", " "}:
                self.chars.place += 1
        return self.chars.slice(start, self.chars.place).lower()

    def value(self) -> Value:
        sign = self.chars.skip_blanks()
        negated = sign == "!"
        if negated:
            self.chars.place += 1
            sign = self.chars.skip_blanks()
        if sign and sign in "$@":
            return self.path(negated=negated)
        if negated:
            raise self.fail("! must stand before a path or parentheses,")
        return self.pattern() if sign == "/" else Literal(self.literal())

    def path(self, *, negated: bool) -> Subpath:
        chars = self.chars
        start = chars.place
        chars.place += 1
        while chars.inside:
            if chars.current == "[":
                closed = chars.closing(chars.place, "[", "]", patterns=False)
                if closed < 0:
                    raise self.fail("a bracket is not closed")
                chars.place = closed + 1
                continue
            if chars.current == "(":  # the arguments of a function
                closed = chars.closing(chars.place, "(", ")", patterns=False)
                if closed < 0:
                    raise self.fail("a parenthesis is not closed")
                chars.place = closed + 1
                continue
            if chars.current in _SIGNS or chars.current in " )&|":
                break
            chars.place += 1
        found = parser.parse(chars.slice(start, chars.place), self.nesting + 1)
        return Subpath(found.tokens, found.root, negated)

    def pattern(self) -> Pattern:
        chars = self.chars
        end = chars.unescaped(chars.place, "/")
        if end < 0:
            raise self.fail("the closing / of a pattern is missing")
        expression = chars.slice(chars.place + 1, end)
        chars.place = end + 1
        start = chars.place
        while chars.current.isalpha():
            chars.place += 1
        return Pattern(expression, chars.slice(start, chars.place))

    def literal(self) -> Any:
        """JSON, where strings and names may also stand in single quotes."""
        sign = self.chars.skip_blanks()
        if sign and sign in "'\"":
            return self.string(sign)
        if sign and sign in "[{":
            return self.items("]") if sign == "[" else self.members()
        number = _NUMBER.match(self.chars.text, self.chars.place, self.chars.end + 1)
        if number:
            self.chars.place = number.end()
            return float(number[0]) if any(mark in number[0] for mark in ".eE") else int(number[0])
        for word, value in _WORDS.items():
            if self.chars.text.startswith(word, self.chars.place):
                self.chars.place += len(word)
                return value
        raise self.fail("a value is expected: text in quotes, a number, true, false, null, a list, @... or $...")

    def string(self, quote: str) -> str:
        end = self.chars.unescaped(self.chars.place, quote)
        if end < 0:
            raise self.fail(f"the closing {quote} is missing")
        text = unescape(self.chars.slice(self.chars.place + 1, end))
        self.chars.place = end + 1
        return text

    def items(self, closing: str) -> list[Any]:
        self.deeper()
        found: list[Any] = []
        self.chars.place += 1
        while self.chars.skip_blanks() != closing:
            if found:
                self.chars.expect(",")
            found.append(self.literal())
        self.chars.place += 1
        self.depth -= 1
        return found

    def members(self) -> dict[str, Any]:
        self.deeper()
        found: dict[str, Any] = {}
        self.chars.place += 1
        while self.chars.skip_blanks() != "}":
            if found:
                self.chars.expect(",")
            key = self.literal()
            self.chars.expect(":")
            found[str(key)] = self.literal()
        self.chars.place += 1
        self.depth -= 1
        return found

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > parser.MAX_NESTING:
            raise self.fail(f"nested deeper than {parser.MAX_NESTING}")
