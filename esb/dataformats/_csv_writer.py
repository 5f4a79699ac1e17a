"""Rows as CSV text by the rules of Apache Commons CSV: when values are quoted, and what stands for nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from esb.coerce import text

Tell = Callable[[Sequence[Any]], str]


def teller(spec: Any, delimiter: str) -> Tell:
    """How a row is told, without the end of the line."""
    value_of = _told(spec)
    quote = spec.quote
    mode = "OFF" if spec.quote_disabled else spec.quote_mode or "MINIMAL"
    null = "" if spec.null_string_disabled else spec.null_string or ""
    escape = None if spec.escape_disabled else spec.escape
    # Commons CSV's idea of values that need no quotes: none that begin with a blank, a quote or a #, or end with a blank.
    needs = re.compile(
        rf"\A[\x00-#]|[\r\n{re.escape(delimiter)}{re.escape(quote)}{re.escape(escape or '')}]|[\x00-\x20]\Z"
    ).search
    special = re.compile(rf"[\r\n{re.escape(delimiter)}{re.escape(escape or chr(92))}]")

    def quoted(told: str) -> str:
        if escape and escape != quote:  # as Commons CSV: else a value that holds it is read as another one
            told = told.replace(escape, escape * 2)
        return f"{quote}{told.replace(quote, (escape or quote) + quote)}{quote}"

    def minimal(value: Any, first: bool) -> str:
        told = value_of(value)
        if not told:
            return quote * 2 if first else ""  # a line must not look empty
        return quoted(told) if needs(told) else told

    def escaped(value: Any, _first: bool) -> str:
        return special.sub(
            lambda found: (escape or "\\") + {"\n": "n", "\r": "r"}.get(found[0], found[0]), value_of(value)
        )

    forms: dict[str, Callable[[Any, bool], str]] = {
        "MINIMAL": minimal,
        "NON_NUMERIC": lambda value, _first: value_of(value) if _is_number(value) else quoted(value_of(value)),
        "NONE": escaped,
        "OFF": lambda value, _first: value_of(value),
    }
    form = forms.get(mode) or (lambda value, _first: quoted(value_of(value)))
    end = delimiter if spec.trailing_delimiter else ""

    def tell(row: Sequence[Any]) -> str:
        first, told = True, []
        for value in row:
            told.append(null if value is None else form(value, first))
            first = False
        return delimiter.join(told) + end

    return tell


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _told(spec: Any) -> Callable[[Any], str]:
    trim, safe = spec.trim, spec.spreadsheet_safe

    def told(value: Any) -> str:
        word = text(value) or ""
        if trim:
            word = word.strip()
        if safe and not _is_number(value) and word[:1] in {"=", "+", "-", "@", "\t", "\r"}:
            return "'" + word
        return word

    return told
