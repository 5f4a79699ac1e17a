"""Paths into values: ``.name``, ``.method('a', ${body})``, ``[key]``, ``[0]``, ``[last-1]``, each with ``?`` before it to be safe from null.

The rules are Camel's: a map's keys stand in brackets, a dot calls a method; what follows a null fails unless the step before was null-safe.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from esb.coerce import NoConversion, converter
from esb.errors import ExpressionFailed
from esb.exchange import Exchange
from esb.expression import Expression
from esb.languages.simple.arguments import closing, split, unquoted
from esb.languages.simple.methods import invoke
from esb.languages.simple.nodes import SyntaxFault

if TYPE_CHECKING:
    from esb.languages.simple.functions import Call

Path = Callable[[Any, Exchange], Any]
"""Follows a path from a value; nothing has nothing in it."""

_LAST: Final = re.compile(r"last(?:\s*-\s*(\d+))?")
_STOPS: Final = re.compile(r"[.?\[(]")
_LISTS: Final = converter("list")


class Segment(NamedTuple):
    """One step of a path. ``arguments`` is None where no parentheses stand; ``key`` is None without brackets."""

    safe: bool
    name: str
    arguments: tuple[Expression, ...] | None
    key: Expression | str | None


def parse(path: str, call: Call, usage: str) -> list[Segment]:
    """The steps of a path. Raises SyntaxFault if brackets do not match or a name is missing."""
    if path.count("[") != path.count("]") or (".." in path and "[" not in path):
        raise call.misused(usage)
    segments, at = [], 0
    while at < len(path):
        safe = path[at] == "?"
        at += safe
        at += path[at : at + 1] == "."
        found = _STOPS.search(path, at)
        end = found.start() if found else len(path)
        name, at = path[at:end], end
        arguments, key = None, None
        if path[at : at + 1] == "(":
            inside, at = _bracketed(path, at, call, usage)
            arguments = tuple(_argument(argument, call) for argument in split(inside))
        if path[at : at + 1] == "[":
            inside, at = _bracketed(path, at, call, usage)
            plain = unquoted(inside.strip())
            key = call.expression(plain) if "${" in plain else plain
        segments.append(Segment(safe, name.strip(), arguments, key))
    return segments


def _bracketed(path: str, at: int, call: Call, usage: str) -> tuple[str, int]:
    end = closing(path, at)
    if end < 0:
        raise call.misused(usage)
    return path[at + 1 : end], end + 1


def _argument(source: str, call: Call) -> Expression:
    """An argument of a method: quoted text, a function, a number, a truth value, null, or plain text."""
    plain = source.strip()
    value: Any = unquoted(plain)
    if value is not plain and value != plain:
        return call.expression(value) if "${" in value else _always(value)
    if "${" in plain:
        return call.expression(plain)
    if plain in {"null", "true", "false"}:
        return _always({"null": None, "true": True, "false": False}[plain])
    if re.fullmatch(r"-?\d+", plain):
        return _always(int(plain))
    return _always(plain)


def _always(value: Any) -> Expression:
    return lambda _exchange: value


def compile_path(path: str, call: Call, usage: str) -> Path:
    """The path as a callable. Raises SyntaxFault."""
    try:
        segments = parse(path, call, usage)
    except RecursionError:
        raise SyntaxFault("the path nests too deep", call.at) from None

    steps = [(_step(segment), segment.safe, segment.name or "[...]") for segment in segments]

    def follow(value: Any, exchange: Exchange) -> Any:
        safe = True  # nothing to begin with has nothing in it
        for step, null_safe, told in steps:
            if value is None:
                if safe:
                    return None
                raise ExpressionFailed(f"there is nothing before {told!r} in {path!r}: write '?' to allow that")
            value = step(value, exchange)
            safe = null_safe
        return value

    return follow


def _step(segment: Segment) -> Path:
    call = _call(segment) if segment.name or segment.key is None else None
    key, safe = segment.key, segment.safe
    if key is None:
        assert call is not None
        return call
    if key == "":  # empty brackets are as good as none
        return call or (lambda value, _exchange: value)
    if isinstance(key, str):
        fixed = key.strip()

        def item(value: Any, exchange: Exchange) -> Any:
            value = value if call is None else call(value, exchange)
            if type(value) is dict and fixed in value:
                return value[fixed]
            return look_up(value, fixed, safe=safe)

        return item

    def computed(value: Any, exchange: Exchange) -> Any:
        value = value if call is None else call(value, exchange)
        return look_up(value, str(key(exchange)).strip(), safe=safe)

    return computed


def _call(segment: Segment) -> Path:
    name, arguments = segment.name, segment.arguments
    if arguments is None:
        return lambda value, _exchange: invoke(value, name, None)
    return lambda value, exchange: invoke(value, name, [argument(exchange) for argument in arguments])


def look_up(value: Any, key: str, *, safe: bool) -> Any:
    """The item of a map or list. Raises ExpressionFailed for an index beyond the list, unless ``safe``."""
    if isinstance(value, Mapping):
        return value[key] if key in value else value.get(int(key)) if key.isdecimal() else None
    last = _LAST.fullmatch(key)
    if last or re.fullmatch(r"-?\d+", key):
        try:
            items = list(value) if isinstance(value, (tuple, bytes)) else _LISTS(value)
        except NoConversion:
            items = None
        if items is not None:
            index = len(items) - 1 - int(last[1] or 0) if last else int(key)
            if 0 <= index < len(items):
                return items[index]
            if safe:
                return None
            raise ExpressionFailed(f"index {key} is out of bounds: the list has {len(items)} items")
    if safe:
        return None
    raise ExpressionFailed(f"a {type(value).__name__} has no item {key!r}")
