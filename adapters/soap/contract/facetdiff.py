"""How the values that a simple type allows changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.soap.contract.model import Facets, Schemas, SimpleType
from adapters.soap.contract.simple import number

# Each holds all values of those before it.
_WIDER: Final = (
    ("byte", "short", "int", "long", "integer", "decimal"),
    ("unsignedByte", "unsignedShort", "unsignedInt", "unsignedLong", "nonNegativeInteger", "integer", "decimal"),
    ("positiveInteger", "nonNegativeInteger", "integer", "decimal"),
    ("negativeInteger", "nonPositiveInteger", "integer", "decimal"),
    ("unsignedByte", "short", "int", "long"),
    ("unsignedShort", "int", "long"),
    ("unsignedInt", "long"),
    ("float", "double"),
    ("ID", "NCName", "Name", "token", "normalizedString", "string", "anySimpleType"),
    ("IDREF", "NCName"),
    ("ENTITY", "NCName"),
    ("language", "token"),
    ("NMTOKEN", "token"),
    ("anyURI", "string"),
)


def simple_changes(before: SimpleType, after: SimpleType, old: Schemas, new: Schemas) -> Iterator[tuple[bool, str]]:
    """Each change as (whether fewer values are allowed, words). A change that is neither, both ways: fewer comes first, then more."""
    if before.item or after.item:
        yield from _lists(before, after, old, new)
        return
    if before.builtin != after.builtin:
        told = f"the type was {before.builtin} and is {after.builtin}"
        if _wider(after.builtin, before.builtin):
            yield False, told
        elif _wider(before.builtin, after.builtin):
            yield True, told
        else:
            yield True, told
            yield False, told
        return
    yield from _enums(before.facets, after.facets)
    yield from _bounds(before.facets, after.facets)
    if set(before.facets.patterns) != set(after.facets.patterns):
        told = f"the pattern was {_patterns(before.facets)} and is {_patterns(after.facets)}"
        if after.facets.patterns:
            yield True, told
        if before.facets.patterns:
            yield False, told


def _lists(before: SimpleType, after: SimpleType, old: Schemas, new: Schemas) -> Iterator[tuple[bool, str]]:
    one, other = old.type(before.item), new.type(after.item)
    if not isinstance(one, SimpleType) or not isinstance(other, SimpleType):
        told = "was one value and is a list" if after.item else "was a list and is one value"
        yield True, told
        yield False, told
        return
    yield from simple_changes(one, other, old, new)


def _wider(wide: str, narrow: str) -> bool:
    seen, todo = set(), [narrow]
    while todo:
        name = todo.pop()
        if name == wide:
            return True
        seen.add(name)
        todo += [
            row[row.index(name) + 1] for row in _WIDER if name in row[:-1] and row[row.index(name) + 1] not in seen
        ]
    return False


def _enums(before: Facets, after: Facets) -> Iterator[tuple[bool, str]]:
    if bool(before.enums) != bool(after.enums):
        yield (
            bool(after.enums),
            f"has a list of values now: {_some(after.enums)}" if after.enums else "has no list of values any more",
        )
        return
    gone = [each for each in before.enums if each not in set(after.enums)]
    added = [each for each in after.enums if each not in set(before.enums)]
    if gone:
        yield True, f"these values are no longer allowed: {_some(gone)}"
    if added:
        yield False, f"these values are new: {_some(added)}"


def _bounds(before: Facets, after: Facets) -> Iterator[tuple[bool, str]]:
    for name, upper in (
        ("max_length", True),
        ("min_length", False),
        ("length", None),
        ("total_digits", True),
        ("fraction_digits", True),
    ):
        one, other = getattr(before, name), getattr(after, name)
        if one == other:
            continue
        told = f"{_words(name)} was {'free' if one is None else one} and is {'free' if other is None else other}"
        if one is None or other is None:
            yield other is not None, told
        elif upper is None:
            yield True, told
            yield False, told
        else:
            yield (other < one) == upper, told
    for name, upper in (
        ("max_inclusive", True),
        ("min_inclusive", False),
        ("max_exclusive", True),
        ("min_exclusive", False),
    ):
        low, high = getattr(before, name), getattr(after, name)
        if low == high:
            continue
        told = f"{_words(name)} was {low if low is not None else 'free'} and is {high if high is not None else 'free'}"
        first, second = number(low), number(high)
        if low is None or high is None:
            yield high is not None, told
        elif first is None or second is None:
            yield (high < low) == upper, told
        elif first != second:
            yield (second < first) == upper, told


def _patterns(facets: Facets) -> str:
    return " and ".join(facets.patterns) or "free"


def _words(name: str) -> str:
    kind, _, rest = name.partition("_")
    words = {
        "max": "the largest",
        "min": "the smallest",
        "total": "the number of",
        "fraction": "the number of decimal",
        "length": "the length",
    }
    what = {"inclusive": "value", "exclusive": "value (not itself)"}.get(rest, rest)
    return f"{words[kind]} {what}".strip()


def _some(values: object) -> str:
    told = [str(each) for each in values] if isinstance(values, (list, tuple)) else []
    return ", ".join(told[:10]) + (" ..." if len(told) > 10 else "")
