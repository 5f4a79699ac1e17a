"""URIs with data in them: what a message brings stays a value, and never becomes an option, another path or an expression.

The author's text is taken apart once; each function's result, and that of a part in another language, is quoted for the place it stands in.
In the path a result may not climb (``..``), in the query every special character is escaped twice, since a URI's values are decoded twice
(esb.dsl.uri). A result that holds ``${`` is refused in the query: some options are expressions themselves (``fileName``), and data must not
be evaluated. So are results that climb, or hold ``${``, only together, or behind what the author wrote: the whole text may hold no more of these
than the author's own.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterator, Sequence

from esb.coerce import text
from esb.eip._names import has_functions, simple
from esb.errors import OptionError, Position, ValidationFailed
from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec
from esb.step import Builder

_PLAIN = re.compile(r"[\w.~/:@ ,;=!*'$-]*", re.ASCII)
"""No parentheses: ``RAW(`` would take the route's own options into its value."""
_FUNCTION = re.compile(r"\$(?:simple)?\{")
_HOST = re.compile(r"https?:(?://)?[^/?#]+(?=[/?#])")
_RAW = re.compile(r"[?&][^=&]*=RAW\((?:(?!\)(?:&|\Z)).)*\Z", re.DOTALL)
"""A route's own ``RAW(``, not closed yet."""
_RAW_END = ")&"
_MORE = re.compile(r"\A\s*resource:|\$init\{|\s(?:\?:|\?~>|~>)\s")
"""A text that stands in a file, variables that are set first, and the operators between functions."""


Piece = str | tuple[str, Expression]
"""A text in simple; or how a value is written in the route, and what gives it."""


def written_scheme(uri: str) -> str:
    """The scheme that the route's author wrote; empty if the message brings it."""
    scheme, colon, _ = uri.partition(":")
    return scheme.strip() if colon and not has_functions(scheme) else ""


def named_by(builder: Builder, source: LanguageSpec) -> Expression:
    """The URI that an expression names: all data quoted in a text of simple that begins with its scheme, else what the expression gives."""
    if _is_template(source) and written_scheme(source.text):
        return quoted(builder, [source.text], source.at)
    return builder.expression(source)


def listed_by(builder: Builder, source: LanguageSpec, delimiter: str | None) -> Expression:
    """As :func:`named_by`, for a text that lists URIs: where one begins with its scheme, a value brings no further URI either."""
    between = None if delimiter in {None, "", "false"} else delimiter
    told = [one.strip() for one in _cut(source.text, between)] if _is_template(source) else []
    if not any(written_scheme(one) for one in told):
        return builder.expression(source)
    made = [
        quoted(builder, [one], source.at, between) if written_scheme(one) else simple(builder, one, source.at)
        for one in told
    ]
    return lambda exchange: (between or "").join([text(one(exchange)) or "" for one in made])


def _is_template(source: LanguageSpec) -> bool:
    """Whether it is a text of simple with functions in it, not a file's, and without what else simple has outside of functions."""
    return source.name == "simple" and not any(_MORE.search(f"{literal}\0") for literal, _ in _parts(source.text))


def _cut(uris: str, delimiter: str | None) -> list[str]:
    """The author's text cut at the delimiters outside functions."""
    cut = [""]
    for literal, function in _parts(uris):
        first, *others = literal.split(delimiter) if delimiter else [literal]
        cut[-1] += first
        cut += others
        cut[-1] += function
    return cut


def quoted(builder: Builder, pieces: Sequence[Piece], at: Position, delimiter: str | None = None) -> Expression:
    """A URI, which begins with its scheme, as an expression that gives its text with all data quoted, ``delimiter`` within them too.

    Raises OptionError where data would choose the host of an HTTP call: that must be the author's.
    """
    scheme = written_scheme(pieces[0]) if isinstance(pieces[0], str) else ""
    parts: list[Callable[[Exchange], str]] = []
    written, in_query, in_raw = "", False, False
    for literal, name, evaluate in _told(builder, pieces, at):
        written += literal
        in_query = in_query or "?" in literal
        if literal:
            parts.append(lambda _, literal=literal: literal)  # type: ignore[misc]  # the default binds this turn's text
        if evaluate is None:
            continue
        if scheme in {"http", "https"} and not _HOST.match(written):
            raise OptionError(
                "the host of an HTTP call may not come from a message",
                at,
                "write the host in the route, and let only path and query come from data",
            )
        quote = _in_path if not in_query else _in_raw if _RAW.search(written) else _in_query
        in_raw = in_raw or quote is _in_raw
        value = _value(evaluate, quote, name)
        parts.append(_without(value, delimiter, "%25" if in_query else "%") if delimiter else value)
        written += "\0"  # stands for data of any length
    climbs, functions, ends = _climbs(written), _functions(written), written.count(_RAW_END)

    def uri(exchange: Exchange) -> str:
        told = "".join([part(exchange) for part in parts])
        if ".." in told and _climbs(told) > climbs:  # a dot of the route's, or of another value, before a value's
            raise _refused("together they climb out of its path", "it climbs out of its path")
        if in_query and _functions(told) > functions:  # likewise the dollar before a value's brace
            raise _refused("together they hold an expression", "it holds an expression")
        if in_raw and told.count(_RAW_END) > ends:
            raise _refused("they end the RAW(...) that they stand in", "it ends RAW(...)")
        return told

    return uri


def _refused(values: str, uri: str) -> ValidationFailed:
    return ValidationFailed(f"the values cannot be part of a URI: {values}", [{"path": "uri", "message": uri}])


def _told(builder: Builder, pieces: Sequence[Piece], at: Position) -> Iterator[tuple[str, str, Expression | None]]:
    """The author's texts, each with the name and the expression of what follows it."""
    for piece in pieces:
        if isinstance(piece, tuple):
            yield "", *piece
            continue
        for literal, function in _parts(piece):
            yield literal, function, simple(builder, function, at) if function else None


def _value(evaluate: Expression, quote: Callable[[str], str], name: str) -> Callable[[Exchange], str]:
    def value(exchange: Exchange) -> str:
        told = text(evaluate(exchange)) or ""
        try:
            return quote(told)
        except ValueError as error:
            message = f"the value of {name} cannot be part of a URI: {error}"
            path = name[2:-1] if name.startswith("${") else name
            raise ValidationFailed(message, [{"path": path, "message": str(error)}]) from None

    return value


def _without(value: Callable[[Exchange], str], delimiter: str, escape: str) -> Callable[[Exchange], str]:
    instead = "".join(f"{escape}{octet:02X}" for octet in delimiter.encode())
    return lambda exchange: value(exchange).replace(delimiter, instead)


def _climbs(uri: str) -> int:
    return re.split(r"[/:]", uri.partition("?")[0]).count("..")


def _functions(uri: str) -> int:
    """How many functions of simple the options hold as the endpoint will read them: decoded twice."""
    query = uri.partition("?")[2]
    if "%" in query:
        query = urllib.parse.unquote(urllib.parse.unquote(query))
    return len(_FUNCTION.findall(query))


def _in_path(told: str) -> str:
    if ".." in told.replace("\\", "/").split("/"):
        raise ValueError("it climbs out of its path")
    return urllib.parse.quote(told, safe="/:@!$&'()*+,;=~ ")


def _in_query(told: str) -> str:
    if has_functions(told):
        raise ValueError("it holds an expression")
    if _PLAIN.fullmatch(told):
        return told
    return "".join(one if _PLAIN.fullmatch(one) else _twice(one) for one in told)


def _in_raw(told: str) -> str:
    if has_functions(told):
        raise ValueError("it holds an expression")
    return told  # it is taken as it stands


def _twice(character: str) -> str:
    return "".join(f"%25{octet:02X}" for octet in character.encode("utf-8", "surrogatepass"))


def _parts(uri: str) -> Iterator[tuple[str, str]]:
    """Pairs of the author's text and the function that follows it (empty at the end)."""
    start = 0
    while True:
        opened = min((place for mark in ("${", "$simple{") if (place := uri.find(mark, start)) >= 0), default=-1)
        if opened < 0:
            yield uri[start:], ""
            return
        depth, place = 0, uri.index("{", opened)
        while place < len(uri):
            depth += {"{": 1, "}": -1}.get(uri[place], 0)
            place += 1
            if depth == 0:
                break
        yield uri[start:opened], uri[opened:place]
        start = place
