"""Simple's operators on values: equality, order, membership, by Camel's rules of coercion.

The rules are those of Camel's page "Simple" and of what Camel 4.17 does (oracle cases ``languages/simple/op-*``): text and number meet as
numbers where the text looks like one, a number is converted to the other side's type before they are compared (so ``5.5 == 5``), nothing is
equal to nothing only, and a text never becomes a number by losing blanks.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from esb.coerce import NoConversion, Textual, boolean, floating, inner, integer, is_element, text
from esb.errors import ConversionFailed, ExpressionFailed
from esb.javanames import IllegalArgumentException
from esb.languages.simple import javaregex

Operator = Callable[[Any, Any], bool]
_WIDE: Final = 1 << 31


def looks_whole(value: str) -> bool:
    """Digits with an optional minus."""
    return value.isdecimal() or (value[:1] == "-" and value[1:].isdecimal())


def looks_numeric(value: str) -> bool:
    """Digits with an optional minus and one dot at most, not at the end."""
    digits = value[1:] if value[:1] == "-" else value
    return looks_whole(value) or (digits.count(".") == 1 and digits[-1] != "." and digits.replace(".", "").isdecimal())


def _attempt(convert: Callable[[Any], Any], value: Any) -> Any:
    try:
        return convert(value)
    except ConversionFailed:
        return None


def _to_type_of(example: Any) -> Callable[[Any], Any]:
    """The conversion to the type of a value; types that nothing converts to give None."""
    match example:
        case bool():
            return _truth
        case int():
            return _whole
        case float():
            return floating
        case str():
            return text
        case list():
            return lambda value: value if isinstance(value, list) else None
        case Mapping():
            return lambda value: value if isinstance(value, Mapping) else None
        case _:
            return lambda value: value if type(value) is type(example) else None


def _truth(value: Any) -> bool | None:
    if isinstance(value, int) and not -_WIDE <= value < _WIDE:
        raise NoConversion("a long number is neither true nor false")  # Java has this conversion for Integer only
    return boolean(value)


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        raise NoConversion("a truth value is not a number")
    return integer(value)


def _same(left: Any, right: Any, *, ignore_case: bool) -> bool:
    """Java's ``equals``: never across types."""
    if isinstance(left, bool) is not isinstance(right, bool) or isinstance(left, float) is not isinstance(right, float):
        return False
    if ignore_case and isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    return bool(left == right)


def equal(left: Any, right: Any, *, ignore_case: bool = False) -> bool:
    """``==``: None equals None only; see the module for the rest."""
    if left is None or right is None:
        return left is right
    kinds = type(left), type(right)
    if kinds == (str, str):
        if looks_whole(left) and looks_whole(right):
            return int(left) == int(right)
        return bool(left.casefold() == right.casefold() if ignore_case else left == right)
    if kinds == (str, int) and looks_whole(left):
        return int(left) == int(right)
    if kinds == (int, str) and looks_whole(right):
        return int(left) == int(right)
    if kinds == (str, float) and looks_numeric(left):
        return float(left) == float(right)
    if kinds == (str, bool):
        return (left.lower() == "true") is right
    if kinds == (bool, str):
        return (right.lower() == "true") is left
    if _same(left, right, ignore_case=ignore_case):
        return True
    if kinds[0] is kinds[1]:
        return False
    as_right = _attempt(_to_type_of(right), left)
    if as_right is not None and _same(as_right, right, ignore_case=ignore_case):
        return True
    as_left = _attempt(_to_type_of(left), right)
    return as_left is not None and _same(left, as_left, ignore_case=ignore_case)


def compare(left: Any, right: Any) -> int:
    """Negative, zero or positive; neither side is None. Raises ConversionFailed where the two have no order."""
    kinds = type(left), type(right)
    if kinds == (str, str):
        if looks_whole(left) and looks_whole(right):
            return _sign(int(left), int(right))
        if looks_numeric(left) and looks_numeric(right):
            return _sign(float(left), float(right))
        return _sign(left, right)
    if kinds in {(int, int), (float, float)}:
        return _sign(left, right)
    if decimal.Decimal in kinds and set(kinds) <= {decimal.Decimal, float}:
        return _sign(_decimal(left), _decimal(right))  # a data type's decimals stand where Camel has two floats
    if (kinds == (str, int) and looks_whole(left)) or (kinds == (int, str) and looks_whole(right)):
        return _sign(int(left), int(right))
    if kinds == (str, float) and looks_numeric(left):
        return _sign(float(left), right)
    if kinds == (str, bool):
        return _sign(left.lower() == "true", right)
    if kinds == (bool, str):
        return _sign(left, right.lower() == "true")
    for convert in (_whole, _number):
        one, other = _attempt(convert, left), _attempt(convert, right)
        if one is not None and other is not None:
            return _sign(one, other)
    if isinstance(right, str):
        return -compare(right, left)
    return _compare_converted(left, right)


def _decimal(value: float | decimal.Decimal) -> decimal.Decimal:
    return decimal.Decimal(str(value)) if isinstance(value, float) else value


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        raise NoConversion("a truth value is not a number")
    return floating(value)


def _rank(value: Any) -> int:
    """Where Java's class name of a value stands among the others'."""
    return 2 if isinstance(value, Mapping) else int(isinstance(value, list))


def _compare_converted(left: Any, right: Any) -> int:
    if _rank(left):  # what has no order of its own is ordered by the name of its class, and then in some way
        return _sign(_rank(left), _rank(right)) or _sign(len(left), len(right)) or _sign(inner(left), inner(right))
    try:
        as_right = _attempt(_to_type_of(right), left)
        if as_right is not None:
            return _sign(as_right, right)
        as_left = _attempt(_to_type_of(left), right)
        if as_left is not None:
            return _sign(left, as_left)
    except TypeError:
        pass
    raise ConversionFailed(f"a {type(left).__name__} and a {type(right).__name__} have no order: convert one of them")


def _sign(left: Any, right: Any) -> int:
    if left != left or right != right:  # noqa: PLR0124 -- only NaN differs from itself; Java has it greater than all numbers
        return int(left != left) - int(right != right)  # noqa: PLR0124
    return int(left > right) - int(left < right)


def _ordered(accepts: Callable[[int], bool], *, both_missing: bool) -> Operator:
    def operator(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return both_missing and left is right
        return accepts(compare(left, right))

    return operator


def contains(left: Any, right: Any, *, ignore_case: bool = False) -> bool:
    """Text in text, item in a list (of the same type, or part of a text item when case is ignored), else equality."""
    if left is None or right is None:
        return left is right
    if isinstance(left, (list, tuple, set)) and not isinstance(left, Textual):
        if not ignore_case:
            return any(_same(item, right, ignore_case=False) for item in left)
        wanted = inner(right).casefold()
        return any(wanted in inner(item).casefold() for item in left)
    if isinstance(left, (str, bytes, Textual)) or is_element(left):
        told, part = text(left) or "", inner(right)
        return part.casefold() in told.casefold() if ignore_case else part in told
    if isinstance(left, Mapping):
        return False
    return equal(right, left, ignore_case=ignore_case)


class _Entry(tuple[Any, ...], Textual):
    """An entry of a map, where one is walked through; its text is ``key=value``."""

    __slots__ = ()

    def as_text(self) -> str:
        """Java's text of an entry."""
        key, value = self
        return f"{inner(key)}={inner(value)}"


def items(value: Any) -> Iterator[Any]:
    """The values on the right of ``in``: a list's items, a text cut at commas, else the one value."""
    if value is None or value == "":
        return iter(())
    if isinstance(value, str):
        return iter(value.split(","))
    if isinstance(value, Mapping):
        return iter([_Entry(item) for item in value.items()])
    if isinstance(value, (list, tuple, set)) or (isinstance(value, Iterator) and not hasattr(value, "read")):
        return iter(value)
    return iter((value,))


def each(value: Any, name: str) -> Iterator[Any]:
    """As :func:`items`, for the functions that walk through a value. Raises IllegalArgumentException for None, as Camel."""
    if value is None:
        raise IllegalArgumentException(f"{name} has nothing to walk through: there is no value")
    return items(value)


def is_in(left: Any, right: Any) -> bool:
    """``in``: each value is converted to the type of the left side until one is equal. Raises ConversionFailed where one cannot be read."""
    convert = _to_type_of(left) if left is not None else (lambda value: value)
    for value in items(right):
        if value is None or (isinstance(value, _Entry) and not isinstance(left, str)):
            continue
        try:
            candidate = convert(value)
        except NoConversion:
            continue
        if candidate is None and value is not None:
            continue
        if equal(left, candidate):
            return True
    return False


def matches(left: Any, right: Any) -> bool:
    """``regex``: the whole text matches; nothing matches no pattern. Raises ExpressionFailed where there is no pattern."""
    told, pattern = text(left), text(right)
    if pattern is None:
        raise ExpressionFailed("the regular expression is missing: there is nothing on the right of 'regex'")
    return told is not None and javaregex.compiled(pattern).fullmatch(told) is not None


def in_range(left: Any, right: Any) -> bool:
    """``range``: ``from..to``, both included. Raises ConversionFailed if the right side is not of that form."""
    low, dots, high = (text(right) or "").partition("..")
    if not dots or not low.isdecimal() or not high.isdecimal():
        raise ConversionFailed(f"{text(right)!r} is not a range: write 'from..to' with whole numbers")
    return left is not None and compare(left, low) >= 0 and compare(left, high) <= 0


def _on_texts(test: Callable[[str, str], bool]) -> Operator:
    def operator(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return left is right
        return test(inner(left), inner(right))

    return operator


def _negated(operator: Operator) -> Operator:
    return lambda left, right: not operator(left, right)


_POSITIVE: Final[dict[str, Operator]] = {
    "=~": lambda left, right: equal(left, right, ignore_case=True),
    "contains": contains,
    "~~": lambda left, right: contains(left, right, ignore_case=True),
    "regex": matches,
    "in": is_in,
    "range": in_range,
    "startsWith": _on_texts(str.startswith),
    "endsWith": _on_texts(str.endswith),
    "equals": _on_texts(str.__eq__),  # Camel 4.21: never as numbers, so that 01 is not 1
}
BINARY: Final[dict[str, Operator]] = {
    "==": equal,
    "!=": _negated(equal),
    ">": _ordered(lambda sign: sign > 0, both_missing=False),
    ">=": _ordered(lambda sign: sign >= 0, both_missing=True),
    "<": _ordered(lambda sign: sign < 0, both_missing=True),
    "<=": _ordered(lambda sign: sign <= 0, both_missing=True),
    **_POSITIVE,
    **{f"!{name}": _negated(operator) for name, operator in _POSITIVE.items()},
}
"""Operator -> test of two values. ``is`` is not here: it names a type, which is known when the text is compiled."""

SPELLINGS: Final = {
    **{f"not {name}": f"!{name}" for name in ("is", "contains", "regex", "in", "range")},
    "starts with": "startsWith",
    "ends with": "endsWith",
}
"""Old spellings -> the operator meant."""
