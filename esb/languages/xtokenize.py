"""The language ``xtokenize``: elements of an XML document by their path, as they are written (Camel's page "XML Tokenize").

The path is a small part of XPath: names with prefixes, ``*``, ``/`` and ``//``. The document is read as a stream of tags and never built; each
part can be parsed by itself, since it gets the namespaces it stands in (mode ``i``) or its ancestors (mode ``w``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from esb.errors import ExpressionFailed, Malformed, OptionError
from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Scope
from esb.fields import Kind, Spec, field
from esb.languages import _cutting, _tags
from esb.languages._javaorder import prefixes_in_order
from esb.languages._source import reader
from esb.languages._text import MAX_TOKEN, chunks

_STEP: Final = re.compile(r"(//?)([^/\s\[\]()@]+)")
_MAX_DEPTH: Final = 1000


class Namespace(Spec):
    """A prefix and the namespace it stands for."""

    key = field(Kind.TEXT, doc="The prefix.", example="o")
    value = field(Kind.TEXT, doc="The namespace's URI.", example="urn:orders")


@dataclass(frozen=True, slots=True)
class _Step:
    anywhere: bool
    uri: str | None
    """The namespace; empty for none, None for any (``*:name``)."""
    name: str
    """The name; ``*`` for any, of that namespace."""

    def fits(self, element: tuple[str, str]) -> bool:
        uri, name = element
        return self.name in {"*", name} and self.uri in {None, uri}


class XTokenize(LanguageSpec):
    """``//order``: each order of a document, with the namespaces it stands in."""

    name = "xtokenize"

    mode = field(
        Kind.TEXT,
        "i",
        doc="i: with the namespaces it stands in; w: wrapped in its ancestors; u: what is inside of it; t: the text inside of it.",
        enum=("i", "w", "u", "t"),
    )
    group = field(
        Kind.INT, None, doc="Join this many parts to one, in an element 'group' (mode w: in their ancestors)."
    )
    namespace = field(Kind.SPECS, (), spec=Namespace, doc="Prefixes that stand in the path.")
    source = field(
        Kind.TEXT, None, doc="header:name, property:name, variable:name or a variable's name instead of the body."
    )

    def compile(self, scope: Scope) -> Expression:
        read = reader(self.source, scope)  # type: ignore[arg-type]  # every scope is a context, which holds the variables
        if self.group is not None and self.group < 1:
            raise OptionError(f"group is a number of at least 1, not {self.group}", self.at)
        path = self._path()
        group: int = self.group or 1
        cut = _wrapped if self.mode == "w" else _parts
        finish = _MODES[self.mode]

        def evaluate(exchange: Exchange) -> Any:
            return cut(chunks(read(exchange), xml=True), path, finish, group)

        return evaluate

    def _path(self) -> tuple[_Step, ...]:
        """The steps of the path; none if it cannot fit anything (it does not begin with a slash, or a prefix is not declared)."""
        steps = list(_STEP.finditer(self.text))
        if "".join(step[0] for step in steps) != self.text:
            if self.text[:1] == "/":
                raise OptionError(
                    f"xtokenize knows names, *, / and // only, not {self.text!r}", self.at, "use xpath for conditions"
                )
            return ()
        uris = {one.key: one.value for one in self.namespace}
        found: list[_Step] = []
        for step in steps:
            prefix, colon, name = step[2].rpartition(":")
            if colon and prefix != "*" and prefix not in uris:
                return ()
            uri = None if prefix == "*" else uris[prefix] if colon else ""
            found.append(_Step(step[1] == "//", uri, name))
        return tuple(found)


def _matches(path: tuple[_Step, ...], elements: list[tuple[str, str]]) -> bool:
    """Whether a path leads to the last of nested elements."""
    ends = {0}  # how many of the outer elements the steps so far may have used
    for step in path:
        reached: set[int] = set()
        for used in ends:
            places = range(used, len(elements)) if step.anywhere else range(used, min(used + 1, len(elements)))
            reached.update(place + 1 for place in places if step.fits(elements[place]))
        ends = reached
    return len(elements) in ends


@dataclass(slots=True)
class _Open:
    """An element that is open around the place where the reader is."""

    name: str
    bindings: dict[str, str]
    """Prefix -> quoted URI, as they hold inside of it; shared with the outer element where nothing is added."""
    levels: tuple[tuple[str, ...], ...]
    """The prefixes that the ancestors and it declare, each level that declares any."""
    logged: int
    """How much had been kept for wrapping when it began."""
    met: bool = False
    """Whether a part was found in it."""


class _Reader:
    """Walks a document and hands out the elements that a path leads to, with what stands around them."""

    def __init__(self, path: tuple[_Step, ...]) -> None:
        self.path = path
        self.open: list[_Open] = []
        self.names: list[tuple[str, str]] = []
        self.log: list[str] = []
        """What is written before a part when it is wrapped: the ancestors' tags, and siblings that were no part."""

    def elements(self, source: Iterable[str]) -> Iterator[str]:
        held: list[str] = []
        depth = size = 0
        for piece in _tags.scan(source):
            if held or (piece.opens and self._begins(piece)):
                held.append(piece.raw)
                size += len(piece.raw)
                if size > MAX_TOKEN:
                    raise ExpressionFailed(f"xtokenize: an element is longer than {MAX_TOKEN} characters")
                depth += piece.opens - piece.closes
                if depth <= 0:
                    for outer in self.open:
                        outer.met = True
                    yield "".join(held)
                    held, depth, size = [], 0, 0
                continue
            self._pass(piece)

    def bindings(self) -> dict[str, str]:
        """Prefix -> quoted URI, as they hold where the reader is."""
        return self.open[-1].bindings if self.open else {}

    def levels(self) -> tuple[tuple[str, ...], ...]:
        """The prefixes that the elements around the reader declare."""
        return self.open[-1].levels if self.open else ()

    def wrapped(self, parts: list[str]) -> str:
        """Parts with what stands before them, and their ancestors closed."""
        return "".join((*self.log, *parts, *(f"</{outer.name}>" for outer in reversed(self.open))))

    def _begins(self, piece: _tags.Piece) -> bool:
        if not self.path or self.path[-1].name not in {"*", _tags.local(piece.name)}:
            return False
        return _matches(self.path, [*self.names, self._qualified(piece, self._bindings(piece))])

    def _bindings(self, piece: _tags.Piece) -> dict[str, str]:
        outer = self.bindings()
        own = piece.namespaces if "xmlns" in piece.raw else {}
        return {**outer, **own} if own else outer

    def _qualified(self, piece: _tags.Piece, bindings: dict[str, str]) -> tuple[str, str]:
        prefix, _, name = piece.name.rpartition(":")
        return bindings.get(prefix, '""')[1:-1], name

    def _pass(self, piece: _tags.Piece) -> None:
        """Go past a piece that belongs to no part."""
        if piece.opens and not piece.closes:
            if len(self.open) >= _MAX_DEPTH:
                raise Malformed(f"the XML document nests deeper than {_MAX_DEPTH} elements")
            bindings = self._bindings(piece)
            self.names.append(self._qualified(piece, bindings))
            levels = self.levels()
            if bindings is not self.bindings():
                levels = (*levels, tuple(piece.namespaces))
            self.open.append(_Open(piece.name, bindings, levels, len(self.log)))
            self.log.append(piece.raw)
        elif piece.closes and not piece.opens:
            if self.open:
                ended = self.open.pop()
                self.names.pop()
                if ended.met:
                    del self.log[ended.logged :]
                else:
                    self.log.append(piece.raw)
        elif piece.opens or not (self.open and self.open[-1].met):
            self.log.append(piece.raw)


Finish = Callable[[str, _Reader], str]


def _parts(source: Iterator[str], path: tuple[_Step, ...], finish: Finish, group: int) -> Iterator[str]:
    walk = _Reader(path)
    parts = (finish(element, walk) for element in walk.elements(source))
    if group == 1:
        return parts
    return (f"<group>{joined}</group>" for joined in _cutting.grouped(parts, group, "", skip_first=False))


def _wrapped(source: Iterator[str], path: tuple[_Step, ...], finish: Finish, group: int) -> Iterator[str]:  # noqa: ARG001 -- as _parts
    walk = _Reader(path)
    held: list[str] = []
    around: list[_Open] = []
    wrapping = ""
    for element in walk.elements(source):
        if held and (len(held) == group or around != walk.open):
            yield wrapping.replace(_HERE, "".join(held), 1)
            held = []
        held.append(element)
        around = list(walk.open)
        wrapping = walk.wrapped([_HERE])
    if held:
        yield wrapping.replace(_HERE, "".join(held), 1)


_HERE: Final = "\ufffe"
"""Where the parts of a group go: a character that no XML document may hold."""


def _inside(element: str) -> str:
    """What stands between an element's tags."""
    start, end = _tags.after_first_tag(element), element.rfind("</")
    return element[start:end] if 0 < start <= end else ""


def _injected(element: str, walk: _Reader) -> str:
    """The element with the declarations it stands in, in Camel's order."""
    bindings = walk.bindings()
    own = tuple(_tags.declared(element))
    order = prefixes_in_order((*walk.levels(), own) if own else walk.levels())
    return _tags.with_namespaces(element, [(prefix, bindings[prefix]) for prefix in order if prefix in bindings])


_MODES: Final[dict[str, Finish]] = {
    "i": _injected,
    "w": lambda element, _: element,
    "u": lambda element, _: _inside(element),
    "t": lambda element, _: "".join(piece.raw for piece in _tags.scan((element,)) if not piece.raw.startswith("<")),
}
