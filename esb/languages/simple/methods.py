"""Methods that paths may call on values: ``${body.trim()}``, ``${body.size}``, ``${header.m.containsKey('a')}``.

Texts, lists, maps, numbers and bytes have those of Java's methods that change nothing. A method without arguments may be written without
parentheses unless Java has several of that name (``toUpperCase`` needs them). Anything else is a Python object: its attributes and methods are
reached by name, but never those that begin with ``_``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from esb.coerce import inner, octets, text
from esb.errors import ExpressionFailed
from esb.languages.simple import javaregex
from esb.languages.simple.classes import NamedClass, class_of


class Method(NamedTuple):
    """A callable of the value and the arguments, how many of these it takes, and whether its parentheses may be left out."""

    call: Callable[..., Any]
    least: int = 0
    most: int = 0
    bare: bool = True


def _only(*counts: int) -> dict[str, Any]:
    return {"least": min(counts), "most": max(counts), "bare": False}


def _utf16(value: str) -> int:
    """Length in Java's characters: those beyond the base plane count twice."""
    return len(value) + sum(character > "\uffff" for character in value)


def _substring(value: str, start: Any, end: Any = None) -> str:
    first, last = int(start), len(value) if end is None else int(end)
    if not 0 <= first <= last <= len(value):
        raise ExpressionFailed(f"begin {first}, end {last}, length {len(value)}: no such part of the text")
    return value[first:last]


def _char_at(value: str, index: Any) -> str:
    return _substring(value, index, int(index) + 1)


def _replaced(value: str, pattern: Any, replacement: Any, count: int) -> str:
    # Java's $1 is re2's \1, and a backslash of the author's is one character.
    target = inner(replacement).replace("\\", r"\\")
    for digit in "0123456789":
        target = target.replace(f"${digit}", f"\\{digit}")
    told: str = javaregex.compiled(inner(pattern)).sub(target, value, count)
    return told


def java_split(pattern: Any, value: str, limit: int = 0) -> tuple[str, ...]:
    """Java's ``split``: no empty part before a match of no length at the start, and without a limit none at the end."""
    parts: list[str] = []
    start = 0
    for found in pattern.finditer(value):
        if (limit > 0 and len(parts) == limit - 1) or (found.start() == found.end() and found.end() in {0, len(value)}):
            continue
        parts.append(value[start : found.start()])
        start = found.end()
    parts.append(value[start:])
    if limit == 0:
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
    return tuple(parts)


def _split(value: str, pattern: Any, limit: Any = 0) -> tuple[str, ...]:
    return java_split(javaregex.compiled(inner(pattern)), value, int(limit))


def _compare_texts(one: str, other: Any) -> int:
    told = inner(other)
    for mine, theirs in zip(one, told, strict=False):
        if mine != theirs:
            return ord(mine) - ord(theirs)
    return len(one) - len(told)


def _indent(value: str, count: Any) -> str:
    return "".join(" " * int(count) + line + "\n" for line in value.splitlines())


_TEXT: Final[dict[str, Method]] = {
    "length": Method(_utf16),
    "isEmpty": Method(lambda value: not value),
    "isBlank": Method(lambda value: not value.strip()),
    "trim": Method(lambda value: value.strip("".join(map(chr, range(33))))),
    "strip": Method(lambda value: value.strip()),
    "stripLeading": Method(lambda value: value.lstrip()),
    "stripTrailing": Method(lambda value: value.rstrip()),
    "intern": Method(lambda value: value),
    "toCharArray": Method(tuple),
    "lines": Method(lambda value: value.splitlines()),
    "chars": Method(lambda value: [ord(character) for character in value]),
    "toString": Method(lambda value: value),
    "toUpperCase": Method(lambda value: value.upper(), bare=False),
    "toLowerCase": Method(lambda value: value.lower(), bare=False),
    "getBytes": Method(lambda value, charset="utf-8": octets(value, inner(charset)), 0, 1, bare=False),
    "substring": Method(_substring, **_only(1, 2)),
    "subSequence": Method(_substring, **_only(2)),
    "charAt": Method(_char_at, **_only(1)),
    "codePointAt": Method(lambda value, index: ord(value[int(index)]), **_only(1)),
    "indexOf": Method(lambda value, part, start=0: value.find(inner(part), int(start)), **_only(1, 2)),
    "lastIndexOf": Method(lambda value, part: value.rfind(inner(part)), **_only(1)),
    "contains": Method(lambda value, part: inner(part) in value, **_only(1)),
    "startsWith": Method(lambda value, part, start=0: value.startswith(inner(part), int(start)), **_only(1, 2)),
    "endsWith": Method(lambda value, part: value.endswith(inner(part)), **_only(1)),
    "equalsIgnoreCase": Method(lambda value, other: value.casefold() == inner(other).casefold(), **_only(1)),
    "contentEquals": Method(lambda value, other: value == inner(other), **_only(1)),
    "compareTo": Method(_compare_texts, **_only(1)),
    "compareToIgnoreCase": Method(lambda value, other: _compare_texts(value.lower(), inner(other).lower()), **_only(1)),
    "concat": Method(lambda value, other: value + inner(other), **_only(1)),
    "replace": Method(lambda value, old, new: value.replace(inner(old), inner(new)), **_only(2)),
    "replaceAll": Method(lambda value, pattern, new: _replaced(value, pattern, new, 0), **_only(2)),
    "replaceFirst": Method(lambda value, pattern, new: _replaced(value, pattern, new, 1), **_only(2)),
    "matches": Method(
        lambda value, pattern: javaregex.compiled(inner(pattern)).fullmatch(value) is not None, **_only(1)
    ),
    "split": Method(_split, **_only(1, 2)),
    "repeat": Method(lambda value, count: value * int(count), **_only(1)),
    "indent": Method(_indent, **_only(1)),
}


def _position(value: Sequence[Any], item: Any) -> int:
    return next((index for index, candidate in enumerate(value) if candidate == item), -1)


def _sub_list(value: Sequence[Any], start: Any, end: Any) -> list[Any]:
    first, last = int(start), int(end)
    if not 0 <= first <= last <= len(value):
        raise ExpressionFailed(f"from {first} to {last} is no part of a list of {len(value)} items")
    return list(value[first:last])


_COLLECTION: Final[dict[str, Method]] = {
    "size": Method(len),
    "isEmpty": Method(lambda value: not value),
    "contains": Method(lambda value, item: item in value, **_only(1)),
    "toArray": Method(tuple, bare=False),
    "iterator": Method(iter),
    "stream": Method(list),
    "toString": Method(inner),
}
_LIST: Final[dict[str, Method]] = {
    **_COLLECTION,
    "get": Method(lambda value, index: _item(value, int(index)), **_only(1)),
    "indexOf": Method(_position, **_only(1)),
    "subList": Method(_sub_list, **_only(2)),
    "count": Method(len),
}
_ARRAY: Final[dict[str, Method]] = {**_LIST, "length": Method(len)}


def _value_of(value: Mapping[Any, Any], key: Any) -> Any:
    # A key in a route is text, and 0 is as good as '0'.
    return value[key] if key in value else value.get(inner(key))


_MAP: Final[dict[str, Method]] = {
    "size": Method(len),
    "isEmpty": Method(lambda value: not value),
    "keySet": Method(list),
    "values": Method(lambda value: list(value.values())),
    "entrySet": Method(lambda value: list(value.items())),
    "get": Method(_value_of, **_only(1)),
    "getOrDefault": Method(lambda value, key, default: value.get(key, default), **_only(2)),
    "containsKey": Method(lambda value, key: key in value, **_only(1)),
    "containsValue": Method(lambda value, wanted: wanted in value.values(), **_only(1)),
    "toString": Method(inner),
}
_NUMBER: Final[dict[str, Method]] = {
    "intValue": Method(lambda value: (int(value) + (1 << 31)) % (1 << 32) - (1 << 31)),  # Java narrows without a word
    "longValue": Method(int),
    "shortValue": Method(int),
    "doubleValue": Method(float),
    "floatValue": Method(float),
    "toString": Method(inner, bare=False),
    "compareTo": Method(lambda value, other: (value > other) - (value < other), **_only(1)),
}
_BOOLEAN: Final[dict[str, Method]] = {
    "booleanValue": Method(lambda value: value),
    "toString": Method(inner, bare=False),
}
_THROWABLE: Final[dict[str, Method]] = {
    "getMessage": Method(lambda error: str(error) or None),
    "getLocalizedMessage": Method(str),
    "getCause": Method(lambda error: error.__cause__),
    "toString": Method(lambda error: f"{class_of(error).name}: {error}"),
}
_CLASS: Final[dict[str, Method]] = {
    "getName": Method(lambda named: named.name),
    "getCanonicalName": Method(lambda named: named.name),
    "getTypeName": Method(lambda named: named.name),
    "getSimpleName": Method(lambda named: named.simple_name),
    "toString": Method(str),
}


def _item(value: Sequence[Any], index: int) -> Any:
    if not 0 <= index < len(value):
        raise ExpressionFailed(f"index {index} is out of bounds: the list has {len(value)} items")
    return value[index]


def _methods_of(value: Any) -> dict[str, Method] | None:
    """The table for a value; None for a Python object."""
    if isinstance(value, str):
        return _TEXT
    if isinstance(value, bool):
        return _BOOLEAN
    if isinstance(value, (int, float)):
        return _NUMBER
    if isinstance(value, Mapping):
        return _MAP
    if isinstance(value, list):
        return _LIST
    if isinstance(value, tuple):
        return _ARRAY
    if isinstance(value, (bytes, bytearray)):
        return _ARRAY
    if isinstance(value, (set, frozenset)):
        return _COLLECTION
    if isinstance(value, BaseException):
        return _THROWABLE
    return _CLASS if isinstance(value, NamedClass) else None


def invoke(value: Any, name: str, arguments: Sequence[Any] | None) -> Any:
    """Call a method, or read a property by its getter's short name. ``arguments`` None means that no parentheses were written.

    Raises ExpressionFailed if the value has no such method or several.
    """
    if name in {"class", "getClass"} and not arguments:
        return class_of(value)
    table = _methods_of(value)
    if table is None:
        return _member(value, name, arguments)
    getter = name[:1].upper() + name[1:]
    given = len(arguments or ())
    for candidate in (name, f"get{getter}", f"is{getter}"):
        method = table.get(candidate)
        if method is None:
            continue
        if (arguments is None and not method.bare) or not method.least <= given <= method.most:
            break
        try:
            return method.call(value, *(arguments or ()))
        except (ValueError, TypeError, IndexError) as error:
            raise ExpressionFailed(f"{name} of a {class_of(value).simple_name} failed: {error}") from error
    else:
        if isinstance(value, BaseException):
            return _member(value, name, arguments)
    raise ExpressionFailed(_missing(value, name, table))


def _missing(value: Any, name: str, table: Mapping[str, Method]) -> str:
    kind = class_of(value).simple_name
    if isinstance(value, Mapping):
        return f"{name!r} is no method of a map: a key stands in brackets, [{name}]"
    if name in table:
        return f"{name!r} of a {kind} takes other arguments: write them in parentheses, {name}(...)"
    return f"a {kind} has no method {name!r}"


def _member(value: Any, name: str, arguments: Sequence[Any] | None) -> Any:
    """An attribute or method of a Python object, by its own name or its name in snake case."""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    plain = snake.removeprefix("get_").removeprefix("is_")
    for candidate in dict.fromkeys((name, snake, plain)):
        if candidate.startswith("_"):
            break
        try:
            found = getattr(value, candidate)
        except AttributeError:
            continue
        if callable(found):
            return found(*(arguments or ()))
        if not arguments:
            return found
    raise ExpressionFailed(f"a {type(value).__name__} has no attribute or method {name!r}{_shown(value)}")


def _shown(value: Any) -> str:
    told = text(value) if isinstance(value, str) else None
    return f": {told[:60]!r}" if told else ""
