"""The language ``tokenize``: text cut into parts (Camel's page "Tokenize", and the oracle's cases under ``languages/tokenize``).

The result is an iterator that reads as it is read: a split with ``streaming`` over a file holds one part at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from esb.coerce import integer, text
from esb.errors import ExpressionFailed, OptionError
from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Scope
from esb.fields import Kind, field
from esb.languages import _cutting, _tags
from esb.languages._source import reader
from esb.languages._text import MAX_TOKEN, chunks

Parts = Callable[[Any, Exchange], Iterator[str]]


class Tokenize(LanguageSpec):
    r"""``tokenize: "\n"``: the parts of a text between its tokens, between two tokens, or the elements of an XML document by name."""

    name = "tokenize"

    expression = field(Kind.TEXT, "", raw=True, doc="Not used: the token says it all.")
    token = field(
        Kind.TEXT,
        scalar=True,
        raw=True,
        doc="Where to cut; a regular expression in effect. simple's ${...} may stand in it.",
    )
    end_token = field(Kind.TEXT, None, raw=True, doc="The parts are what stands between the token and this one.")
    inherit_namespace_tag_name = field(
        Kind.TEXT, None, doc="With xml: the outer element whose namespaces each part gets.", example="orders"
    )
    regex = field(Kind.BOOL, False, doc="The token is a regular expression. It is taken as one in any case.")
    xml = field(
        Kind.BOOL, False, doc="The token is the name of an element; the parts are these elements as they are written."
    )
    include_tokens = field(Kind.BOOL, False, doc="With endToken: whether the parts have the tokens around them.")
    group = field(Kind.TEXT, None, doc="Join this many parts to one; a number or simple.")
    group_delimiter = field(Kind.TEXT, None, raw=True, doc="What stands between joined parts, if not the token.")
    skip_first = field(Kind.BOOL, False, doc="Leave out the first part: a line of column names.")
    source = field(
        Kind.TEXT, None, doc="header:name, property:name, variable:name or a variable's name instead of the body."
    )

    def compile(self, scope: Scope) -> Expression:
        if self.include_tokens and not self.end_token:
            raise OptionError("includeTokens needs endToken", self.at, "give both tokens: token and endToken")
        read = reader(self.source, scope)  # type: ignore[arg-type]  # every scope is a context, which holds the variables
        parts = self._parts(scope)
        group = self._group(scope)
        if group is None and self.skip_first and not self.xml and not self.end_token:
            return lambda exchange: _cutting.without_first(parts(read(exchange), exchange))
        if group is None:
            return lambda exchange: parts(read(exchange), exchange)
        delimiter = "" if self.xml else self.group_delimiter if self.group_delimiter is not None else self.token
        if delimiter.startswith("\\n"):  # as in the token, Camel takes these two characters for a line break
            delimiter = "\n" + delimiter[2:]
        skip_first = self.skip_first and not self.xml and not self.end_token
        return lambda exchange: _cutting.grouped(
            parts(read(exchange), exchange), group(exchange), delimiter, skip_first=skip_first
        )

    def _parts(self, scope: Scope) -> Parts:
        token = self._told(scope, self.token)
        if self.xml:
            parent = self._told(scope, self.inherit_namespace_tag_name or "")
            return lambda value, exchange: elements(chunks(value, xml=True), token(exchange), parent(exchange))
        if self.end_token:
            closing = self._told(scope, self.end_token)
            include: bool = self.include_tokens
            return lambda value, exchange: _cutting.between(
                chunks(value), token(exchange), closing(exchange), include=include
            )
        if "${" in self.token:
            return lambda value, exchange: _cutting.parts(
                chunks(value), _cutting.cutter(token(exchange), trusted=False)
            )
        try:
            cut = _cutting.cutter(self.token, trusted=True)
        except ExpressionFailed as error:
            failure = str(error)

            def fail(value: Any, exchange: Exchange) -> Iterator[str]:  # noqa: ARG001 -- the shape of parts
                raise ExpressionFailed(failure)  # as in Camel the messages fail, not the start

            return fail
        return lambda value, _: _cutting.parts(chunks(value), cut)

    def _told(self, scope: Scope, written: str) -> Callable[[Exchange], str]:
        """The text of an option, with simple's functions filled in per message where it has any."""
        if "${" not in written:
            return lambda _: written
        evaluate = scope.language("simple")(self.at, expression=written, trim=False).compile(scope)
        return lambda exchange: text(evaluate(exchange)) or ""

    def _group(self, scope: Scope) -> Callable[[Exchange], int] | None:
        if not self.group:
            return None
        told = self._told(scope, self.group)
        if "${" not in self.group and not (self.group.strip().isdigit() and int(self.group) > 0):
            raise OptionError(f"group is a number of at least 1, not {self.group!r}", self.at)

        def size(exchange: Exchange) -> int:
            wanted = integer(told(exchange).strip()) or 0
            if wanted < 1:
                raise ExpressionFailed(f"tokenize: a group of {wanted} parts is not possible")
            return wanted

        return size


def elements(source: Iterator[str], token: str, parent: str) -> Iterator[str]:
    """The elements of a name as they are written. A name without prefix fits any prefix; ``<name>`` is the same as ``name``.

    ``parent`` names the outer element whose namespace declarations every part gets. Elements inside a part are not parts of their own.
    """
    wanted, outer = _name(token), _name(parent)
    bindings: dict[str, str] = {}
    held: list[str] = []
    depth = size = 0
    for piece in _tags.scan(source):
        if not held:
            if piece.opens and outer and _fits(piece.name, outer):
                bindings = piece.namespaces
            if not (piece.opens and _fits(piece.name, wanted)):
                continue
        held.append(piece.raw)
        size += len(piece.raw)
        if size > MAX_TOKEN:
            raise ExpressionFailed(f"tokenize: an element {wanted!r} is longer than {MAX_TOKEN} characters")
        depth += piece.opens - piece.closes
        if depth <= 0:
            element = "".join(held)
            yield _tags.with_namespaces(element, bindings.items()) if bindings else element
            held, depth, size = [], 0, 0


def _name(token: str) -> str:
    return token.strip().removeprefix("<").removesuffix(">").strip()


def _fits(name: str, wanted: str) -> bool:
    return name == wanted or (":" not in wanted and _tags.local(name) == wanted)
