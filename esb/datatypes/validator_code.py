"""Generates the checks of a field's validators: inline conditions for marshmallow's own, a call for any other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from marshmallow import validate

from esb.datatypes.source import Source

_HASHED: Final = 4
"""From this many choices on a set is faster than a tuple."""


def emit_validators(source: Source, validators: Iterable[Callable[[Any], Any]], value: str) -> None:
    """Code that raises if any validator would. The conditions keep marshmallow's direction, since NaN fails no comparison."""
    for validator in validators:
        inline = _INLINE.get(type(validator))
        conditions = inline(source, validator, value) if inline else None
        if conditions is None:
            source.line(f"{source.bind(validator, 'VALID')}({value})")
        elif conditions:
            source.line(f"if {' or '.join(conditions)}: raise Deviation")


def _length(source: Source, validator: validate.Length, value: str) -> list[str]:  # noqa: ARG001 - one signature for all
    if validator.equal is not None:
        return [f"len({value}) != {validator.equal!r}"]
    if validator.min is not None and validator.max is not None:
        return [f"not {validator.min!r} <= len({value}) <= {validator.max!r}"]
    found = [f"len({value}) < {validator.min!r}"] if validator.min is not None else []
    return found + ([f"len({value}) > {validator.max!r}"] if validator.max is not None else [])


def _range(source: Source, validator: validate.Range, value: str) -> list[str]:
    found = []
    if validator.min is not None:
        found.append(f"{value} {'<' if validator.min_inclusive else '<='} {_literal(source, validator.min)}")
    if validator.max is not None:
        found.append(f"{value} {'>' if validator.max_inclusive else '>='} {_literal(source, validator.max)}")
    return found


def _one_of(source: Source, validator: validate.OneOf, value: str) -> list[str]:
    choices: Any = validator.choices
    # Only what cannot change is copied: a list may be filled later, and marshmallow would see that.
    if isinstance(choices, tuple) and len(choices) >= _HASHED and all(type(c) in (str, int) for c in choices):
        choices = frozenset(choices)
    return [f"{value} not in {source.bind(choices, 'CHOICES')}"]


def _equal(source: Source, validator: validate.Equal, value: str) -> list[str]:
    return [f"{value} != {_literal(source, validator.comparable)}"]


def _regexp(source: Source, validator: validate.Regexp, value: str) -> list[str]:
    return [f"{source.bind(validator.regex.match, 'MATCH')}({value}) is None"]


def _literal(source: Source, value: Any) -> str:
    return repr(value) if type(value) in (int, str) else source.bind(value, "BOUND")


_INLINE: Final[dict[type, Callable[[Source, Any, str], list[str] | None]]] = {
    validate.Length: _length,
    validate.Range: _range,
    validate.OneOf: _one_of,
    validate.Equal: _equal,
    validate.Regexp: _regexp,
}
"""By exact class: a subclass may have its own idea of what is valid."""
