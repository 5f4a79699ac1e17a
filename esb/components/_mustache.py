"""Mustache templates, compiled to closures, with the white space and the escapes of the library that Camel uses (recorded).

Sections, inverted sections, comments, delimiters, dotted names; no partials and no lambdas. A template is the route author's; what it shows is only
looked up and written, never read as a template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from esb.coerce import text

Show = Callable[[list[Any], list[str]], None]
"""Writes a part of a template: the contexts, the innermost last, and the pieces written so far."""

_ESCAPED: Final[dict[int, str]] = {code: f"&#{code};" for code in (*range(32), *b"'`=")} | {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
}
_BLANKS_AND_END: Final = re.compile(r"([ \t]*)\r?\n")
_MISSING: Final = object()


def compile_template(source: str, opening: str = "{{", closing: str = "}}") -> Callable[[Mapping[str, Any]], str]:
    """The template as a function of its values. Raises ValueError, with the line, for one that cannot be read."""
    parts = _Parser(source, opening, closing).parse()

    def fill(values: Mapping[str, Any]) -> str:
        written: list[str] = []
        for part in parts:
            part([values], written)
        return "".join(written)

    return fill


class _Parser:
    def __init__(self, source: str, opening: str, closing: str) -> None:
        self._source = source
        self._opening, self._closing = opening, closing
        self._at = 0
        self._open: list[tuple[str, list[Show], Callable[[tuple[Show, ...]], Show]]] = []
        self._parts: list[Show] = []

    def parse(self) -> tuple[Show, ...]:
        source = self._source
        while (start := source.find(self._opening, self._at)) >= 0:
            end = self._end_of_tag(start)
            tag = source[start + len(self._opening) : end].strip()
            behind = end + len(self._closing)
            if tag[:1] == "{":
                behind += 1
            if tag[:1] in {"#", "^", "/"}:
                self._block(tag, start, behind)
            else:
                self._text(start)
                self._at = behind
                self._plain(tag, start)
        self._text(len(source))
        if self._open:
            raise ValueError(f"the section {self._open[-1][0]!r} is not closed")
        return tuple(self._parts)

    def _end_of_tag(self, start: int) -> int:
        inside = start + len(self._opening)
        triple = self._source.startswith("{", inside)
        end = self._source.find("}" + self._closing if triple else self._closing, inside)
        if end < 0:
            raise self._wrong(start, "a tag is not closed")
        return end

    def _text(self, until: int) -> None:
        piece = self._source[self._at : until]
        if piece:
            self._parts.append(lambda _contexts, written: written.append(piece))

    def _plain(self, tag: str, start: int) -> None:
        kind, rest = tag[:1], tag[1:].strip()
        if kind == "!":
            return
        if kind == "=":
            marks = rest.removesuffix("=").split()
            if len(marks) != 2:
                raise self._wrong(start, "delimiters are written {{=<% %>=}}")
            self._opening, self._closing = marks
            return
        if kind == ">":
            raise self._wrong(start, f"a template cannot take in another one ({rest!r}): write it out")
        raw = kind in {"{", "&"}
        self._parts.append(_shown(_path(rest if raw else tag), escape=not raw))

    def _block(self, tag: str, start: int, behind: int) -> None:
        """A tag that opens or closes a section. The end of a line behind it goes; then so do blanks before it, if nothing else is there."""
        line_end = _BLANKS_AND_END.match(self._source, behind)
        before = self._source[self._at : start]
        kept = before.rstrip(" \t")
        alone = line_end is not None and (kept.endswith("\n") or (not kept and self._begins_line()))
        self._text(start - (len(before) - len(kept)) if alone else start)
        self._at = behind
        kind, name = tag[0], tag[1:].strip()
        if kind == "/":
            if not self._open or self._open[-1][0] != name:
                raise self._wrong(start, f"{name!r} is closed, but not open")
            _, outer, make = self._open.pop()
            outer.append(make(tuple(self._parts)))
            self._parts = outer
        else:
            path, inverted = _path(name), kind == "^"
            self._open.append((name, self._parts, lambda parts: _section(path, parts, inverted=inverted)))
            self._parts = []
        if line_end is not None:
            blanks = line_end[1]
            if blanks:
                self._parts.append(lambda _contexts, written: written.append(blanks))
            self._at = line_end.end()

    def _begins_line(self) -> bool:
        return not self._at or self._source[self._at - 1] == "\n"

    def _wrong(self, at: int, told: str) -> ValueError:
        return ValueError(f"line {self._source.count(chr(10), 0, at) + 1}: {told}")


def _path(name: str) -> tuple[str, ...]:
    return () if name == "." else tuple(name.split("."))


def _shown(path: tuple[str, ...], *, escape: bool) -> Show:
    def show(contexts: list[Any], written: list[str]) -> None:
        told = text(_found(contexts, path))
        if told is not None:
            written.append(told.translate(_ESCAPED) if escape else told)

    return show


def _section(path: tuple[str, ...], parts: tuple[Show, ...], *, inverted: bool) -> Show:
    def show(contexts: list[Any], written: list[str]) -> None:
        value = _found(contexts, path)
        several = isinstance(value, (list, tuple))
        there = value is not None and value is not False and value not in ("", [], ())
        if inverted:
            if not there:
                for part in parts:
                    part(contexts, written)
        elif there:
            for item in value if several else (value,):
                inner = contexts if item is True else [*contexts, item]
                for part in parts:
                    part(inner, written)

    return show


def _found(contexts: list[Any], path: tuple[str, ...]) -> Any:
    """The value of a name: the first part is looked for from the inside out, the others in what it gave."""
    if not path:
        return contexts[-1]
    for context in reversed(contexts):
        value = _member(context, path[0])
        if value is not _MISSING:
            for name in path[1:]:
                value = _member(value, name)
            return None if value is _MISSING else value
    return None


def _member(holder: Any, name: str) -> Any:
    # Maps only: a template reaches no attribute and no method of anything.
    return holder.get(name, _MISSING) if isinstance(holder, Mapping) else _MISSING
