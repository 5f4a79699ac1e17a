"""How data differ from what was expected, one line a difference, each with its path."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from esb.coerce import octets, text
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode, to_python


def expected(node: Node | None) -> Any:
    """An expectation's data, a decimal with all digits that the test has: a float would hold for another amount as well."""
    match node:
        case ScalarNode():
            value = to_python(node)
            return Decimal(node.text) if isinstance(value, float) and math.isfinite(value) else value
        case ListNode():
            return [expected(item) for item in node]
        case MapNode():
            return {key.text: expected(value) for key, value in node}
        case None:
            return None


def plain(value: Any) -> Any:
    """A body as JSON's data: bytes and text are parsed where they are JSON, decimals with all their digits; maps, lists and numbers stay."""
    if isinstance(value, Mapping):
        return {str(key): plain_item(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        return [plain_item(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, Decimal)):
        return value
    try:
        return json.loads(octets(value), parse_float=Decimal)
    except Exception:  # then it is a text, and differs from a map by being one
        return text(value)


def plain_item(value: Any) -> Any:
    """As :func:`plain` for what stands inside of data: texts there are texts."""
    if isinstance(value, (Mapping, list, tuple)):
        return plain(value)
    if value is None or isinstance(value, (bool, int, float, Decimal, str)):
        return value
    return text(value)


def subset(expected: Any, actual: Any, path: str = "") -> Iterator[str]:
    """Where ``actual`` lacks what ``expected`` has. Maps may hold more, lists must have the same length."""
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping):
            yield f"{path or 'it'}: expected a map with {', '.join(map(str, expected))}, got {shown(actual)}"
            return
        for key, value in expected.items():
            inner = f"{path}.{key}" if path else str(key)
            if key not in actual:
                yield f"{inner}: expected {shown(value)}, but there is only {', '.join(map(str, actual)) or 'nothing'}"
            else:
                yield from subset(value, actual[key], inner)
    elif isinstance(expected, list):
        if not isinstance(actual, list):
            yield f"{path or 'it'}: expected a list of {len(expected)}, got {shown(actual)}"
            return
        if len(expected) != len(actual):
            yield f"{path or 'it'}: expected {len(expected)} items, got {len(actual)}: {shown(actual)}"
        for index, (one, other) in enumerate(zip(expected, actual, strict=False)):
            yield from subset(one, other, f"{path}[{index}]")
    elif not same(expected, actual):
        yield f"{path or 'it'}: expected {shown(expected)}, got {shown(actual)}"


def same(expected: Any, actual: Any) -> bool:
    """Equality of scalars; a number written otherwise is the same number, but true is not 1."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, (int, float, Decimal)) and isinstance(actual, (int, float, Decimal)):
        if {type(expected), type(actual)} == {float, Decimal}:
            return float(expected) == float(actual)  # a route that computes with floats has no more digits than these
        return Decimal(str(expected)) == Decimal(str(actual))
    return bool(expected == actual)


def texts(expected: str, actual: str) -> Iterator[str]:
    """The difference of two texts: in a line if they are short, else as a unified diff."""
    if expected == actual:
        return
    if "\n" not in expected and "\n" not in actual:
        yield f"expected {shown(expected)}, got {shown(actual)}"
        return
    lines = difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected", "got", lineterm="", n=2)
    yield "\n".join(lines) or f"expected {expected!r}, got {actual!r}"


def shown(value: Any) -> str:
    """A value in a message: as JSON, cut where it is long."""
    try:
        told = json.dumps(value, ensure_ascii=False, default=_shown)
    except (TypeError, ValueError):
        told = repr(value)
    return told if len(told) <= 300 else f"{told[:297]}..."


def _shown(value: Any) -> Any:
    """A decimal as the number that it is, unless a float would tell another."""
    if isinstance(value, Decimal) and Decimal(repr(float(value))) == value:
        return float(value)
    return str(value)
