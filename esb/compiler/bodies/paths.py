"""Expressions that name a part of the body, as paths of keys and indices, and what is there in a shape."""

from __future__ import annotations

import re
from typing import Any, Final

from esb.expression import LanguageSpec
from esb.shapes import UNKNOWN, Fixed, Items, Record, Shape, merged

EACH: Final = object()
"""In a path: every item of a list."""
Path = tuple[Any, ...]

_SIMPLE: Final = re.compile(r"\$\{body((?:\[(?:'[^'\[\]${}]+'|[A-Za-z_][\w-]*|\d+)\])*)\}", re.ASCII)
_STEP: Final = re.compile(r"\[(?:'([^']+)'|([A-Za-z_][\w-]*)|(\d+))\]", re.ASCII)
_JSONPATH: Final = re.compile(r"\$((?:\.[A-Za-z_]\w*|\['[^'\[\]]+'\]|\[\d+\]|\[\*\])*)", re.ASCII)
_JSON_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\['([^']+)'\]|\[(\d+)\]|(\[\*\])", re.ASCII)
_WORDS: Final = frozenset({"last"})


def path_of(expression: LanguageSpec) -> Path | None:
    """The path of an expression that names the body or a part of it; None for any other."""
    if expression.result_type or getattr(expression, "source", None):
        return None
    if expression.name == "simple" and (found := _SIMPLE.fullmatch(expression.text)):
        steps = [int(index) if index else quoted or name for quoted, name, index in _STEP.findall(found[1])]
        return None if _WORDS & {step for step in steps if isinstance(step, str)} else tuple(steps)
    plain = not any(
        getattr(expression, name, None) for name in ("option", "write_as_string", "unpack_array", "suppress_exceptions")
    )
    if expression.name == "jsonpath" and plain and (found := _JSONPATH.fullmatch(expression.text)):
        return tuple(
            EACH if each else int(index) if index else name or quoted
            for name, quoted, index, each in _JSON_STEP.findall(found[1])
        )
    return None


def at(shape: Shape, path: Path, *, fails: bool) -> Shape:
    """What is there. ``fails``: the expression fails where a key is missing; otherwise it gives nothing, which is no such value."""
    for number, step in enumerate(path):
        if step is EACH:
            return Items(at(shape.item, path[number + 1 :], fails=True)) if isinstance(shape, Items) else UNKNOWN
        if isinstance(step, int):
            shape = item_of(shape) if not isinstance(shape, Fixed) else _nth(shape, step)
            if not fails:
                return UNKNOWN  # the list may be shorter
        elif isinstance(shape, Record) and step in shape.members:
            member = shape.members[step]
            if not (member.always or fails):
                return UNKNOWN
            shape = member.shape
        else:
            return UNKNOWN
    return shape


def item_of(shape: Shape) -> Shape:
    """What is known of each item of a list."""
    if isinstance(shape, Items):
        return shape.item
    if isinstance(shape, Fixed) and shape.items:
        found = shape.items[0]
        for each in shape.items[1:]:
            found = merged(found, each)
        return found
    return UNKNOWN


def _nth(shape: Fixed, index: int) -> Shape:
    return shape.items[index] if index < len(shape.items) else UNKNOWN
