"""Steps made of steps: the first that is there, joined texts, defaults, conditions."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from esb.datatypes.convert import to_text
from esb.datatypes.paths import MISSING
from esb.datatypes.plans import Step

When = Callable[[tuple[Any, Any]], bool]
"""A condition of the current value and the root."""


def first(steps: list[Step]) -> Step:
    """The first that is neither missing nor null."""

    def first_there(value: Any, root: Any) -> Any:
        found = MISSING
        for step in steps:
            found = step(value, root)
            if found is not MISSING and found is not None:
                return found
        return found

    return first_there


def alternatives(steps: list[Step]) -> Step:
    """The first that sets anything, null too: a condition that does not hold gives nothing."""

    def alternative(value: Any, root: Any) -> Any:
        for step in steps:
            found = step(value, root)
            if found is not MISSING:
                return found
        return MISSING

    return alternative


def joined(steps: list[Step], separator: str) -> Step:
    """Texts of what is there; missing if nothing is."""

    def text(value: Any, root: Any) -> Any:
        texts: list[str] = []
        for step in steps:
            found = step(value, root)
            items = found if isinstance(found, list) else (found,)
            texts.extend(to_text(item) for item in items if item is not MISSING and item is not None)
        return separator.join(texts) if texts else MISSING

    return text


def defaulted(step: Step, default: Any) -> Step:
    """The step's value, or the default where it is missing or null."""
    fresh = constant(default)

    def or_default(value: Any, root: Any) -> Any:
        found = step(value, root)
        return fresh(value, root) if found is MISSING or found is None else found

    return or_default


def constant(value: Any) -> Step:
    """Always the same; lists and maps as copies, since whoever gets one may change it."""
    if isinstance(value, list | dict):
        return lambda *_: copy.deepcopy(value)
    return lambda *_: value


def conditional(when: When, then: Step, otherwise: Step | None) -> Step:
    """One step or the other; nothing where there is no other."""
    if otherwise is None:
        return lambda value, root: then(value, root) if when((value, root)) else MISSING
    return lambda value, root: then(value, root) if when((value, root)) else otherwise(value, root)
