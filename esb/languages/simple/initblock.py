"""Init blocks in front of a text: ``$init{ $name := value; $function ~:= ${trim()} ~> ${uppercase()}; }init$`` (Camel 4.18).

A name set by ``:=`` is a variable of the exchange, and ``$name`` in the text that follows is short for it. A name set by ``~:=`` is a function of
the text, which works on the body or on its one argument.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from esb.languages.simple.lexer import read_number
from esb.languages.simple.nodes import SyntaxFault

START: Final = "$init{"
END: Final = "}init$"
_STATEMENT: Final = re.compile(r"\$([A-Za-z_]\w*)\s+(~?:=)\s+(.*)", re.DOTALL)
_STATEMENT_END: Final = re.compile(r";[ \t\r]*(?:\n|$)")


class Assignment(NamedTuple):
    """One statement: a name, whether it is a function, the text of its value."""

    name: str
    is_function: bool
    source: str


def cut(text: str) -> tuple[list[Assignment], str]:
    """The statements of the block and the text behind it, short names written out; none for a text without a block. Raises SyntaxFault."""
    if not text.startswith(START):
        return [], text
    end = text.find(END)
    if end < 0:
        raise SyntaxFault("the init block has no end", 0, "close it with }init$")
    statements: list[Assignment] = []
    for source in _STATEMENT_END.split(_without_comments(text[len(START) : end])):
        if source.strip():
            statements.append(_statement(source.strip(), statements))
    return statements, _written_out(text[end + len(END) :].removeprefix("\n"), statements)


def _without_comments(block: str) -> str:
    return "\n".join(line for line in block.split("\n") if not line.lstrip().startswith("//"))


def _statement(source: str, before: list[Assignment]) -> Assignment:
    found = _STATEMENT.fullmatch(source)
    if not found:
        raise SyntaxFault(
            f"{source[:40]!r} is no statement of an init block", 0, "write $name := value; each on a line of its own"
        )
    value = found[3].strip()
    if not (value.startswith(("$", "'", '"', "true", "false")) or read_number(value, 0)[0]):
        raise SyntaxFault(f"${found[1]} cannot be {value[:20]!r}", 0, "put texts between quotes, functions in ${...}")
    if len(value) > 1 and value[0] in "'\"" and value[-1] == value[0]:
        value = value[1:-1]
    return Assignment(found[1], found[2] == "~:=", _written_out(value, before))


def _written_out(text: str, statements: list[Assignment]) -> str:
    """``$name`` as ``${variable.name}`` and ``$name()`` as ``${function(name)}``; of two names that fit, the longer one."""
    short = {
        (f"${name}()" if is_function else f"${name}"): f"${{function({name})}}"
        if is_function
        else f"${{variable.{name}}}"
        for name, is_function, _ in statements
    }
    if not short:
        return text
    pattern = "|".join(re.escape(name) for name in sorted(short, key=len, reverse=True))
    return re.sub(pattern, lambda found: short[found[0]], text)
