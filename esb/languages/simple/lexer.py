"""Reading the small pieces of simple's texts: escapes, functions with functions inside, quoted texts, numbers, operators."""

from __future__ import annotations

from typing import Final

from esb.languages.simple.nodes import Function, SyntaxFault, Template, Text
from esb.languages.simple.operators import BINARY, SPELLINGS

STARTS: Final = ("${", "$simple{")
BLANKS: Final = " \t\n\r"
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "}": "}"}
# Longest first, so that "!=" is not read where "!=~" stands.
OPERATORS: Final = tuple(sorted((*BINARY, *SPELLINGS, "is", "!is"), key=len, reverse=True))


def function_start(text: str, at: int) -> int:
    """Length of the function opening at an offset; zero if there is none."""
    for start in STARTS:
        if text.startswith(start, at):
            return len(start)
    return 0


def escaped(text: str, at: int) -> str:
    r"""What ``\n``, ``\t``, ``\r`` or ``\}`` at an offset stands for; empty if it is no escape. Any other backslash is itself."""
    return _ESCAPES.get(text[at + 1 : at + 2], "") if text[at] == "\\" else ""


def read_function(text: str, at: int) -> tuple[Function, int]:
    """The function that opens at an offset, and where it ends. Raises SyntaxFault if it has no closing brace."""
    position = at + function_start(text, at)
    depth, told = 1, ""
    while position < len(text):
        opening = function_start(text, position)
        character = escaped(text, position)
        if character:
            told += character
            position += 2
        elif opening:
            depth += 1
            told += text[position : position + opening]
            position += opening
        else:
            depth -= text[position] == "}"
            if not depth:
                return Function(told, at), position + 1
            told += text[position]
            position += 1
    raise SyntaxFault(
        "the function has no closing '}'", at, "add the missing brace; write a brace inside a function as '\\}'"
    )


def counter(text: str, at: int) -> int:
    """1 or -1 for ``++`` or ``--`` right behind a function and before a blank or the end, else 0."""
    operator = text[at : at + 2]
    if operator not in {"++", "--"} or text[at - 1 : at] != "}" or text[at + 2 : at + 3] not in {"", " "}:
        return 0
    return 1 if operator == "++" else -1


def read_quoted(text: str, at: int, *, functions: bool) -> tuple[Template, int]:
    """The quoted text at an offset, and where it ends. There are no escapes in it. Raises SyntaxFault."""
    quote, position, plain = text[at], at + 1, ""
    parts: list[Text | Function] = []
    while position < len(text):
        if text[position] == quote:
            if plain:
                parts.append(Text(plain))
            return Template(tuple(parts)), position + 1
        if functions and function_start(text, position):
            if plain:
                parts.append(Text(plain))
                plain = ""
            function, position = read_function(text, position)
            parts.append(function)
        elif functions and text[position] == "}":
            raise SyntaxFault(
                "a '}' inside quotes closes no function", position, "compare with a header or property that holds it"
            )
        else:
            plain += text[position]
            position += 1
    raise SyntaxFault(f"the {quote} has no matching {quote}", at)


def read_number(text: str, at: int) -> tuple[str, int]:
    """Digits, dots and commas from an offset on, a sign before them allowed; empty if there is no digit."""
    position = at + (text[at : at + 1] in {"-", "+"})
    start = position
    while position < len(text) and (text[position].isdecimal() or text[position] in ".,"):
        position += 1
    told = text[start:position]
    signed = start > at and told[:1] in {".", ","}
    return (text[at:position], position) if told.strip(".,") and not signed else ("", at)


def blanks_end(text: str, at: int) -> int:
    """Where the blanks at an offset end; the offset itself if there are none."""
    while text[at : at + 1] in {*BLANKS}:
        at += 1
    return at


def operator_at(text: str, at: int) -> str:
    """The operator at an offset, as it is written, if it stands between blanks and something follows; else empty."""
    if at < 2 or text[at - 1] != " ":
        return ""
    for operator in OPERATORS:
        end = at + len(operator)
        if text.startswith(operator, at) and text[end : end + 1] == " " and end + 1 < len(text):
            return operator
    return ""
