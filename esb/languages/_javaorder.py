"""The order in which Java's ``HashMap`` hands out texts: Camel writes namespace declarations in it."""

from __future__ import annotations

import functools


@functools.lru_cache(maxsize=4096)
def prefixes_in_order(levels: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """The prefixes in force behind some elements, each with those it declares: every one copies its parent's map and adds its own to it."""
    held: tuple[str, ...] = ()
    for declared in levels:
        capacity = _copied(len(held))
        keys = list(dict.fromkeys((*held, *declared)))
        while len(keys) * 4 > capacity * 3:
            capacity *= 2
        held = tuple(sorted(keys, key=lambda key, last=capacity - 1: _spread(key) & last))  # type: ignore[misc]  # mypy cannot type the default
    return held


def _copied(size: int) -> int:
    """The buckets of a map that was made as a copy."""
    if not size:
        return 16
    wanted, capacity = int(size / 0.75 + 1), 1
    while capacity < wanted:
        capacity *= 2
    return capacity


def _spread(key: str) -> int:
    told = 0
    for character in key:
        told = (31 * told + ord(character)) & 0xFFFFFFFF
    return told ^ (told >> 16)
