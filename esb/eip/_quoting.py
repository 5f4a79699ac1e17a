"""URIs with data in them: what a message brings stays a value, and never becomes an option, another path or an expression.

The author's text is taken apart once; each function's result is quoted for the place it stands in. In the path a result may not climb
(``..``), in the query every special character is escaped twice, since a URI's values are decoded twice (esb.dsl.uri). A result that holds ``${``
is refused in the query: some options are expressions themselves (``fileName``), and data must not be evaluated.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterator

from esb.coerce import text
from esb.eip._names import has_functions, simple
from esb.errors import OptionError, Position, ValidationFailed
from esb.exchange import Exchange
from esb.expression import Expression
from esb.step import Builder

_PLAIN = re.compile(r"[\w.~/:@ ,;=!*'()$-]*", re.ASCII)
_HOST = re.compile(r"https?:(?://)?[^/?#]+(?=[/?#])")


def quoted(builder: Builder, uri: str, at: Position) -> Expression:
    """A URI in simple as an expression that gives its text with all data quoted.

    Raises OptionError where data would choose the host of an HTTP call: that must be the author's.
    """
    scheme = uri.partition(":")[0].strip()
    parts: list[Callable[[Exchange], str]] = []
    written, in_query = "", False
    for literal, function in _parts(uri):
        written += literal
        in_query = in_query or "?" in literal
        if literal:
            parts.append(lambda _, literal=literal: literal)  # type: ignore[misc]  # the default binds this turn's text
        if not function:
            continue
        if scheme in {"http", "https"} and not _HOST.match(written):
            raise OptionError(
                "the host of an HTTP call may not come from a message",
                at,
                "write the host in the route, and let only path and query come from data",
            )
        quote = _in_query if in_query else _in_path
        parts.append(_value(simple(builder, function, at), quote, function))
        written += function
    return lambda exchange: "".join([part(exchange) for part in parts])


def _value(evaluate: Expression, quote: Callable[[str], str], function: str) -> Callable[[Exchange], str]:
    def value(exchange: Exchange) -> str:
        told = text(evaluate(exchange)) or ""
        try:
            return quote(told)
        except ValueError as error:
            message = f"the value of {function} cannot be part of a URI: {error}"
            raise ValidationFailed(message, [{"path": function[2:-1], "message": str(error)}]) from None

    return value


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
