"""Text in parts: at a token, between two tokens; and parts in groups. All lazily, as Camel's scanner does it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from esb.errors import Malformed
from esb.languages._text import MAX_TOKEN
from esb.languages.simple.javaregex import compiled

_PLAIN: Final = re.compile(r"(?:[^\\.\[\]{}()*+?^$|]|\\[ntr\\.\[\]{}()*+?^$|])+", re.DOTALL)
_DOT: Final = re.compile(r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\.", re.DOTALL)
"""A dot, or what may hold one that stands for itself."""
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_LINE_ENDS: Final = frozenset({"\\r?\\n", "\r?\n", "\\r\\n|\\n", "\r\n|\n"})
"""The usual patterns for line ends. A pattern takes ten times as long as looking for line feeds does."""

Cut = Callable[[str, bool], tuple[list[str], str]]
"""Cuts a buffer: the parts that are complete, and the rest. The flag says that nothing follows."""


def cutter(token: str, *, trusted: bool) -> Cut:
    """How text is cut at a token, which is a regular expression even where nobody says so (as Camel's scanner takes it).

    A token without special signs is found as it is, which is much faster. ``trusted``: the route's author wrote it, not a message.
    """
    if _PLAIN.fullmatch(token):
        plain = re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), token)
        return lambda buffer, ended: _at_plain(buffer, plain, ended=ended)
    if token in _LINE_ENDS:
        return lambda buffer, ended: _at_line_ends(buffer, ended=ended)
    pattern = compiled(_dots(token), trusted=trusted)
    return lambda buffer, ended: _at_pattern(buffer, pattern, ended=ended)


def _dots(token: str) -> str:
    """The pattern with dots that match no line end of any kind, as Java's do; RE2's only leave out the line feed."""
    if "." not in token or "(?s" in token:
        return token
    return _DOT.sub(lambda match: "[^\\n\\r\\x{85}\\x{2028}\\x{2029}]" if match[0] == "." else match[0], token)


def _at_plain(buffer: str, token: str, *, ended: bool) -> tuple[list[str], str]:
    parts = buffer.split(token)
    # A token that the buffer's end cuts in two is found in the next round, since the rest is kept whole.
    rest = parts.pop()
    return ([*parts, rest], "") if ended else (parts, rest)


def _at_line_ends(buffer: str, *, ended: bool) -> tuple[list[str], str]:
    parts, rest = _at_plain(buffer, "\n", ended=ended)
    if ended:
        last = parts.pop()  # no line feed follows it, so that a carriage return there is its own
        return [*(part.removesuffix("\r") for part in parts), last], ""
    return [part.removesuffix("\r") for part in parts], rest


def _at_pattern(buffer: str, pattern: Any, *, ended: bool) -> tuple[list[str], str]:
    parts: list[str] = []
    start = 0
    for match in pattern.finditer(buffer):
        if match.end() == len(buffer) and not ended:
            break  # it may go on
        if match.end() == start:
            continue  # an empty match cuts between characters, never nothing from nothing
        parts.append(buffer[start : match.start()])
        start = match.end()
    return ([*parts, buffer[start:]], "") if ended else (parts, buffer[start:])


def parts(chunks: Iterable[str], cut: Cut) -> Iterator[str]:
    """The parts between the tokens. One empty part at each end is dropped, inner ones stay."""
    buffer, first = "", True
    for chunk in chunks:
        buffer += chunk
        found, buffer = cut(buffer, False)
        if len(buffer) > MAX_TOKEN:
            raise Malformed(f"no token within {MAX_TOKEN} characters")
        for part in found:
            if part or not first:
                yield part
            first = False
    found, _ = cut(buffer, True)
    last = found.pop()
    for part in found:
        if part or not first:
            yield part
        first = False
    if last:
        yield last


def between(chunks: Iterable[str], opening: str, closing: str, *, include: bool) -> Iterator[str]:
    """What stands between the pairs of two plain tokens, with them or without."""

    def cut(buffer: str, ended: bool) -> tuple[list[str], str]:
        return _at_plain(buffer, closing, ended=ended)

    for part in parts(chunks, cut):
        _, found, inner = part.partition(opening)
        if found:
            yield f"{opening}{inner}{closing}" if include else inner


def grouped(items: Iterable[str], size: int, delimiter: str, *, skip_first: bool) -> Iterator[str]:
    """Items joined ``size`` at a time. Where all there is is skipped, an empty part is left, as in Camel."""
    source = iter(items)
    if skip_first and next(source, None) is not None:
        first = list(islice(source, size))
        yield delimiter.join(first)
    while group := list(islice(source, size)):
        yield delimiter.join(group)


def without_first(items: Iterable[str]) -> Iterator[str]:
    """All but the first item."""
    return islice(items, 1, None)
