"""Operators inside the braces: ``${header.n > 3 ? 'many' : 'few'}``, ``${header.n > 3 && body != null}``, ``${header.n ?: 1}``.

Operators stand between blanks, outside quotes, brackets and functions; names need no braces of their own there. Camel has the first since 4.18,
the others since 4.23. In 4.17 such a text is the name of a header that nobody sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from esb.languages.simple.chains import read_chained
from esb.languages.simple.lexer import function_start, operator_at, read_function, read_number, read_quoted
from esb.languages.simple.nodes import Elvis, Function, Node, Not, SyntaxFault, Ternary, Value
from esb.languages.simple.parser import parse_predicate

_PATTERNED: Final = re.compile(
    r"(?!(?:header|headers|variable|exchangeProperty|int|integer|long|string|boolean):)[\w-]+:"
)
"""Functions whose rest is a text of their own: a date's pattern, a property's default."""
_OPEN: Final = {"(": ")", "[": "]", "{": "}"}
_WORDS: Final = {"true": True, "false": False, "null": None}


def parse_inline(function: Function) -> Node | None:
    """The tree of a function's text if it holds operators; None if it is a plain function. Raises SyntaxFault."""
    text = function.text.strip()
    if text.startswith("!") and not text.startswith("!="):
        if not any(True for _ in _marks(text)):
            return _negated(text, function.at)
    elif " " not in text or _PATTERNED.match(text):
        return None
    return _parse(text, function.at)


def _negated(text: str, at: int) -> Node:
    inner = text[1:].strip()
    if inner.startswith("!"):  # twice is none
        return Ternary(Function(inner[1:].strip(), at), Value(value=True), Value(value=False))
    return Not(Function(inner, at))


def _parse(text: str, at: int) -> Node | None:
    marks = list(_marks(text))
    question = next((place for place, mark in marks if mark == "?"), None)
    if question is not None:
        depth = 0
        for place, mark in marks:
            if place >= question and mark in {"?", ":"}:
                depth += 1 if mark == "?" else -1
                if not depth:
                    return _ternary(text, at, question, place)
        return None
    for place, mark in marks:
        if mark == "?:":
            return Elvis(_value(text[:place], at), _value(text[place + 2 :], at))
    if not any(mark not in {":", "?"} for _, mark in marks):
        return None
    return _condition(text, at)


def _ternary(text: str, at: int, question: int, colon: int) -> Node:
    return Ternary(
        _condition(text[:question], at), _value(text[question + 1 : colon], at), _value(text[colon + 1 :], at)
    )


def _condition(text: str, at: int) -> Node:
    """A predicate whose names need no braces."""
    plain, start = "", 0
    for place, mark in _marks(text):
        if mark not in {":", "?", "?:"}:
            plain += f"{_braced(text[start:place])} {mark} "
            start = place + len(mark)
    try:
        return parse_predicate(plain + _braced(text[start:]))
    except SyntaxFault as fault:
        raise SyntaxFault(fault.message, at, fault.hint) from None


def _braced(operand: str) -> str:
    told = operand.strip()
    if told.startswith("!") and not function_start(told, 1):
        return "!${" + told[1:] + "}"
    if (
        not told
        or told[0] in "'\"!"
        or function_start(told, 0)
        or told in _WORDS
        or read_number(told, 0)[1] == len(told)
    ):
        return told
    return "${" + told + "}"


def _value(source: str, at: int) -> Node:
    """What a ternary or ``?:`` gives: a quoted text, a number, a truth value, null, or a function with or without braces."""
    told = source.strip()
    if not told:
        raise SyntaxFault("a value is missing behind '?' or ':'", at, "write ${test ? value : other}")
    if told in _WORDS:
        return Value(_WORDS[told])
    number, end = read_number(told, 0)
    if number and end == len(told):
        return Value(float(number) if "." in number else int(number)) if "," not in number else Function(told, at)
    node: Node
    if told[0] in "'\"":
        node, end = read_quoted(told, 0, functions=True)
    elif function_start(told, 0):
        node, end = read_function(told, 0)
        node = Function(node.text, at)
    else:
        return _parse(told, at) or Function(told, at)
    node, end = read_chained(told, end, node)
    if end == len(told):
        return node
    return _parse(told, at) or Function(told, at)


def _marks(text: str) -> Iterator[tuple[int, str]]:
    """Operators that stand between blanks outside quotes, brackets and functions, with their offsets."""
    waiting: list[str] = []
    quote, position = "", 0
    while position < len(text):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in _OPEN:
            waiting.append(_OPEN[character])
        elif waiting and character == waiting[-1]:
            waiting.pop()
        elif not waiting and text[position - 1 : position] == " ":
            mark = _mark_at(text, position)
            if mark:
                yield position, mark
                position += len(mark)
                continue
        position += 1


def _mark_at(text: str, at: int) -> str:
    for mark in ("&&", "||", "?:", "?", ":"):
        if text.startswith(mark, at) and text[at + len(mark) : at + len(mark) + 1] == " ":
            return mark
    return operator_at(text, at)
