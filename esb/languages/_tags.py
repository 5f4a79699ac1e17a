"""XML as the tags it is written with: a pull scanner over text that keeps every character, for cutting documents that are too large to build.

It checks nothing but what it needs (well-formedness is the parser's task, on each part), and expands nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from esb.errors import Malformed
from esb.languages._text import MAX_TOKEN

# Possessive throughout: a tag that is not closed costs one pass, not many.
_MARKUP: Final = re.compile(
    r"""<!--(?:[^-]|-(?!->))*+-->
      | <!\[CDATA\[(?:[^\]]|\](?!\]>))*+\]\]>
      | <\?(?:[^?]|\?(?!>))*+\?>
      | <![A-Z](?:[^<>\[]|\[[^\]]*+\])*+>
      | <(?P<end>/?+)(?P<name>[^\s/>!?<]++)(?:"[^"]*+"|'[^']*+'|[^"'>])*+>
      | [^<]++""",
    re.VERBOSE | re.DOTALL,
)
# Whole attributes, one after the other: what one holds may look like another.
_ATTRIBUTE: Final = re.compile(r"""\s([^\s=/>"']++)\s*+=\s*+("[^"]*+"|'[^']*+')""")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a document as it is written. ``name`` is set for tags only."""

    raw: str
    name: str = ""
    opens: bool = False
    closes: bool = False
    """Both are set for an empty element's tag."""

    @property
    def namespaces(self) -> dict[str, str]:
        """Prefix -> the quoted URI that this tag declares; the empty prefix is the default namespace."""
        return dict(_declarations(self.raw))


def scan(chunks: Iterable[str]) -> Iterator[Piece]:
    """The pieces of a document in order. Raises Malformed where markup is begun and never ended."""
    buffer, place = "", 0
    source = iter(chunks)
    ended = False
    while True:
        found = _MARKUP.match(buffer, place)
        # A text at the buffer's end may go on in the next chunk; markup that matches is complete.
        if found and (ended or found.end() < len(buffer) or buffer[found.start()] == "<"):
            place = found.end()
            yield _piece(found)
            continue
        if ended:
            if place < len(buffer):
                raise Malformed("not well-formed XML: a tag, comment or section is not closed")
            return
        buffer, place = buffer[place:], 0
        if len(buffer) > MAX_TOKEN:
            raise Malformed(f"not well-formed XML: a tag, comment or text is longer than {MAX_TOKEN} characters")
        chunk = next(source, None)
        ended = chunk is None
        buffer += chunk or ""


def _piece(found: re.Match[str]) -> Piece:
    raw = found[0]
    name = found["name"]
    if not name:
        return Piece(raw)
    closing = bool(found["end"])
    return Piece(raw, name, opens=not closing, closes=closing or raw.endswith("/>"))


def _declarations(tag: str) -> list[tuple[str, str]]:
    attributes = _ATTRIBUTE.findall(tag) if "xmlns" in tag else ()
    return [(name[6:], quoted) for name, quoted in attributes if name == "xmlns" or name.startswith("xmlns:")]


def local(name: str) -> str:
    """The name without its prefix."""
    return name.rpartition(":")[2]


def declared(element: str) -> list[str]:
    """The prefixes that an element's first tag declares, in their order; the empty one is the default namespace."""
    tag = _MARKUP.match(element)
    return [prefix for prefix, _ in _declarations(tag[0])] if tag else []


def after_first_tag(element: str) -> int:
    """Where an element's first tag ends; 0 if it begins with none."""
    tag = _MARKUP.match(element)
    return tag.end() if tag and tag["name"] else 0


def with_namespaces(element: str, bindings: Iterable[tuple[str, str]]) -> str:
    """An element's text with namespace declarations added to its first tag, where it does not declare the prefix itself."""
    tag = _MARKUP.match(element)
    if tag is None:
        return element
    own = set(declared(element))
    place = tag.end() - (2 if tag[0].endswith("/>") else 1)
    added = "".join(f" xmlns{':' if prefix else ''}{prefix}={uri}" for prefix, uri in bindings if prefix not in own)
    return element[:place] + added + element[place:]
