"""The comparisons of filters, by Jayway's rules on types.

A number compares with text through the left side's type; only numbers with numbers and text with text have an order; ``UNDEFINED``, what a path
that leads nowhere gives, equals nothing. Booleans are never numbers here, unlike in Python.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from typing import Any, Final

from esb.languages._jsonpath.errors import JsonPathException


class _Undefined:
    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = _Undefined()


def is_number(value: Any) -> bool:
    """Whether JSON calls it a number."""
    return isinstance(value, (int, float, decimal.Decimal)) and not isinstance(value, bool)


def equal(left: Any, right: Any) -> bool:
    """``==``."""
    if is_number(left):
        if isinstance(right, str):
            right = _number(right)
        return is_number(right) and bool(left == right)
    if isinstance(left, str):
        return left == (str(right) if is_number(right) else right)
    return _same(left, right)


def _same(left: Any, right: Any) -> bool:
    """Deep equality that keeps types apart: 1 is neither true nor 1.0."""
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and left.keys() == right.keys()
            and all(_same(value, right[key]) for key, value in left.items())
        )
    if isinstance(left, (list, tuple)):
        return (
            isinstance(right, (list, tuple))
            and len(left) == len(right)
            and all(_same(one, other) for one, other in zip(left, right, strict=True))
        )
    if left is None or left is UNDEFINED:
        return left is right and left is None
    return type(left) is type(right) and bool(left == right)


def _number(text: str) -> decimal.Decimal | None:
    try:
        value = decimal.Decimal(text.strip())
    except decimal.InvalidOperation:
        return None
    return value if value.is_finite() else None


def _kind(value: Any) -> str:
    if is_number(value):
        return "number"
    if isinstance(value, (dict, list, tuple)):
        return "json"
    return type(value).__name__


def identical(left: Any, right: Any) -> bool:
    """``===``."""
    return _kind(left) == _kind(right) and equal(left, right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(left: Any, right: Any) -> bool:
        both_text = isinstance(left, str) and isinstance(right, str)
        return compare(left, right) if both_text or (is_number(left) and is_number(right)) else False

    return holds


def _scalars(value: Any) -> list[Any] | None:
    """The items of a list that operators compare; None for what is no list. Raises JsonPathException for nested lists and maps."""
    if not isinstance(value, (list, tuple)):
        return None
    if any(isinstance(item, (list, tuple, dict)) for item in value):
        raise JsonPathException("a list with lists or maps in it cannot be compared item by item")
    return list(value)


def _member(value: Any, items: list[Any]) -> bool:
    return any(equal(value, item) for item in items)


def _within(left: Any, right: Any) -> bool:
    items = _scalars(right)
    return items is not None and _member(left, items)


def _without(left: Any, right: Any) -> bool:
    # A right side that is no list makes `in` fail, and a filter that fails does not match.
    items = _scalars(right)
    return items is not None and not _member(left, items)


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return right in left
    items = _scalars(left)
    return items is not None and any(equal(right, item) for item in items)


def _sets(compare: Callable[[list[Any], list[Any]], bool]) -> Callable[[Any, Any], bool]:
    def holds(left: Any, right: Any) -> bool:
        ours, theirs = _scalars(left), _scalars(right)
        return ours is not None and theirs is not None and compare(ours, theirs)

    return holds


def _size(left: Any, right: Any) -> bool:
    return is_number(right) and isinstance(left, (str, list, tuple)) and len(left) == int(right)


def _empty(left: Any, right: Any) -> bool:
    return isinstance(left, (str, list, tuple, dict)) and isinstance(right, bool) and (not left) == right


def _never(left: Any, right: Any) -> bool:  # noqa: ARG001 -- the shape of an operator
    # `all`, `type` and `matches` need operands that a written path cannot give; Jayway's filter then does not match.
    return False


BINARY: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "===": identical,
    "!==": lambda left, right: not identical(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "in": _within,
    "nin": _without,
    "contains": _contains,
    "size": _size,
    "empty": _empty,
    "subsetof": _sets(lambda ours, theirs: all(_member(item, theirs) for item in ours)),
    "anyof": _sets(lambda ours, theirs: any(_member(item, theirs) for item in ours)),
    "noneof": _sets(lambda ours, theirs: not any(_member(item, theirs) for item in ours)),
    "all": _never,
    "type": _never,
    "matches": _never,
}
"""Operator -> comparison of two values; ``=~`` is compiled apart, since its pattern is."""


def matcher(expression: str, flags: str) -> Callable[[Any], bool]:
    """``=~``: whether a value's whole text (or that of any item of a list) matches.

    The pattern runs in RE2, which knows no look-around and no back-references but cannot be made to run away by data. Raises JsonPathException
    for a pattern it does not know.
    """
    import re2

    known = "".join(flag for flag in flags if flag in "ims")
    try:
        compiled = re2.compile(f"(?{known}:{expression})" if known else expression)
    except re2.error as error:
        raise JsonPathException(f"the pattern /{expression}/ cannot be used: {error}") from error

    def matches(value: Any) -> bool:
        if isinstance(value, (list, tuple)):
            return any(matches(item) for item in value if not isinstance(item, (list, tuple)))
        if isinstance(value, bool):
            return compiled.fullmatch("true" if value else "false") is not None
        text = value if isinstance(value, str) else str(value) if is_number(value) else ""
        return compiled.fullmatch(text) is not None

    return matches
