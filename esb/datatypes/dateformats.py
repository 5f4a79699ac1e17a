"""Formats of dates: Python's ``%d.%m.%Y``, Java's ``dd.MM.yyyy`` as Camel's users write it, and marshmallow's names."""

from __future__ import annotations

import re
from typing import Final

NAMED: Final = frozenset({"iso", "iso8601", "rfc", "rfc822", "timestamp", "timestamp_ms"})

_JAVA: Final = {
    "yyyy": "%Y",
    "uuuu": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "DDD": "%j",
    "dd": "%d",
    "EEEE": "%A",
    "EEE": "%a",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "a": "%p",
    "Z": "%z",
    "XX": "%z",
    "XXX": "%z",
}
_TOKEN: Final = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")


def python_format(text: str) -> str:
    """The format for strptime and strftime; names stay. Raises ValueError for letters that have no counterpart."""
    if text in NAMED or "%" in text:
        return text
    made, position = [], 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ValueError(f"a quote in {text!r} is not closed")
        position = token.end()
        if token[1] is not None:
            made.append(token[1].replace("''", "'") or "'")
        elif token[2] is None:
            made.append(token[0])
        elif token[0] in _JAVA:
            made.append(_JAVA[token[0]])
        else:
            raise ValueError(f"{token[0]!r} in {text!r} has no counterpart; known: {', '.join(_JAVA)}")
    return "".join(made)
