"""Patterns for names and endpoint URIs, as in Camel's PatternHelper: equal, ``*`` at the end, or a regular expression, ignoring case."""

from __future__ import annotations

import re
from collections.abc import Callable

from esb.dsl.uri import parse_uri
from esb.errors import ConfigError, OptionError, Position


def matcher(pattern: str, at: Position) -> Callable[[str], bool]:
    """What tells whether a text fits. Patterns are written by route authors and meet names they wrote, so Python's ``re`` will do."""
    folded = pattern.lower()
    try:
        expression = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    except re.error:
        expression = None
        if not pattern.endswith("*") and re.search(r"[\[(]", pattern):
            raise OptionError(
                f"{pattern!r} is not a pattern", at, "write a name, one ending in *, or a regular expression"
            ) from None

    def fits(text: str) -> bool:
        told = text.lower()
        if told == folded or (folded.endswith("*") and told.startswith(folded[:-1])):
            return True
        return expression is not None and expression.fullmatch(text) is not None

    return fits


def uri_matcher(pattern: str, at: Position) -> Callable[[str], bool]:
    """What tells whether an endpoint's canonical URI (``scheme://path?options``) fits a pattern, written with or without the slashes."""
    fits = matcher(pattern, at)
    exact = _canonical(pattern, at).lower() if "?" in pattern else ""

    def fits_uri(uri: str) -> bool:
        if fits(uri) or fits(uri.replace("://", ":", 1)):
            return True
        return bool(exact) and uri.lower() == exact

    return fits_uri


def _canonical(pattern: str, at: Position) -> str:
    try:
        return str(parse_uri(pattern, None, at))
    except ConfigError:
        return ""  # a question mark of a regular expression
