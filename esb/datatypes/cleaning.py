"""Cleaning of texts before they are read as a field's kind: what files and old systems need."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from marshmallow import ValidationError

from esb.datatypes.document import Part, shown
from esb.datatypes.source import Source
from esb.errors import OptionError, UnknownName

_STEPS: Final[dict[str, str]] = {
    "strip": "{v}.strip()",
    "upper": "{v}.upper()",
    "lower": "{v}.lower()",
    "collapse_blanks": "' '.join({v}.split())",
    "digits_only": "only_digits('', {v})",
}
"""Each step as a Python expression of the text: the compiled schema has them inline."""
_EMPTY: Final = "empty_to_none"
_NULLS: Final = "none_if"

only_digits: Final = re.compile("[^0-9]+").sub


class Clean:
    """A field's ``pre_load``: cleans texts, leaves other values alone. A cleaned text that means nothing becomes None.

    ``missing_message`` is raised for such a None where the field does not allow it.
    """

    __slots__ = ("_run", "missing_message", "nulls", "steps")

    def __init__(self, steps: tuple[str, ...], nulls: frozenset[str] = frozenset(), missing_message: str = "") -> None:
        self.steps = steps
        """Python expressions of ``{v}``."""
        self.nulls = nulls
        self.missing_message = missing_message
        # Made of the constant expressions above and of quoted marks, never of text from a message.
        self._run: Callable[[str], str] = eval(f"lambda v: {self._expression('v')}", {"only_digits": only_digits})  # noqa: S307

    def _expression(self, name: str) -> str:
        for step in self.steps:
            name = step.format(v=name)
        return name

    def emit(self, source: Source, value: str) -> None:
        """The same as code of a compiled schema, which raises for a None that is not allowed."""
        source.namespace["only_digits"] = only_digits
        with source.block(f"if {value}.__class__ is str:"):
            source.line(f"{value} = {self._expression(value)}")
            if self.nulls:
                then = "raise Deviation" if self.missing_message else f"{value} = None"
                source.line(f"if {value} in {source.bind(self.nulls, 'NULLS')}: {then}")

    def __call__(self, value: Any) -> Any:
        if value.__class__ is not str:
            return value
        value = self._run(value)
        if value in self.nulls:
            if self.missing_message:
                raise ValidationError(self.missing_message)
            return None
        return value


def parse_cleaning(part: Part, *, number: bool) -> tuple[tuple[str, ...], frozenset[str]]:
    """The steps and the texts that mean nothing, of a field's ``clean``, ``decimal_mark`` and ``group_mark``."""
    steps: list[str] = []
    nulls: set[str] = set()
    if "clean" in part:
        clean = part.part("clean")
        for item in [clean] if isinstance(clean.value, str) else clean.items("'clean'"):
            if isinstance(item.value, dict):
                item.allow("a cleaning step", (_NULLS,))
                nulls.update(item.texts(_NULLS))
            elif item.value == _EMPTY:
                nulls.add("")
            elif item.value in _STEPS:
                steps.append(_STEPS[item.value])
            else:
                raise UnknownName("cleaning step", str(item.value), [*_STEPS, _EMPTY, _NULLS], item.at)
    marks = [(key, part.take(key, str)) for key in ("group_mark", "decimal_mark") if key in part]
    for key, mark in marks:
        if not number or len(mark) != 1 or mark.isdigit():
            reason = "is one character that is no digit" if number else "belongs to numbers only"
            raise OptionError(f"{key!r} {reason}, not {shown(mark)}", part.at_key(key))
    if marks and len({mark for _, mark in marks}) < len(marks):
        raise OptionError("'group_mark' and 'decimal_mark' must differ", part.at)
    for key, mark in marks:
        steps.append(f"{{v}}.replace({_braces(mark)}, {'chr(46)' if key == 'decimal_mark' else 'str()'})")
    return tuple(steps), frozenset(nulls)


def _braces(mark: str) -> str:
    """The literal of a character, safe in a format template."""
    return repr(mark).replace("{", "{{").replace("}", "}}")
