"""Arguments of functions and methods: cutting at commas, and reading one."""

from __future__ import annotations

from typing import Final

_OPEN: Final = {"(": ")", "{": "}", "[": "]"}


def split(text: str, comma: str = ",") -> list[str]:
    """Cut at commas that stand outside quotes, parentheses and functions. Blanks stay; an empty text has no arguments."""
    if not text:
        return []
    parts, start, depth, quote = [], 0, 0, ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "({":
            depth += 1
        elif character in ")}":
            depth -= 1
        elif character == comma and depth <= 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def unquoted(text: str) -> str:
    """The text without one pair of quotes around it; unchanged, blanks too, if it has none."""
    plain = text.strip()
    if len(plain) >= 2 and plain[0] in "'\"" and plain[-1] == plain[0]:
        return plain[1:-1]
    return text


def closing(text: str, at: int) -> int:
    """Where the bracket that opens at an offset closes, quotes and inner brackets apart; -1 if nowhere."""
    opening, depth, quote = text[at], 0, ""
    shut = _OPEN[opening]
    for position in range(at, len(text)):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == opening:
            depth += 1
        elif character == shut:
            depth -= 1
            if not depth:
                return position
    return -1
