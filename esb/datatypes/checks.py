"""Validators of fields declared in YAML: length, range, regex, one_of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from marshmallow import validate

from esb.datatypes.document import Part, shown
from esb.datatypes.patterns import compile_whole
from esb.errors import OptionError

CHECKS: Final = ("length", "range", "regex", "one_of")


def parse_checks(part: Part, convert: Callable[[Any, Part], Any]) -> list[Callable[[Any], Any]]:
    """The validators of a field. ``convert`` reads a bound or choice as the field reads values (dates, decimals)."""
    found: list[Callable[[Any], Any]] = []
    if "length" in part:
        found.append(_length(part.part("length")))
    if "range" in part:
        found.append(_range(part.part("range"), convert))
    if "regex" in part:
        found.append(validate.Regexp(compile_regex(part.take("regex", str), part.part("regex"))))
    if "one_of" in part:
        choices = part.part("one_of")
        # A dict keeps the order for the message and looks up by hash.
        found.append(validate.OneOf({convert(item.value, item): None for item in choices.items("'one_of'")}))
    return found


def _length(part: Part) -> validate.Length:
    if isinstance(part.value, int) and not isinstance(part.value, bool):
        return validate.Length(equal=part.value)
    part.allow("'length'", ("min", "max", "equal"))
    low, high, equal = (part.take(key, int) for key in ("min", "max", "equal"))
    if equal is not None and (low is not None or high is not None):
        raise OptionError("'length' has either 'equal' or 'min' and 'max'", part.at)
    if low is not None and high is not None and low > high:
        raise OptionError(f"no length is at least {low} and at most {high}", part.at)
    return validate.Length(equal=equal) if equal is not None else validate.Length(min=low, max=high)


def _range(part: Part, convert: Callable[[Any, Part], Any]) -> validate.Range:
    part.allow("'range'", ("min", "max", "above", "below"))
    for one, other in (("min", "above"), ("max", "below")):
        if one in part and other in part:
            raise OptionError(f"'range' has either {one!r} or {other!r}", part.at_key(other))
    bounds = {key: convert(part.value[key], part.part(key)) for key, _ in part.entries("'range'")}
    low, high = bounds.get("min", bounds.get("above")), bounds.get("max", bounds.get("below"))
    if low is not None and high is not None and low > high:
        raise OptionError(f"nothing is at least {low} and at most {high}", part.at)
    return validate.Range(min=low, max=high, min_inclusive="above" not in bounds, max_inclusive="below" not in bounds)


def compile_regex(pattern: str, part: Part) -> Any:
    """A pattern for the whole text. Raises OptionError for what is not accepted."""
    try:
        return compile_whole(pattern)
    except ValueError as error:
        raise OptionError(
            f"the regex {shown(pattern)} is not accepted: {error}",
            part.at,
            "regexes are RE2's: no look-around, no back-references",
        ) from error
