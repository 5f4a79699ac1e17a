"""The operators behind a value in texts and predicates: ``~>``, ``?~>``, ``?:`` (Camel's page "Simple - Built-in Operators", 4.18).

Each stands between blanks. A chain binds closer than ``?:``, and both bind closer than the operators of a predicate.
"""

from __future__ import annotations

from typing import Final

from esb.languages.simple.lexer import blanks_end, function_start, read_function, read_number, read_quoted
from esb.languages.simple.nodes import Chain, Elvis, Function, Node, Step, SyntaxFault, Text, Value

_PARAMETER: Final = "$param"
_WORDS: Final = {"true": True, "false": False, "null": None}


def read_chained(text: str, at: int, value: Node) -> tuple[Node, int]:
    """The value with the operators behind it, and where they end. Raises SyntaxFault if one has nothing to work on."""
    value, at = _read_steps(text, at, value)
    while start := _operand_behind(text, at, "?:"):
        right, at = _read_operand(text, start)
        right, at = _read_steps(text, at, right)
        value = Elvis(value, right)
    return value, at


def chain_starts(text: str, at: int) -> bool:
    """Whether what ends at an offset is the head of a chain: a plain text is, if a function follows."""
    start = _operand_behind(text, at, "~>") or _operand_behind(text, at, "?~>")
    return bool(start and function_start(text, start))


def _read_steps(text: str, at: int, value: Node) -> tuple[Node, int]:
    steps: list[Step] = []
    while True:
        start = _operand_behind(text, at, "~>")
        safe = 0 if start else _operand_behind(text, at, "?~>")
        if not (start or safe):
            return (Chain(value, tuple(steps)) if steps else value), at
        start = start or safe
        if not function_start(text, start):
            raise SyntaxFault(f"a chain goes from function to function, not to {text[start : start + 20]!r}", start)
        function, at = read_function(text, start)
        # What a chain passes on is the body of the next step: its magic name is another word for that.
        steps.append(Step(bool(safe), Function(function.text.replace(_PARAMETER, "${body}"), function.at)))


def _operand_behind(text: str, at: int, operator: str) -> int:
    """Where the value begins that follows the operator behind an offset; zero if the operator does not stand there."""
    start = blanks_end(text, at)
    end = start + len(operator)
    if start == at or not text.startswith(operator, start):
        return 0
    operand = blanks_end(text, end)
    return operand if end < operand < len(text) else 0


def _read_operand(text: str, at: int) -> tuple[Node, int]:
    if text[at] in "'\"":
        return read_quoted(text, at, functions=True)
    if function_start(text, at):
        return read_function(text, at)
    number, end = read_number(text, at)
    if number:
        return Text(number), end
    for word, value in _WORDS.items():
        if text.startswith(word, at):
            return Value(value), at + len(word)
    raise SyntaxFault(f"'?:' does not take {text[at : at + 20]!r} on its right", at, "put texts between quotes")
