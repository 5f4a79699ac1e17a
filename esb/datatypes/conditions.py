"""Conditions on a value's fields: of rules (``required_if``) and of mappings (``when``).

``{field: country, in: [DE, AT]}``; tests: equals, not_equals, in, not_in, above, at_least, below, at_most, matches, present (true or false).
A list means all of them; ``{any: [...]}``, ``{all: [...]}`` and ``{not: {...}}`` combine.
A number means the decimal that is written: 19.99 equals 19.990.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
import operator
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from esb.datatypes.checks import compile_regex
from esb.datatypes.document import Part
from esb.datatypes.paths import MISSING, Getter
from esb.errors import OptionError

Condition = Callable[[Any], bool]
Paths = Callable[[Part], Getter]
"""Makes the getter of a path that a part holds; raises UnknownName for a field that is not there."""

_COMBINE: Final = ("any", "all", "not")
_TESTS: Final = ("equals", "not_equals", "in", "not_in", "above", "at_least", "below", "at_most", "matches", "present")


def parse_condition(part: Part, paths: Paths) -> Condition:
    """The condition as one function of the value. Raises ConfigError."""
    if isinstance(part.value, list):
        return _all([parse_condition(item, paths) for item in part.items("a condition")])
    part.allow("a condition", ("field", *_TESTS, *_COMBINE))
    for word in _COMBINE:
        if word in part:
            if len(part.value) > 1:
                raise OptionError(f"{word!r} stands alone", part.at)
            inner = part.part(word)
            if word == "not":
                one = parse_condition(inner, paths)
                return lambda value: not one(value)
            parts = [parse_condition(item, paths) for item in inner.items(f"{word!r}")]
            return _all(parts) if word == "all" else _any(parts)
    part.need("field", str, "a condition")
    get = paths(part.part("field"))
    tests = [_test(word, part.part(word)) for word in _TESTS if word in part]
    if not tests:
        raise OptionError("a condition needs a test", part.at, "one of: " + ", ".join(_TESTS))
    if len(tests) == 1:
        (test,) = tests
        return lambda value: test(get(value))
    return lambda value: all(test(found) for found in (get(value),) for test in tests)


def _all(parts: list[Condition]) -> Condition:
    return lambda value: all(part(value) for part in parts)


def _any(parts: list[Condition]) -> Condition:
    return lambda value: any(part(value) for part in parts)


def _test(word: str, part: Part) -> Callable[[Any], bool]:
    operand = part.value
    if word in ("in", "not_in"):
        choices = [as_written(item.value) for item in part.items(f"{word!r}")]
        if word == "in":
            return lambda found: as_written(found) in choices
        return lambda found: as_written(found) not in choices
    if word == "matches":
        if not isinstance(operand, str):
            raise OptionError("'matches' must be a regex", part.at)
        match = compile_regex(operand, part).match
        return lambda found: isinstance(found, str) and match(found) is not None
    if word == "present":
        if not isinstance(operand, bool):
            raise OptionError("'present' must be true or false", part.at)
        return lambda found: is_present(found) is operand
    return _compare(word, operand)


def _compare(word: str, operand: Any) -> Callable[[Any], bool]:
    operand = as_written(operand)
    if word in ("equals", "not_equals"):
        wanted = word == "equals"
        return lambda found: bool(as_written(found) == operand) is wanted
    compare = _ORDERS[word]

    def holds(found: Any) -> bool:
        told = as_written(found)
        # What is no number (NaN) differs from itself, and a decimal fails when it is held against one.
        return is_present(found) and bool(told == told) and bool(compare(told, operand))  # noqa: PLR0124

    return holds


_ORDERS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
}


def as_written(found: Any) -> Any:
    """A value as it is written in YAML: dates as ISO texts (which sort as dates do), members of an enum by name.

    A float is the decimal that is written, 19.99 and not the nearest double, since decimals are compared with it.
    """
    if isinstance(found, float) and math.isfinite(found):
        return Decimal(str(found))
    if isinstance(found, dt.date | dt.time):
        return found.isoformat()
    if isinstance(found, enum.Enum):
        return found.name
    return str(found) if isinstance(found, uuid.UUID) else found


def is_present(found: Any) -> bool:
    """Whether a field has a value that says something: not missing, None, or empty."""
    return found is not MISSING and found is not None and found not in ("", [], {})
