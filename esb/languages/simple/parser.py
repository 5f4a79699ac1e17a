"""Simple's two grammars: a template (text with functions in it) and a predicate (values, operators, ``&&`` and ``||``).

As in Camel: a template knows no operators but ``++`` and ``--`` behind a function; in a predicate operators stand between blanks, there are no
parentheses, ``&&`` and ``||`` bind from left to right alike, a number or ``null`` may stand on the right only, and several values beside each
other must all be true.
"""

from __future__ import annotations

from esb.languages.simple.chains import chain_starts, read_chained
from esb.languages.simple.lexer import (
    BLANKS,
    counter,
    escaped,
    function_start,
    operator_at,
    read_function,
    read_number,
    read_quoted,
)
from esb.languages.simple.nodes import (
    Binary,
    Chain,
    Counted,
    Elvis,
    Function,
    Logical,
    Node,
    Not,
    SyntaxFault,
    Template,
    Text,
    Value,
)
from esb.languages.simple.operators import SPELLINGS, looks_numeric, looks_whole

_QUOTED_ONLY = frozenset({"is", "!is", "range", "!range", "regex", "!regex"})
"""Operators whose right side is a quoted text or a function."""


def parse_template(text: str) -> Template:
    """The parts of a text. Raises SyntaxFault."""
    parts: list[Text | Function | Counted | Value | Template | Chain | Elvis] = []
    plain, position = "", 0
    while position < len(text):
        if function_start(text, position):
            if plain:
                parts.append(Text(plain))
                plain = ""
            function, position = read_function(text, position)
            step = counter(text, position)
            if step:
                parts.append(Counted(function, step))
                position += 2
            else:
                part, position = read_chained(text, position, function)
                parts.append(part)  # type: ignore[arg-type]  # a function, or one with operators behind it
            continue
        if plain and text[position] in BLANKS and chain_starts(text, position):
            part, position = read_chained(text, position, Text(plain))
            parts.append(part)  # type: ignore[arg-type]  # a chain
            plain = ""
            continue
        character = escaped(text, position)
        plain += character or text[position]
        position += 2 if character else 1
    if plain:
        parts.append(Text(plain))
    return Template(tuple(parts))


def parse_predicate(text: str) -> Node:
    """The tree of a predicate; an empty text is false. Raises SyntaxFault."""
    return _PredicateParser(text).parse()


class _PredicateParser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parse(self) -> Node:
        nodes = _joined(self._comparisons())
        if not nodes:
            return Value(value=False)
        tree = nodes[0]
        for node in nodes[1:]:
            tree = Logical(every=True, left=tree, right=node)
        return tree

    def _comparisons(self) -> list[Node | str]:
        """Values and comparisons, with ``&&`` and ``||`` between them."""
        found: list[Node | str] = []
        while self._skip_blanks():
            text, at = self._text, self._at
            operator = operator_at(text, at)
            if operator:
                if not found or isinstance(found[-1], str):
                    raise SyntaxFault(f"the operator {operator!r} has nothing on its left", at)
                self._at += len(operator)
                found.append(self._binary(found.pop(), SPELLINGS.get(operator, operator), at))
            elif text.startswith(("&&", "||"), at):
                self._at += 2
                if not found or isinstance(found[-1], str):
                    raise SyntaxFault(f"{text[at : at + 2]!r} has nothing on its left", at)
                self._need_blank(f"behind {text[at : at + 2]!r}")
                found.extend((text[at : at + 2], self._right_side(text[at : at + 2], at)))
            else:
                found.append(self._left_side())
        return found

    def _binary(self, left: Node | str, operator: str, at: int) -> Binary:
        assert not isinstance(left, str)  # checked by the caller
        if isinstance(left, Not):
            raise SyntaxFault(f"'!' negates a function, not {operator!r}", at, f"write !{operator.lstrip('=')} there")
        return Binary(operator, left, self._right_side(operator, at), at)

    def _left_side(self) -> Node:
        text, at = self._text, self._at
        if text[at] in "'\"":
            quoted, self._at = read_quoted(text, at, functions=True)
            return self._chained(quoted)
        if text[at] == "!" and function_start(text, at + 1):
            return self._negated()
        if function_start(text, at):
            function, self._at = read_function(text, at)
            step = counter(text, self._at)
            if not step:
                return self._chained(function)
            self._at += 2
            if self._at >= len(text):
                raise SyntaxFault("a counted function needs an operator behind it", at, "compare it: ${header.n}++ > 5")
            return Counted(function, step)
        for word, value in (("true", True), ("false", False)):
            if text.startswith(word, at):
                self._at += len(word)
                return Value(value)
        raise SyntaxFault(f"unexpected {text[at : at + 12]!r}", at, _advice(text, at))

    def _chained(self, value: Node) -> Node:
        value, self._at = read_chained(self._text, self._at, value)
        return value

    def _negated(self) -> Not:
        function, self._at = read_function(self._text, self._at + 1)
        return Not(function)

    def _right_side(self, operator: str, at: int) -> Node:
        self._skip_blanks()
        start = self._at
        node = self._right_value(operator)
        if node is None:
            raise SyntaxFault(
                f"the operator {operator!r} does not take {self._text[start : start + 20]!r} on its right",
                at,
                "put texts between quotes",
            )
        self._need_blank(f"behind {self._text[start : self._at]!r}")
        return node

    def _right_value(self, operator: str) -> Node | None:
        text, at = self._text, self._at
        if text[at : at + 1] in {"'", '"'}:
            quoted, self._at = read_quoted(text, at, functions="regex" not in operator)
            return self._chained(quoted)
        if operator in {"&&", "||"} and text[at : at + 1] == "!" and function_start(text, at + 1):
            return self._negated()
        if function_start(text, at):
            function, self._at = read_function(text, at)
            return self._chained(function)
        if operator in _QUOTED_ONLY:
            return None
        number, end = read_number(text, at)
        if number and not (number[0] == "-" and operator in {"&&", "||"}):
            self._at = end
            return _number(number)
        for word, value in (("true", True), ("false", False), ("null", None)):
            if text.startswith(word, at):
                self._at += len(word)
                return Value(value)
        return None

    def _skip_blanks(self) -> bool:
        """Go to the next character that is none; whether there is one."""
        while self._at < len(self._text) and self._text[self._at] in BLANKS:
            self._at += 1
        return self._at < len(self._text)

    def _need_blank(self, where: str) -> None:
        if self._text[self._at : self._at + 1] not in {"", *BLANKS}:
            raise SyntaxFault(f"a blank is missing {where}", self._at)


def _joined(found: list[Node | str]) -> list[Node]:
    """Apply ``&&`` and ``||`` from left to right, as they stand."""
    nodes: list[Node] = []
    waiting = ""
    for item in found:
        if isinstance(item, str):
            waiting = item
        elif waiting:
            nodes.append(Logical(waiting == "&&", nodes.pop(), item))
            waiting = ""
        else:
            nodes.append(item)
    return nodes


def _number(text: str) -> Node:
    if looks_whole(text):
        return Value(int(text))
    # What only resembles a number, as .5 and 5. do, is text.
    return (
        Value(float(text))
        if looks_numeric(text) and text[-1] != "." and text.lstrip("-")[0] != "."
        else Template((Text(text),))
    )


def _advice(text: str, at: int) -> str:
    if text[at] in "()":
        return "predicates have no parentheses: nest choice or filter steps"
    if text.startswith(("and ", "or ", "not "), at):
        return "write && and ||, and negate the operator: !=, !contains, !in"
    if text[at].isdecimal() or text.startswith("null", at):
        return "put the function on the left and the number on the right"
    if text[at] in "=<>!~":
        return "an operator needs a blank on either side and a value on its right"
    return "put texts between quotes, functions in ${...}"
