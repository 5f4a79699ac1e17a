"""A text that a pattern of XML Schema matches: built from the pattern's own parts, shortest first, and checked before it is given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_letters, digits
from typing import Any, Final

_CLASSES: Final = {r"\i": "[A-Za-z_:]", r"\c": "[A-Za-z0-9._:-]", r"\I": "[^A-Za-z_:]", r"\C": "[^A-Za-z0-9._:-]"}
_LETTERS: Final = "A1a0 -_.:/,@#+"
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": "1",
    "CATEGORY_WORD": "A",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": "A",
    "CATEGORY_NOT_DIGIT": "A",
}


def matching(patterns: Sequence[str], shortest: int = 0, longest: int | None = None) -> str | None:
    """A text that matches all patterns and keeps the lengths; None if none is found."""
    try:
        compiled = [re.compile(_python(each)) for each in patterns]
    except (re.error, OverflowError, RecursionError):
        return None
    for pattern in patterns:
        for extra in range(12):
            text = _made(_python(pattern), extra)
            if text is None:
                return None
            if len(text) < shortest or (longest is not None and len(text) > longest):
                continue
            if all(each.fullmatch(text) for each in compiled):
                return text
    return None


def matches(text: str, patterns: Sequence[str]) -> bool:
    """Whether a text matches all of them, as far as Python understands them."""
    try:
        return all(re.fullmatch(_python(each), text) for each in patterns)
    except (re.error, OverflowError, RecursionError):
        return False


def _python(pattern: str) -> str:
    """In Python's notation: the few classes that it lacks, and anchors, which XML Schema takes literally but authors do not."""
    for ours, theirs in _CLASSES.items():
        pattern = pattern.replace(f"[{ours}", theirs[:-1]).replace(ours, theirs)
    pattern = re.sub(r"\[([^\[\]]+)-\[([^\[\]]+)\]\]", r"(?:(?![\2])[\1])", pattern)  # one class without another
    pattern = re.sub(r"\\p\{L[ulmot]?\}", "[A-Za-z]", pattern)
    pattern = re.sub(r"\\p\{N[dlo]?\}", "[0-9]", pattern)
    return re.sub(r"\\p\{Is\w+\}", "[A-Za-z]", pattern)


def _made(pattern: str, extra: int) -> str | None:
    """One text of a pattern; ``extra`` is how much longer than necessary its repetitions are."""
    from re import _parser as parser  # type: ignore[attr-defined]  # the standard library's own parser: there is no public one

    try:
        return _walk(parser.parse(pattern), extra)
    except (re.error, RecursionError, LookupError, ValueError):
        return None


def _walk(parts: Any, extra: int) -> str:
    told = []
    without = None
    for operation, argument in parts:
        name = str(operation)
        if name == "LITERAL":
            told.append(chr(argument))
        elif name == "NOT_LITERAL":
            told.append(next(each for each in _LETTERS if ord(each) != argument))
        elif name == "ANY":
            told.append("A")
        elif name == "IN" and without is not None:
            told.append(
                next(
                    each
                    for each in _LETTERS + ascii_letters + digits
                    if _is_in(each, argument) and not _is_in(each, without)
                )
            )
            without = None
        elif name == "IN":
            told.append(_member(argument))
        elif name == "ASSERT_NOT":  # of one class without another, see _python
            without = argument[1][0][1] if str(argument[1][0][0]) == "IN" else [argument[1][0]]
        elif name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            low, high, inner = argument
            told.append(_walk(inner, extra) * min(int(low) + extra, int(high), 1000))
        elif name == "SUBPATTERN":
            told.append(_walk(argument[-1], extra))
        elif name == "BRANCH":
            told.append(_walk(argument[1][0], extra))
        elif name != "AT":
            raise ValueError(name)
    return "".join(told)


def _member(choices: Any) -> str:
    if str(choices[0][0]) == "NEGATE":
        excluded = re.compile("[" + "".join(_class(each) for each in choices[1:]) + "]")
        return next(each for each in _LETTERS if not excluded.match(each))
    name, argument = str(choices[0][0]), choices[0][1]
    if name == "RANGE":
        return chr(argument[0])
    if name == "CATEGORY":
        return _CATEGORIES.get(str(argument), "A")
    return chr(argument)


def _is_in(letter: str, choices: Any) -> bool:
    negated = str(choices[0][0]) == "NEGATE"
    return (re.match("[" + "".join(_class(each) for each in choices[negated:]) + "]", letter) is None) == negated


def _class(choice: Any) -> str:
    name, argument = str(choice[0]), choice[1]
    if name == "RANGE":
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    if name == "CATEGORY":
        return {"CATEGORY_DIGIT": r"\d", "CATEGORY_WORD": r"\w", "CATEGORY_SPACE": r"\s"}.get(str(argument), r"\S")
    return re.escape(chr(argument))
